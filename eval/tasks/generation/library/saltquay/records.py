"""Lines of the house's files: ``key:value`` parted by bars. A caret makes the next character an ordinary one."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Rejected


def read_record(line: str) -> dict[str, str]:
    """The fields of a line, keys in lower case. Of a key that comes twice the first value counts.

    Raises Rejected for a field without a colon or without a key. An empty line has no field.
    """
    record: dict[str, str] = {}
    if not line.strip():
        return record
    for part in _split(line, "|"):
        key, *rest = _split(part, ":")
        if not rest or not key.strip():
            raise Rejected(f"no key and value: {part!r}", "record")
        value = ":".join(rest)
        record.setdefault(_plain(key).strip().lower(), _plain(value).strip())
    return record


def write_record(record: Mapping[str, str]) -> str:
    """The line of a record, shortest keys first, then by the alphabet; an empty value is left out."""
    keys = sorted((key for key in record if record[key]), key=lambda key: (len(key), key))
    return "|".join(f"{_escape(key)}:{_escape(record[key])}" for key in keys)


def _split(text: str, mark: str) -> list[str]:
    parts, current, is_escaped = [], "", False
    for char in text:
        if char == mark and not is_escaped:
            parts.append(current)
            current = ""
        else:
            current += char
        is_escaped = char == "^" and not is_escaped
    return [*parts, current]


def _plain(text: str) -> str:
    out, is_escaped = "", False
    for char in text:
        if char == "^" and not is_escaped:
            is_escaped = True
        else:
            out += char
            is_escaped = False
    return out


def _escape(text: str) -> str:
    return "".join("^" + char if char in "^|:" else char for char in text)
