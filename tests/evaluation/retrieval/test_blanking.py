"""A source with other content in some files is read like any other."""

from __future__ import annotations

from pathlib import Path

from eval.retrieval.blanking import BlankedSource
from eval.retrieval.masking import MaskedSource
from indexer.listing import blob_id
from indexer.repository import FolderSource


def _open(folder: Path) -> tuple[FolderSource, BlankedSource]:
    for name in ("a", "b", "c"):
        (folder / f"{name}.py").write_text(f"{name} = 'as it is'\n")
    source = FolderSource(folder)
    return source, BlankedSource(source, {"b.py": "b = 'é'\n"})


def test_a_changed_file_has_the_id_and_size_of_what_it_holds(tmp_path: Path) -> None:
    """Else an index of the files as they are would be taken for one of these."""
    source, blanked = _open(tmp_path)
    given, here = source.list_files(lambda *_: None).files, blanked.list_files(lambda *_: None).files
    content = "b = 'é'\n".encode()
    assert (here[0], here[2]) == (given[0], given[2])
    assert (here[1].path, here[1].blob, here[1].n_bytes) == ("b.py", blob_id(content), len(content))


def test_contents_come_in_the_order_of_the_files(tmp_path: Path) -> None:
    """One by one and all at once, also below other names."""
    _, blanked = _open(tmp_path)
    files = blanked.list_files(lambda *_: None).files
    contents = [b"a = 'as it is'\n", "b = 'é'\n".encode(), b"c = 'as it is'\n"]
    assert [content for _, content in blanked.read_all(files)] == contents
    assert [blanked.read(file) for file in files] == contents
    masked = MaskedSource(blanked)
    renamed = masked.list_files(lambda *_: None).files
    assert {masked.true_path(file.path): content for file, content in masked.read_all(renamed)} == dict(
        zip(("a.py", "b.py", "c.py"), contents, strict=True)
    )
