"""An index without file names holds none of them, and its hits are told by their true ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from assistant.search import Searcher
from eval.retrieval.masking import MaskedSource
from indexer.build import build_index
from indexer.home import open_index
from indexer.repository import open_source
from indexer.selection import reason_by_name
from indexer.settings import IndexerSettings

# Names that stand in no file's text, and folders and files that are left out.
FILES = {
    "orchard/applebasket.py": "def pick(n):\n    return n + 1\n",
    "orchard/deep/pearbasket.py": "def pick(n):\n    return n + 2\n",
    "orchard/pearbasket.go": "package fruit\n\nfunc Drop() int { return 1 }\n",
    "orchard/Cherryfile": "just some words about fruit\n",
    "orchard/notes.Plumfile": "more words about fruit\n",
    "vendor/quincelib/quincelib.py": "def vendored():\n    return 0\n",
    "medlar.min.js": "var a=1;\n",
}
LEAVE_OUT = partial(reason_by_name, max_file_bytes=1_000_000)


@pytest.fixture
def masked(make_repo: Callable[..., Any], home: Path) -> MaskedSource:
    """A repository of these files, without their names."""
    return MaskedSource(open_source(str(make_repo(FILES).path), clones=home / "clones"))


def _names(paths: list[str]) -> set[str]:
    parts = {part.lower() for path in paths for part in PurePosixPath(path).parts}
    return parts | {PurePosixPath(part).stem for part in parts} | {"plumfile"}


def test_a_masked_index_leaks_no_name(masked: MaskedSource, home: Path) -> None:
    """Neither a path nor a stored or embedded text of the index holds a file's or a folder's true name."""
    build_index(masked, "masked", IndexerSettings(home=home))
    hits = Searcher(home).search("masked", "pick drop words fruit", k=100).hits
    manifest = open_index(home, "masked").manifest
    assert len(hits) == len(manifest.rows) == 5
    told = [hit.chunk.embedded_text for hit in hits] + [hit.chunk.path for hit in hits]
    told += [file.path for file in manifest.files]
    told += [f"{skipped.path} {skipped.reason}" for skipped in manifest.skipped]
    assert len(manifest.skipped) == 2
    for text in told:
        assert not [name for name in _names(list(FILES)) if name in text.lower()]


def test_every_file_is_told_by_its_true_name(masked: MaskedSource) -> None:
    """The names lead back, one to one, to files of the same content and suffix."""
    files = masked.list_files(LEAVE_OUT).files
    true = {masked.true_path(file.path): masked.read(file).decode() for file in files}
    assert true == {path: text for path, text in FILES.items() if LEAVE_OUT(path, 10) is None}
    suffixes = {masked.true_path(file.path): PurePosixPath(file.path).suffix for file in files}
    assert suffixes["orchard/pearbasket.go"] == ".go"
    assert suffixes["orchard/applebasket.py"] == ".py"


def test_masked_names_have_no_folders_and_are_the_same_again(masked: MaskedSource) -> None:
    """All files lie in one folder; listing the same files again gives the same names."""
    first, again = masked.list_files(LEAVE_OUT), masked.list_files(LEAVE_OUT)
    assert first == again
    assert not any("/" in file.path for file in first.files)


def test_what_is_left_out_is_decided_by_true_names(masked: MaskedSource) -> None:
    """A vendored and a minified file stay out, though nothing of their names is left."""
    asked: list[str] = []

    def leave_out(path: str, n_bytes: int) -> str | None:
        asked.append(path)
        return LEAVE_OUT(path, n_bytes)

    listing = masked.list_files(leave_out)
    assert sorted(asked) == sorted(FILES)
    assert (len(listing.files), len(listing.skipped)) == (5, 2)
