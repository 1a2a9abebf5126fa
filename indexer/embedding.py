"""Encoders: texts become unit vectors. The static one needs no torch; any sentence-transformers model can be used.

Vectors are float32, shape (n, dim), unit norm, so a dot product is the cosine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import EncoderError

Vectors = NDArray[np.float32]

BUILT_IN = "quarry-static"
_STATIC_FOLDER = "0_StaticEmbedding"
_DOCUMENT_FORM = b"first line + rest"  # part of the fingerprint: vectors of documents differ with it


class Encoder(Protocol):
    """What the index and the search need of an encoder.

    ``name`` is what settings call it; ``fingerprint`` changes whenever its vectors would.
    """

    name: str
    fingerprint: str
    dim: int

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dim)."""

    def count_tokens(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, as the encoder reads them."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """The same for what is searched: chunks whose first line says their path and name."""


def canonical_name(name: str) -> str:
    """``name`` as an index remembers it: a folder by its full path, so that it is found from anywhere."""
    folder = Path(name).expanduser()
    return str(folder.resolve()) if name != BUILT_IN and folder.is_dir() else name


@lru_cache(maxsize=2)
def open_encoder(name: str) -> Encoder:
    """The built-in encoder, or a sentence-transformers model by name or path. Raises EncoderError."""
    folder = Path(str(files(__package__) / "encoder")) if name == BUILT_IN else Path(name).expanduser()
    if (folder / _STATIC_FOLDER).is_dir():
        return StaticEncoder(name, folder)
    return TransformerEncoder(name)


class StaticEncoder:
    """A sentence-transformers ``StaticEmbedding`` directory, run with numpy: the mean of token rows, normalised.

    Equal to ``SentenceTransformer(folder).encode(...)`` to 1e-3; some thousand chunks a second on a core.
    """

    def __init__(self, name: str, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        weights, vocabulary = folder / _STATIC_FOLDER / "model.safetensors", folder / _STATIC_FOLDER / "tokenizer.json"
        try:
            rows = load_file(weights)["embedding.weight"]
            self._tokenizer = Tokenizer.from_file(str(vocabulary))
        except Exception as error:  # tokenizers raises bare Exception; whatever it is, the folder is unusable
            raise EncoderError(f"The encoder in {folder} cannot be loaded: {error}") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._rows = rows.astype(np.float32)
        self.name = name
        self.dim = int(rows.shape[1])
        digest = hashlib.sha256(weights.read_bytes())
        digest.update(vocabulary.read_bytes())
        digest.update(_DOCUMENT_FORM)
        self.fingerprint = digest.hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dim); a text without any known token gives a vector of zeros."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for i, encoding in enumerate(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)):
            if encoding.ids:
                out[i] = self._rows[encoding.ids].mean(axis=0)
        return _normalise(out)

    def count_tokens(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together; words that are not in the vocabulary are in pieces."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return sum(len(encoding.ids) for encoding in encodings)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of two fields that weigh the same: the first line (path > scope > name) and the rest.

        In a mean over all tokens a long function drowns its own name. Equal to
        ``encode(first lines) + encode(rests)``, made unit norm.
        """
        parts = [text.partition("\n") for text in texts]
        return _normalise(self.encode([head for head, _, _ in parts]) + self.encode([rest for _, _, rest in parts]))


class TransformerEncoder:
    """Any sentence-transformers model. Imports torch, so only indexes made with it pay for that."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:  # hub, file and configuration errors of several libraries
            reason = str(error).strip().split("\n")[0]
            raise EncoderError(
                f"No encoder {name!r}: give a folder with a sentence-transformers model, or a model name that "
                f"can be fetched from Hugging Face ({reason})."
            ) from error
        self.name = name
        self.dim = len(self._model.encode("dim"))
        # Weights of a path may be retrained in place, so the fingerprint is taken from what the model says.
        probe = np.asarray(self._model.encode(["def fingerprint(): return 1"]), dtype=np.float32)
        shape = json.dumps([self.dim, np.round(probe, 3).tolist()])
        self.fingerprint = hashlib.sha256(shape.encode()).hexdigest()[:16]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, shape (len(texts), dim)."""
        vectors = self._model.encode(list(texts), batch_size=32, show_progress_bar=False, convert_to_numpy=True)
        return _normalise(np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dim))

    def count_tokens(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together, as far as the model's window reaches."""
        read = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)
        return sum(len(ids) for ids in read["input_ids"])

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """The same as ``encode``: a transformer reads where a word stands."""
        return self.encode(texts)


def _normalise(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, norms, out=vectors, where=norms > 0)
    return vectors
