"""The static encoder as arrays: rows of vectors behind a tokenizer, and its sentence-transformers directory.

Embedding here is numpy only; it is the reference for what ``SentenceTransformer(directory).encode`` returns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

STATIC, NORMALIZE = "0_StaticEmbedding", "1_Normalize"
MAX_DIRECTORY_BYTES = 16_000_000  # it is shipped in the package


Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def encode_fields(encode: Encode, texts: Sequence[str]) -> NDArray[np.float32]:
    """Unit vectors of two fields that weigh the same: a text's first line and the rest of it.

    The first line is ``path > scope > name``: in a mean over all tokens a long function drowns its own name.
    """
    parts = [text.partition("\n") for text in texts]
    vectors = encode([head for head, _, _ in parts]) + encode([rest for _, _, rest in parts])
    unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


@dataclass(frozen=True, slots=True)
class StaticModel:
    """``rows``: float32 ``(n_tokens, dim)``; a text is the mean of its tokens' rows, made unit norm."""

    tokenizer: Tokenizer
    rows: NDArray[np.float32]

    def encode(self, texts: Sequence[str], batch_size: int = 1024) -> NDArray[np.float32]:
        """Unit vectors, float32 ``(n, dim)``; a text without any token gets a zero vector."""
        vectors = np.zeros((len(texts), self.rows.shape[1]), dtype=np.float32)
        for start in range(0, len(texts), batch_size):
            batch = list(texts[start : start + batch_size])
            encodings = self.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for row, encoding in enumerate(encodings, start):
                ids = encoding.ids
                if ids:
                    vectors[row] = self.rows[ids].mean(axis=0)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(norms, 1e-12)
        return unit

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 ``(n, dim)``, of texts whose first line says their path and name."""
        return encode_fields(self.encode, texts)


def write_model(model: StaticModel, out: Path) -> int:
    """Write the directory that ``SentenceTransformer(out)`` loads, fp16; returns its size in bytes."""
    (out / STATIC).mkdir(parents=True, exist_ok=True)
    (out / NORMALIZE).mkdir(exist_ok=True)
    weights = out / STATIC / "model.safetensors"
    save_file({"embedding.weight": model.rows.astype(np.float16)}, weights)
    weights.chmod(0o644)  # safetensors leaves it readable by its owner only
    model.tokenizer.save(str(out / STATIC / "tokenizer.json"), pretty=False)
    prefix = "sentence_transformers.sentence_transformer.modules"
    modules = [
        {"idx": 0, "name": "0", "path": STATIC, "type": f"{prefix}.static_embedding.StaticEmbedding"},
        {"idx": 1, "name": "1", "path": NORMALIZE, "type": f"{prefix}.normalize.Normalize"},
    ]
    _write_json(out / "modules.json", modules)
    config = {"model_type": "SentenceTransformer", "prompts": {}, "similarity_fn_name": "cosine"}
    _write_json(out / "config_sentence_transformers.json", config)
    _write_json(out / NORMALIZE / "config.json", {})
    return sum(path.stat().st_size for path in out.rglob("*") if path.is_file())


def read_model(directory: Path) -> StaticModel:
    """The model of a directory that ``write_model`` wrote."""
    rows = load_file(directory / STATIC / "model.safetensors")["embedding.weight"].astype(np.float32)
    return StaticModel(Tokenizer.from_file(str(directory / STATIC / "tokenizer.json")), rows)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
