"""The metadata of a GGUF file, read without loading the model (format version 3, little-endian)."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

_MAGIC, _VERSION = b"GGUF", 3
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}


def read_metadata(path: Path) -> dict[str, Any]:
    """Key-value pairs of the file, such as ``tokenizer.ggml.tokens``. Raises ValueError if it is no GGUF of version 3.

    Some 0.3 s for a vocabulary of 150,000 tokens. For files whose checksum is known: sizes in it are believed.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC or _number(file, "<I") != _VERSION:
            raise ValueError(f"{path.name} is no GGUF file of version {_VERSION}")
        _number(file, "<Q")  # tensors
        return {_string(file): _value(file, _number(file, "<I")) for _ in range(_number(file, "<Q"))}


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        inner, n_items = _number(file, "<I"), _number(file, "<Q")
        if inner in _SCALARS:
            code = f"<{n_items}{_SCALARS[inner][1]}"
            return list(struct.unpack(code, file.read(struct.calcsize(code))))
        return [_value(file, inner) for _ in range(n_items)]
    return _number(file, _SCALARS[kind])


def _string(file: BinaryIO) -> str:
    return file.read(_number(file, "<Q")).decode("utf-8", errors="replace")


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack(code, file.read(struct.calcsize(code)))[0]
