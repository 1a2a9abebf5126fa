"""Manifests: what was written is read, under any ref's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.graph import NO_NAMES, FileNames
from indexer.manifest import Manifest, ManifestFile, list_refs, read_manifest, write_manifest
from indexer.records import Finding, Skipped

REFS = [
    "HEAD", "@worktree", "feature/x", "v1.2.3", "a%2Fb", "release/ü", "HEAD~1", "x.npz",
    "ж" * 42, "修/" * 99 + "复",
]  # fmt: skip


def manifest(ref: str) -> Manifest:
    """A manifest of two files with three chunks."""
    return Manifest(
        ref=ref,
        commit="c0ffee",
        origin="/somewhere",
        indexed_at="2026-01-01T00:00:00+00:00",
        files=[ManifestFile("a.py", "b1", 10, "python", 0, 2), ManifestFile("é.txt", "b2", 5, None, 2, 1)],
        rows=np.array([5, 0, 9]),
        start_lines=np.array([1, 4, 1], dtype=np.int32),
        end_lines=np.array([3, 8, 2], dtype=np.int32),
        skipped=[Skipped("caf\udce9.py", 3, "file name is not UTF-8")],
        findings=[Finding("a.py", 2, "github")],
        n_dependents=np.array([2, 0], dtype=np.float32),
        names=[FileNames(np.array([7, 9], dtype=np.uint32), np.array([8], dtype=np.uint32)), NO_NAMES],
    )


@pytest.mark.parametrize("ref", REFS)
def test_what_is_written_is_read(tmp_path: Path, ref: str) -> None:
    """A manifest comes back as it was, and its ref is listed under its own name; nothing else is left."""
    written = manifest(ref)
    write_manifest(tmp_path, written)
    read = read_manifest(tmp_path, ref, with_names=True)
    assert read is not None
    assert list_refs(tmp_path) == [ref]
    assert len(list(tmp_path.iterdir())) == 1
    for name in ("ref", "commit", "origin", "indexed_at", "files", "skipped", "findings"):
        assert getattr(read, name) == getattr(written, name)
    for name in ("rows", "start_lines", "end_lines", "n_dependents"):
        assert getattr(read, name).tolist() == getattr(written, name).tolist()
    assert [(file.defined.tolist(), file.used.tolist()) for file in read.names] == [([7, 9], [8]), ([], [])]


def test_a_chunk_knows_its_file() -> None:
    """Each position of the columns belongs to the file that holds it."""
    one = manifest("HEAD")
    assert [one.file_of(position).path for position in range(3)] == ["a.py", "a.py", "é.txt"]
    assert {row: one.position_of_row[row] for row in (5, 0, 9)} == {5: 0, 0: 1, 9: 2}
    assert len(one.position_of_row) == 10
    assert one.positions_of(np.array([0, 1, 5, 8, 9, 10, 99])).tolist() == [1, -1, 0, -1, 2, -1, -1]
    assert one.file_of_position.tolist() == [0, 0, 1]


def test_a_ref_that_is_not_there_is_none(tmp_path: Path) -> None:
    """No folder and no file are no manifest, and no error."""
    assert read_manifest(tmp_path / "none", "HEAD") is None
    assert list_refs(tmp_path / "none") == []


def test_a_ref_that_goes_while_refs_are_listed_is_not_listed(tmp_path: Path) -> None:
    """One whose file is seen and then gone, as a link to nothing is, is no error."""
    write_manifest(tmp_path, manifest("HEAD"))
    (tmp_path / "side.npz").symlink_to(tmp_path / "nowhere")
    assert list_refs(tmp_path) == ["HEAD"]
