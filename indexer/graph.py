"""Which files the others lean on: names defined here and used there, out of the syntax trees, as a number a file.

Names are kept as 32-bit hashes: a chance meeting of two names costs a stray edge, nothing more. A name that many
files define says nothing of which one is meant, so only rarely defined ones make edges.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .records import Chunk
from .words import last_name

NameHashes = NDArray[np.uint32]

_MIN_CHARS = 4  # shorter names (`get`, `run`, `i`) are used everywhere for something else
_MAX_OWNERS = 2  # files that may define a name for its uses to count; two, as interface and implementation
_BUCKET_BITS = 20


@dataclass(frozen=True, slots=True)
class FileNames:
    """Hashes of the names that one file defines, and of all that it mentions; sorted, distinct."""

    defined: NameHashes
    used: NameHashes


NO_NAMES = FileNames(np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.uint32))


def collect_names(chunks: Iterable[Chunk]) -> FileNames:
    """The names of one file's chunks."""
    defined: set[str] = set()
    used: set[str] = set()
    for chunk in chunks:
        defined.update(last_name(symbol) for symbol in chunk.defines)
        used.update(chunk.names)
    return FileNames(_hash_names(defined), _hash_names(used))


def count_dependents(files: Sequence[FileNames]) -> NDArray[np.float32]:
    """For each file, the number of other files that use a name which it defines. Shape (len(files),), float32."""
    counts = np.zeros(len(files), dtype=np.float32)
    names, owners = _join([file.defined for file in files])
    order = np.argsort(names, kind="stable")
    names, owners = names[order], owners[order]
    unique, n_owners = np.unique(names, return_counts=True)
    rare = unique[n_owners <= _MAX_OWNERS]
    if not len(rare):
        return counts
    used, users = _join([file.used for file in files])
    # Most mentions are of no such name: a table of the upper bits drops them before the binary search.
    table = np.zeros(1 << _BUCKET_BITS, dtype=bool)
    shift = np.uint32(32 - _BUCKET_BITS)
    table[rare >> shift] = True
    likely = table[used >> shift]
    used, users = used[likely], users[likely]
    meant = np.isin(used, rare, assume_unique=False)
    used, users = used[meant], users[meant]
    edges = []
    first = np.searchsorted(names, used, side="left")
    for nth in range(_MAX_OWNERS):
        at = np.minimum(first + nth, len(names) - 1)
        same = names[at] == used
        edges.append(users[same].astype(np.int64) * len(files) + owners[at[same]])
    pairs = np.unique(np.concatenate(edges))
    pairs = pairs[pairs // len(files) != pairs % len(files)]
    counts += np.bincount(pairs % len(files), minlength=len(files)).astype(np.float32)
    return counts


def _hash_names(names: Iterable[str]) -> NameHashes:
    long_enough = (name for name in names if len(name) >= _MIN_CHARS)
    hashes = {zlib.crc32(name.encode("utf-8", "replace")) for name in long_enough}
    return np.asarray(sorted(hashes), dtype=np.uint32)


def _join(columns: Sequence[NameHashes]) -> tuple[NameHashes, NDArray[np.int32]]:
    """All hashes one after another, and the number of the file that each is of."""
    if not columns:
        return np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.int32)
    lengths = np.asarray([len(column) for column in columns])
    return np.concatenate(columns), np.repeat(np.arange(len(columns), dtype=np.int32), lengths)
