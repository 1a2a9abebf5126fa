"""What may be asked about, how a question names it, and whether its name gives the answer away."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from .symbols import Outline, Symbol
from .syntax import is_own_source
from .words import letters_of

_TEST_FILE = re.compile(
    r"(?:[._-](?:test|tests|spec|e2e)\.\w+$|_spec\.rb$|(?:Test|Tests|Spec|Suite|IT)\.(?:java|kt|kts|scala|cs|swift|php)$"
    r"|\.d\.ts$|(?:^|/)test\.\w+$|\.bats$|Spec\.hs$)"
)
_TEST_FOLDERS = frozenset(
    "spec specs __tests__ __mocks__ fixtures fixture e2e androidtest testfixtures unittests test-data testdata website "
    "samples www scripts".split()
)
_ENDINGS = (".playground",)
_OTHER_FOLDERS = (
    "example",
    "sample",
    "demo",
    "test",
    "bench",
    "doc",
    "tutorial",
    "playground",
)  # how their names begin
_TEST_SCOPES = frozenset(("test", "tests"))
_GENERIC_STEMS = frozenset("index mod lib main __init__ init".split())


def is_asked_file(path: str) -> bool:
    """Whether questions may be asked about a file: no tests, examples, documentation or vendored code."""
    folders = {part.lower() for part in PurePosixPath(path).parts[:-1]}
    return (
        is_own_source(path)
        and not any(f in _TEST_FOLDERS or f.startswith(_OTHER_FOLDERS) or f.endswith(_ENDINGS) for f in folders)
        and not _TEST_FILE.search(path)
    )


def is_askable(symbol: Symbol, outline: Outline) -> bool:
    """Whether a symbol is what a user of the code may ask about, and its name means one thing."""
    if symbol.is_local or not symbol.has_own_name:
        return False
    parts = symbol.name.split(".")
    if any(part.lower() in _TEST_SCOPES for part in parts) or len(symbol.last_name) < 3:
        return False
    if symbol.is_function and symbol.last_name.lower().startswith("test"):
        return False
    if any(part.startswith("_") and part != "__init__" for part in parts) or not re.fullmatch(
        r"[\w.!?@$]+", symbol.name
    ):
        return False
    return is_asked_file(symbol.path) and outline.is_unique(symbol.name)


def refer(symbol: Symbol) -> str:
    """How a question names a symbol."""
    if symbol.kind == "constant" and symbol.language == "elixir":
        return f"the module attribute `@{symbol.last_name}` of `{symbol.owner}`"
    if symbol.kind in ("constructor", "initializer") and symbol.owner:
        return f"the constructor of `{symbol.owner}`"
    return f"the constant `{symbol.name}`" if symbol.kind == "constant" else f"`{symbol.name}`"


def path_is_told(path: str, text: str) -> bool:
    """Whether a name or a sentence gives a file's name away: `HttpClient` that of `http_client.py`."""
    pure = PurePosixPath(path)
    stem = pure.parent.name if pure.stem.lower() in _GENERIC_STEMS else pure.name.partition(".")[0]
    told, wanted = letters_of(text), letters_of(stem)
    parts = [] if " " in text else [letters_of(part) for part in text.split(".")]
    return len(wanted) < 2 or wanted in told or any(len(part) > 2 and part in wanted for part in parts)
