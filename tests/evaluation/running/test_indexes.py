"""What identifies the index of a run."""

from __future__ import annotations

from pathlib import Path

from eval.running.indexes import fingerprint_files
from indexer.repository import FolderSource


def test_the_fingerprint_is_of_all_files(tmp_path: Path) -> None:
    """Retrieval reads files of every kind, so a change of any of them is another configuration."""
    fingerprints = []
    for name, text in (("one", "Hello"), ("same", "Hello"), ("other", "Hello!")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("SIZE = 3")
        (tmp_path / name / "README.md").write_text(text)
        fingerprints.append(fingerprint_files(FolderSource(tmp_path / name), 1000))
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
