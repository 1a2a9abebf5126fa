"""Where code reads environment variables, in the words of each language."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENVIRONMENT = re.compile(
    r"""(?:environ(?:\.get)?\s*[\[(]|(?<!\w)(?:os\.)?getenv\(|os\.Getenv\(|os\.LookupEnv\(|System\.getenv\(|ENV\[|ENV\.fetch\(
    |env::var(?:_os)?\(|process\.env\[|GetEnvironmentVariable\(|System\.(?:get|fetch)_env!?\(|environment\[|lookupEnv\s
    |sys\.env\(|\$_ENV\[)\s*["']([A-Z][A-Z0-9_]{2,})["']|process\.env\.([A-Z][A-Z0-9_]{2,})""",
    re.X,
)
_ANY_ENVIRONMENT = re.compile(
    r"environ\b|getenv\(|Getenv\(|LookupEnv\(|ENV\[|ENV\.fetch\(|env::var|process\.env\b|GetEnvironmentVariable\(|_env!?\("
    r"|environment\[|lookupEnv\b|sys\.env\b|\$_ENV\b"
)
_ASSIGNED = re.compile(r"\s*[\])]?\s*=(?![=~>])")  # behind the name; a comparison, a match or a pair is none
_DELETED = re.compile(r"(?<!\w)(?:del|delete)\s+[\w.]*$")  # before it
_COMMENT_LINE = re.compile(r"^\s*(?://|#|\*|--|/\*|;)")


def find_variables(text: str) -> Iterator[tuple[int, str]]:
    """Every variable that is read by its written name: where, in characters, and which."""
    for match in _ENVIRONMENT.finditer(text):
        if not _ASSIGNED.match(text, match.end()) and not _DELETED.search(text[: match.start()].rpartition("\n")[2]):
            yield match.start(), match[1] or match[2]


def count_uses(text: str) -> int:
    """How often the environment is looked at, also to write, and where the variable's name is computed."""
    return len(_ANY_ENVIRONMENT.findall(text))


def is_comment(line: str) -> bool:
    """Whether a line is a comment, in any language."""
    return _COMMENT_LINE.match(line) is not None
