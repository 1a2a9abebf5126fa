"""What evaluations read of a repository is what the index holds of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval import sources
from eval.sources import read_python_files
from indexer.records import Skipped, SourceFile
from indexer.repository import Source, open_source
from indexer.selection import Decoded, read_text


def open_folder(path: Path, files: dict[str, str]) -> Source:
    """A source of these files."""
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return open_source(str(path), clones=path / "clones")


def test_only_python_files_that_are_indexed_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the index leaves out is not asked about: vendored, generated, empty, too large, and other languages."""
    source = open_folder(
        tmp_path,
        {
            "src/garden/gate.py": "SIZE = 3",
            "node_modules/x.py": "SIZE = 3",
            "garden/api_pb2.py": "SIZE = 3",
            "garden/__init__.py": "\n",
            "garden/large.py": "#" * 2000,
            "garden/gate.js": "const SIZE = 3",
        },
    )
    read: list[str] = []

    def note(file: SourceFile, content: bytes | None) -> Decoded | Skipped:
        read.append(file.path)
        return read_text(file, content)

    monkeypatch.setattr(sources, "read_text", note)
    assert read_python_files(source, 1000) == [("src/garden/gate.py", "SIZE = 3")]
    assert "garden/gate.js" not in read
