"""Values as they are written in source, in any language: what is a literal, and when two spellings are the same value.

Python's own are compared as Python does it, see ``scoring``; here is what the other languages have in common.
"""

from __future__ import annotations

import re

MAX_LITERAL_CHARS = 40  # longer values test copying, not finding

_NUMBER = re.compile(
    r"^[+-]?(?:0[xX](?P<hex>[\da-fA-F_]+)|0[bB](?P<bin>[01_]+)|0[oO](?P<oct>[0-7_]+)"
    r"|(?P<dec>(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?))"
    r"(?:_?(?:[uUlLfFdDmMn]{1,3}|[iu](?:8|16|32|64|128|size)|f(?:32|64)))?$"
)
_STRING = re.compile(r"""^(?:"([^"\\`\n]*)"|'([^'\\`\n]*)')$""")
_INTERPOLATED = re.compile(r"#\{|\$\{|\$\w|%\{")
_WORDS = {
    "true": "true",
    "false": "false",
    "null": "null",
    "nil": "null",
    "none": "null",
    "nullptr": "null",
    "undefined": "undefined",
}
_EMPTY = frozenset(("[]", "{}", "()", "new int[0]"))


def is_literal(source: str) -> bool:
    """Whether ``source`` is a plain value of modest length: a number, a string without escapes, true, null, empty."""
    if not source or len(source) > MAX_LITERAL_CHARS:
        return False
    if _STRING.match(source):
        return not _INTERPOLATED.search(source)
    return source in _EMPTY or source.lower() in _WORDS or _NUMBER.match(source) is not None


def canonical(source: str) -> tuple[str, str]:
    """Kind and normal form of a value: the same for ``1_000`` and ``1000L``, for ``'a'`` and ``"a"``."""
    source = source.strip()
    string = _STRING.match(source)
    if string:
        return "string", string[1] if string[1] is not None else string[2]
    if source.lower() in _WORDS:
        return "word", _WORDS[source.lower()]
    number = _NUMBER.match(source)
    if number:
        return "number", repr(_to_number(source, number))
    return "text", re.sub(r"\s+", "", source)


def same_literal(one: str, other: str) -> bool:
    """Whether what was answered is the value that is expected; a string's quotes may be missing."""
    expected = canonical(other)
    return canonical(one) == expected or (expected[0] == "string" and expected[1] in (one, one.strip()))


def _to_number(source: str, match: re.Match[str]) -> float | int:
    sign = -1 if source.startswith("-") else 1
    for group, base in (("hex", 16), ("bin", 2), ("oct", 8)):
        if match[group]:
            digits = match[group].replace("_", "")
            return sign * int(digits, base)
    digits = match["dec"].replace("_", "")
    value = float(digits)
    return sign * (int(value) if value.is_integer() and abs(value) < 2**53 else value)
