"""``build_index``: incremental, resumable, and never a wrong answer in between."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.search import Searcher
from indexer.build import build_index
from indexer.embedding import BUILT_IN, Vectors, open_encoder
from indexer.errors import EncoderMismatch, IndexBusy, IndexingError, SourceError
from indexer.home import list_repositories, open_index
from indexer.index_folder import RepositoryFolder
from indexer.manifest import read_manifest
from indexer.matrix import MatrixWriter
from indexer.repository import WORKTREE, FolderSource, WorktreeSource
from indexer.settings import IndexerSettings
from indexer.vectors import VectorStore

Make = Callable[..., Any]
ENCODER_FOLDER = Path(__file__).resolve().parents[2] / "indexer" / "encoder"


class CountingEncoder:
    """The built-in encoder, which remembers what it was given."""

    def __init__(self) -> None:
        self._inner = open_encoder(BUILT_IN)
        self.name, self.fingerprint, self.dim = self._inner.name, self._inner.fingerprint, self._inner.dim
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode a question."""
        return self._inner.encode(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode and remember."""
        self.texts += texts
        return self._inner.encode_documents(texts)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> CountingEncoder:
    """What builds of this test embed with."""
    counting = CountingEncoder()
    monkeypatch.setattr("indexer.build.open_encoder", lambda name: counting)
    return counting


def function(name: str, n: int = 12) -> str:
    """A Python function that is a chunk of its own."""
    return "\n".join([f"def {name}(value):", *(f"    {name}_{i} = value + {i}" for i in range(n)), ""])


def stored_chunks(home: Path, name: str = "project", ref: str | None = None) -> list[tuple[str, str, int, int, str]]:
    """Id, path, lines and text of every chunk of a ref, in order, as searches see them."""
    index = open_index(home, name, ref)
    manifest = index.manifest
    chunks = []
    for position, row in enumerate(manifest.rows):
        stored = index.lexicon.get(int(row))
        lines = (int(manifest.start_lines[position]), int(manifest.end_lines[position]))
        assert stored.path == manifest.file_of(position).path
        chunks.append((stored.id, stored.path, *lines, stored.text))
    return chunks


def check_stores_agree(home: Path, name: str = "project") -> None:
    """Fail unless Chroma, lexicon and matrix hold the same chunks with the same vectors."""
    folder = RepositoryFolder(home, name)
    info = folder.read_info()
    assert info is not None
    row_ids = MatrixWriter(folder.matrix, info.dim).read_ids()
    ids = [row_ids.id_of(row).hex() for row in range(len(row_ids))]
    index = open_index(home, name)
    vectors = np.fromfile(folder.matrix / "vectors.f32", dtype=np.float32).reshape(-1, info.dim)
    with VectorStore(folder.chroma) as store:
        in_chroma = store.get(ids)
        assert store.count() >= len(ids) == len(vectors)
    assert [index.lexicon.get(row).id for row in range(len(ids))] == ids
    assert [row_ids.find(chunk_id) for chunk_id in ids] == list(range(len(ids)))
    assert set(in_chroma) == set(ids)
    for row, chunk_id in enumerate(ids):
        assert np.allclose(in_chroma[chunk_id], vectors[row], atol=1e-6)


def test_a_first_build_reports_what_it_did(make_repo: Make, home: Path, build: Make) -> None:
    """Files, chunks, what was left out and why; and the index answers with the files' own lines."""
    repo = make_repo(
        {"a.py": function("alpha") + function("beta"), "logo.png": b"\x89PNG", "b.txt": "words\n", "e.py": ""}
    )
    report = build(home, repo.path)
    assert (report.n_files, report.n_files_read, report.n_chunks, report.n_embedded) == (2, 3, 3, 3)
    assert {s.path: s.reason for s in report.skipped} == {"logo.png": "binary", "e.py": "empty"}
    assert report.commit == repo.git("rev-parse", "HEAD")
    lines = (function("alpha") + function("beta")).split("\n")
    assert [chunk[1:] for chunk in stored_chunks(home)] == [
        ("a.py", 1, 13, "\n".join(lines[:13])),
        ("a.py", 14, 26, "\n".join(lines[13:26])),
        ("b.txt", 1, 1, "words"),
    ]
    check_stores_agree(home)


def test_an_unchanged_source_costs_nothing(make_repo: Make, home: Path, build: Make, run_python: Make) -> None:
    """A second run reads no file, opens no encoder and no scanner, and imports neither Chroma nor tokenizers."""
    repo = make_repo({"a.py": function("alpha"), "empty.py": "", "bin.dat": b"\0"})
    build(home, repo.path)
    manifest = RepositoryFolder(home, "project").refs / "HEAD.npz"
    before = manifest.stat().st_mtime_ns
    code = """
import json, sys
from pathlib import Path
from indexer.build import build_index
from indexer.repository import open_source
from indexer.settings import IndexerSettings
home = Path(sys.argv[1])
report = build_index(open_source(sys.argv[2], clones=home), "project", IndexerSettings(home=home))
libraries = {"chromadb", "torch", "tokenizers", "sentence_transformers"}
print(json.dumps([report.n_files_read, report.n_embedded, report.n_chunks, sorted(libraries & set(sys.modules))]))
"""
    assert json.loads(run_python(code, str(home), str(repo.path))) == [0, 0, 1, []]
    assert manifest.stat().st_mtime_ns == before


def test_an_edit_embeds_what_it_changed(make_repo: Make, home: Path, build: Make, encoder: CountingEncoder) -> None:
    """Only the chunk that an edit touched is embedded, and all others keep their id under new lines."""
    repo = make_repo({"a.py": "".join(map(function, ["alpha", "beta", "gamma"])), "b.py": function("delta")})
    build(home, repo.path)
    assert len(encoder.texts) == 4
    encoder.texts.clear()
    repo.commit({"a.py": function("alpha", 14) + function("beta") + function("gamma")})
    report = build(home, repo.path)
    assert [text.split("\n")[0] for text in encoder.texts] == ["a.py > alpha"]
    assert (report.n_files_read, report.n_embedded, report.n_chunks) == (1, 1, 4)
    assert [chunk[2:4] for chunk in stored_chunks(home)] == [(1, 15), (16, 28), (29, 41), (1, 13)]
    check_stores_agree(home)


def test_refs_share_what_they_have_in_common(
    make_repo: Make, home: Path, build: Make, encoder: CountingEncoder
) -> None:
    """A second ref embeds only what it adds; each ref then answers from its own files, also the working tree."""
    repo = make_repo({"a.py": function("alpha"), "old.py": function("legacy")})
    build(home, repo.path, ref="main")
    encoder.texts.clear()
    repo.git("switch", "--quiet", "--create", "feature/x")
    (repo.path / "old.py").unlink()
    repo.commit({"new.py": function("modern")})
    build(home, repo.path, ref="feature/x")
    assert [text.split("\n")[0] for text in encoder.texts] == ["new.py > modern"]
    encoder.texts.clear()
    repo.write("draft.py", function("sketch"))
    build(home, repo.path, worktree=True)
    assert [text.split("\n")[0] for text in encoder.texts] == ["draft.py > sketch"]
    searcher = Searcher(home)
    paths = {
        ref: {hit.chunk.path for hit in searcher.search("project", "legacy modern sketch alpha", ref=ref).hits}
        for ref in ("main", "feature/x", WORKTREE)
    }
    assert paths == {
        "main": {"a.py", "old.py"},
        "feature/x": {"a.py", "new.py"},
        WORKTREE: {"a.py", "new.py", "draft.py"},
    }


def test_secrets_are_stored_nowhere(make_repo: Make, home: Path, build: Make) -> None:
    """No file under the home holds a credential's bytes, and the report names its line."""
    secret = "ghp_" + "R7m2XqL9vTzK4wNcY8bJ3pHsD6fGa10QuEoZ"
    repo = make_repo({"a.py": f'{function("alpha")}token = "{secret}"\n'})
    report = build(home, repo.path)
    assert [(finding.path, finding.line) for finding in report.findings] == [("a.py", 14)]
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert not [
        path for path in files if secret.encode() in path.read_bytes() or secret[4:].encode() in path.read_bytes()
    ]
    assert "[REDACTED" in stored_chunks(home)[-1][4]


def test_odd_contents_are_indexed(make_repo: Make, home: Path, build: Make) -> None:
    """Carriage returns, NUL far into a file, Latin-1, UTF-16 and long lines are stored as the file has them."""
    texts = {
        "crlf.py": b"def a():\r\n    return 1\r\n",
        "nul.py": b"x = 1\n" * 1500 + b"y = '\0'\n",
        "latin.py": "größe = 1\n".encode("latin-1"),
        "wide.py": "größe = 2\n".encode("utf-16"),
        "form.py": b"a = 1\n\x0c\nb = 2\x85\n",
    }
    repo = make_repo(texts)
    report = build(home, repo.path)
    assert report.n_files == len(texts)
    by_path: dict[str, str] = {}
    for _, path, _, _, text in stored_chunks(home):
        by_path[path] = f"{by_path[path]}\n{text}" if path in by_path else text
    assert by_path["crlf.py"] == "def a():\r\n    return 1\r"
    assert by_path["nul.py"].endswith("y = '\0'")
    assert (by_path["latin.py"], by_path["wide.py"]) == ("größe = 1", "größe = 2")
    assert by_path["form.py"] == "a = 1\n\x0c\nb = 2\x85"


@pytest.mark.parametrize("files", [{}, {"logo.png": b"\x89PNG", "empty.py": ""}])
def test_nothing_to_index_is_an_error(make_repo: Make, home: Path, build: Make, files: dict[str, Any]) -> None:
    """A source without any text names the reasons, and no index is listed for it."""
    repo = make_repo(files)
    with pytest.raises(SourceError, match="no files to index" if not files else r"left out \(binary, empty\)"):
        build(home, repo.path)
    assert list_repositories(home) == []


def test_a_folder_that_is_not_committed_names_the_way(make_repo: Make, home: Path, build: Make) -> None:
    """The error says which commit was read, and the option that it names indexes the folder."""
    repo = make_repo({"a.py": function("alpha")})
    repo.write("new/b.py", function("beta"))
    with pytest.raises(SourceError, match=r"new holds no files to index at HEAD \([0-9a-f]{12}\): --worktree indexes"):
        build(home, repo.path / "new")
    assert build(home, repo.path / "new", worktree=True).n_files == 1


def test_another_encoder_is_refused(make_repo: Make, home: Path, build: Make, tmp_path: Path) -> None:
    """An index keeps its encoder, made anew too: another one is an error that names the command that changes it."""
    shutil.copytree(ENCODER_FOLDER, tmp_path / "other")
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path)
    with pytest.raises(EncoderMismatch, match=r"quarry index .* --rebuild --encoder .*other"):
        build(home, repo.path, encoder_name=str(tmp_path / "other"))
    build(home, repo.path, encoder_name=str(tmp_path / "other"), rebuild=True)
    assert open_index(home, "project").info.encoder == str(tmp_path / "other")
    assert Searcher(home).search("project", "alpha").hits[0].chunk.symbol == "alpha"
    build(home, repo.path, rebuild=True)
    assert open_index(home, "project").info.encoder == str(tmp_path / "other")  # nobody said another one


def test_a_changed_encoder_is_refused(
    make_repo: Make, home: Path, build: Make, encoder: CountingEncoder, tmp_path: Path
) -> None:
    """Vectors of two trainings are never mixed: neither a build nor a search goes on with the new one."""
    repo = make_repo({"a.py": function("alpha")})
    encoder.fingerprint = "of an older training"
    build(home, repo.path)
    encoder.fingerprint = "of a newer training"
    repo.commit({"a.py": function("beta")})
    with pytest.raises(EncoderMismatch, match=r"has changed .* --rebuild"):
        build(home, repo.path)
    with pytest.raises(EncoderMismatch, match=r"has changed .* --rebuild"):
        Searcher(home).search("project", "alpha")


def test_a_rebuild_forgets_all_refs(make_repo: Make, home: Path, build: Make) -> None:
    """``rebuild`` begins anew: chunks of other refs and of earlier commits are gone from every store."""
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path, ref="main")
    repo.commit({"a.py": function("beta")})
    report = build(home, repo.path, rebuild=True)
    assert report.n_embedded == report.n_chunks == 1
    folder = RepositoryFolder(home, "project")
    assert [path.name for path in folder.refs.iterdir()] == ["HEAD.npz"]
    with VectorStore(folder.chroma) as store:
        assert store.count() == 1
    check_stores_agree(home)


def test_a_rebuild_of_another_source_takes_the_clone_along(make_repo: Make, home: Path, build: Make) -> None:
    """What was cloned of the former one goes with its last index, and stays as long as there is another."""
    url, path = f"file://{make_repo({'a.py': function('alpha')}).path}", make_repo({"b.py": function("beta")}).path
    for name in ("project", "other"):
        build(home, url, name)
    build(home, url, rebuild=True)
    build(home, path, rebuild=True)
    assert len(list((home / "clones").iterdir())) == 1
    build(home, path, "other", rebuild=True)
    assert not list((home / "clones").iterdir())


@pytest.mark.parametrize("edited", [False, True])
def test_a_removal_that_was_killed_is_completed(
    make_repo: Make, make_home: Callable[[], Path], build: Make, edited: bool
) -> None:
    """Once the record is gone nothing else of the index counts: it is made as if there had been none."""
    home, fresh = make_home(), make_home()
    repo = make_repo({"a.py": function("alpha"), "b.py": function("beta")})
    build(home, repo.path, ref="main")
    build(home, repo.path)
    (RepositoryFolder(home, "project").path / "repository.json").unlink()
    if edited:
        repo.commit({"a.py": function("gamma")})
    assert build(home, repo.path).n_embedded == 2
    build(fresh, repo.path)
    assert stored_chunks(home) == stored_chunks(fresh)
    assert [path.name for path in RepositoryFolder(home, "project").refs.iterdir()] == ["HEAD.npz"]
    check_stores_agree(home)


def test_what_a_killed_removal_left_must_go(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be removed nothing is built on it, and the error says why."""
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path)
    (RepositoryFolder(home, "project").path / "repository.json").unlink()
    monkeypatch.setattr("indexer.index_folder.shutil.rmtree", refuse)
    with pytest.raises(IndexingError, match="Permission denied"):
        build(home, repo.path)


def refuse(path: Path, ignore_errors: bool = False) -> None:
    """Remove nothing, as where the folder is another user's."""
    if not ignore_errors:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_files_that_a_killed_write_left_are_removed(make_repo: Make, home: Path, build: Make) -> None:
    """A manifest that was not finished takes room that the next try may need."""
    repo = make_repo({"a.py": function("alpha")})
    build(home, repo.path)
    folder = RepositoryFolder(home, "project")
    left = [folder.refs / "HEAD.1.tmp", folder.path / "repository.1.tmp"]
    for path in left:
        path.write_text("half")
    build(home, repo.path)
    assert not any(path.exists() for path in left)


def test_a_name_belongs_to_one_source(make_repo: Make, home: Path, build: Make) -> None:
    """A second source under a name is refused with both ways out, and the first one still answers."""
    first, second = make_repo({"a.py": function("alpha")}), make_repo({"b.py": function("beta")})
    build(home, first.path)
    with pytest.raises(IndexingError, match=r"taken by .*--name.*--rebuild"):
        build(home, second.path)
    assert [chunk[1] for chunk in stored_chunks(home)] == ["a.py"]
    build(home, second.path, rebuild=True)
    assert [chunk[1] for chunk in stored_chunks(home)] == ["b.py"]


def test_a_home_that_cannot_be_written_is_an_error(make_repo: Make, tmp_path: Path, build: Make) -> None:
    """What the file system refuses is said in one line with the folder."""
    (tmp_path / "file").write_text("")
    repo = make_repo({"a.py": function("alpha")})
    with pytest.raises(IndexingError, match=r"Cannot write the index below .*Not a directory"):
        build(tmp_path / "file", repo.path)


# --- several processes; they are forked from one that has imported all, since importing takes a second -------------

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["indexer.build", "indexer.repository", "chromadb", "langchain_text_splitters"])


def write_folder(folder: Path, numbers: range, n_functions: int = 3) -> None:
    """Some files of some functions each, all of them different."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        text = "".join(function(f"part{number}_{i}", 12) for i in range(n_functions))
        (folder / f"file{number:03}.py").write_text(text)


def start_build(home: Path, folder: Path, name: str = "project", **options: Any) -> Any:
    """Index a plain folder in a process of its own."""
    process = FORKS.Process(
        target=build_index, args=(FolderSource(folder), name, IndexerSettings(home=home)), kwargs=options, daemon=True
    )
    process.start()
    return process


def test_a_killed_build_does_no_harm(
    make_home: Callable[[], Path], tmp_path: Path, build: Make, encoder: CountingEncoder
) -> None:
    """Killed at six moments, the last manifest answers whole, and the next build completes what was begun.

    In the end the index equals a fresh one, and nothing that Chroma had was embedded again.
    """
    home, folder = make_home(), tmp_path / "project"
    write_folder(folder, range(20))
    build(home, folder)
    before = stored_chunks(home)
    write_folder(folder, range(20, 150))
    moments = random.Random(20).sample(range(1, 100), 6)
    started = time.perf_counter()
    build(make_home(), folder)
    n_seconds = time.perf_counter() - started
    for moment in moments:
        process = start_build(home, folder)
        time.sleep(0.2 + n_seconds * moment / 120)
        process.kill()
        process.join()
        seen = stored_chunks(home)
        if len(seen) != len(before):  # the machine was quick: this build was done before it was killed
            break
        assert seen == before
    repository = RepositoryFolder(home, "project")
    with VectorStore(repository.chroma) as store:
        n_in_chroma = store.count()
    encoder.texts.clear()
    report = build(home, folder)
    fresh = make_home()
    n_embedded = len(encoder.texts)
    build(fresh, folder)
    assert stored_chunks(home) == stored_chunks(fresh)
    assert n_in_chroma + n_embedded == report.n_chunks == 450
    check_stores_agree(home)


def test_a_killed_first_build_is_resumed(home: Path, tmp_path: Path, build: Make, encoder: CountingEncoder) -> None:
    """What a first build had embedded when it was killed is not embedded again."""
    folder = tmp_path / "project"
    write_folder(folder, range(300), n_functions=6)
    process = start_build(home, folder)
    ids = RepositoryFolder(home, "project").chroma / "chroma.sqlite3"
    deadline = time.monotonic() + 60
    n_in_chroma = 0
    while not n_in_chroma and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
        n_in_chroma = count_embeddings(ids)
    process.kill()
    process.join()
    assert n_in_chroma
    assert list_repositories(home) == []
    with VectorStore(RepositoryFolder(home, "project").chroma) as store:
        n_in_chroma = store.count()
    report = build(home, folder)
    assert report.n_chunks == 1800
    assert len(encoder.texts) == 1800 - n_in_chroma
    check_stores_agree(home)


def count_embeddings(database: Path) -> int:
    """Rows that another process has stored in Chroma so far."""
    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return int(connection.execute("select count(*) from embeddings").fetchone()[0])
    except sqlite3.OperationalError:  # its tables are being made
        return 0


def test_a_second_writer_waits_and_says_so(home: Path, tmp_path: Path) -> None:
    """Two builds of one index take turns; the second says that it waits, and both end well."""
    write_folder(tmp_path / "project", range(40))
    lines = FORKS.Queue()
    first = start_build(home, tmp_path / "project")
    second = start_build(home, tmp_path / "project", on_note=lines.put)
    for process in (first, second):
        process.join(60)
        assert process.exitcode == 0
    folder = RepositoryFolder(home, "project")
    third = None
    if lines.empty():  # the first was the later one to begin
        with folder.locked(0):
            third = start_build(home, tmp_path / "project", on_note=lines.put)
            assert "waiting" in lines.get(timeout=30)
        third.join(60)
        assert third.exitcode == 0
    else:
        assert "Another process is writing the index of 'project'" in lines.get(timeout=1)
    assert len(stored_chunks(home)) == 120
    check_stores_agree(home)


def test_waiting_for_a_writer_ends(home: Path, tmp_path: Path, build: Make) -> None:
    """Who has waited as long as the settings say gets an error, and has changed nothing."""
    write_folder(tmp_path / "project", range(1))
    settings = IndexerSettings(home=home, lock_wait_seconds=0.1)
    with RepositoryFolder(home, "project").locked(0), pytest.raises(IndexBusy, match="again when it is done"):
        build_index(FolderSource(tmp_path / "project"), "project", settings)
    assert list_repositories(home) == []


def test_two_repositories_are_built_at_once(home: Path, tmp_path: Path) -> None:
    """Builds of different repositories do not disturb each other."""
    for name in ("one", "two"):
        write_folder(tmp_path / name, range(20))
    processes = [start_build(home, tmp_path / name, name) for name in ("one", "two")]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    for name in ("one", "two"):
        assert len(stored_chunks(home, name)) == 60
        check_stores_agree(home, name)


def test_a_search_beside_a_build_sees_the_index_before(home: Path, tmp_path: Path, build: Make) -> None:
    """While a build writes, an open searcher and a new one answer from the last manifest, whole; then from the next."""
    folder = tmp_path / "project"
    write_folder(folder, range(10))
    build(home, folder)
    searcher = Searcher(home)
    before = searcher.search("project", "part3_1 value", k=30).hits
    write_folder(folder, range(10, 150))
    process = start_build(home, folder)
    repository = RepositoryFolder(home, "project")
    n_before, n_looks = (repository.refs / f"{WORKTREE}.npz").stat().st_mtime_ns, 0
    while (repository.refs / f"{WORKTREE}.npz").stat().st_mtime_ns == n_before and process.is_alive():
        manifest = read_manifest(repository.refs, WORKTREE)
        found = [each.search("project", "part3_1 value", k=30).hits for each in (searcher, Searcher(home))]
        if (repository.refs / f"{WORKTREE}.npz").stat().st_mtime_ns != n_before:
            break
        assert manifest is not None
        assert len(manifest.files) == 10
        for hits in found:
            assert {hit.chunk.id: hit.chunk for hit in hits} == {hit.chunk.id: hit.chunk for hit in before}
        n_looks += 1
    process.join(60)
    assert process.exitcode == 0
    assert n_looks > 3
    assert searcher.search("project", "part149_1").hits[0].chunk.symbol == "part149_1"


def test_two_commands_index_one_url_at_once(make_repo: Make, home: Path) -> None:
    """Two processes that are given one URL for the first time both end with the index complete."""
    repo = make_repo({f"file{number}.py": function(f"part{number}") for number in range(200)})
    environment = os.environ | {"QUARRY_HOME": str(home)}
    command = [str(Path(sys.executable).parent / "quarry"), "index", f"file://{repo.path}", "--name", "project"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    assert len(stored_chunks(home)) == 200


def test_a_failed_rebuild_loses_nothing(home: Path, tmp_path: Path, build: Make) -> None:
    """The old index answers until the new one is whole: a rebuild that fails leaves it as it was."""
    folder = tmp_path / "project"
    write_folder(folder, range(3))
    before = build(home, folder)
    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(SourceError, match="no files to index"):
        build(home, folder, rebuild=True)
    assert len(open_index(home, "project").manifest.rows) == before.n_chunks
    assert [info.name for info in list_repositories(home)] == ["project"]


def rebuild_and_die(home: Path, folder: Path, name: str) -> None:
    """Rebuild, and be killed where this method of the index's folder is called."""
    setattr(RepositoryFolder, name, lambda *_: os._exit(9))
    build_index(FolderSource(folder), "project", IndexerSettings(home=home), rebuild=True)


@pytest.mark.parametrize("moment", ["write_info", "publish", "remove_leftovers"])
def test_a_killed_rebuild_loses_nothing(home: Path, tmp_path: Path, build: Make, moment: str) -> None:
    """Killed at any step of it, an index answers, old or new but whole, and the next build leaves nothing behind."""
    folder = tmp_path / "project"
    write_folder(folder, range(4))
    build(home, folder)
    before = stored_chunks(home)
    process = FORKS.Process(target=rebuild_and_die, args=(home, folder, moment))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert stored_chunks(home) == before
    write_folder(folder, range(4, 5))
    build(home, folder)
    check_stores_agree(home)
    repository = RepositoryFolder(home, "project")
    parts = {path.name for path in repository.path.iterdir()}
    assert parts == {"repository.json", repository.data.name, repository.chroma.name}
    assert len(stored_chunks(home)) == 15


def test_an_index_of_the_former_layout_is_made_anew(home: Path, tmp_path: Path, build: Make) -> None:
    """Its parts are left alone until a rebuild that is asked for has succeeded, and are removed then."""
    folder, repository = tmp_path / "project", RepositoryFolder(home, "project")
    write_folder(folder, range(1))
    for part in ("chroma", "lexicon", "matrix", "refs"):
        (repository.path / part).mkdir(parents=True)
    (repository.path / "repository.json").write_text('{"name": "project", "format_version": 1}')
    with pytest.raises(EncoderMismatch, match="--rebuild"):
        build(home, folder)
    assert (repository.path / "refs").exists()
    build(home, folder, rebuild=True)
    assert not (repository.path / "refs").exists()
    assert len(stored_chunks(home)) == 3


def test_a_file_that_goes_while_it_is_indexed_is_left_out(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is gone between the listing and its turn is named with the reason; the others are indexed."""
    repo = make_repo({"a.py": function("alpha"), "b.py": function("beta")})
    list_files = WorktreeSource.list_files

    def list_then_lose(self: WorktreeSource, *arguments: Any) -> Any:
        listing = list_files(self, *arguments)
        (repo.path / "a.py").unlink()
        return listing

    monkeypatch.setattr(WorktreeSource, "list_files", list_then_lose)
    report = build(home, repo.path, worktree=True)
    assert [(s.path, s.reason) for s in report.skipped] == [("a.py", "gone while it was indexed")]
    assert [chunk[1] for chunk in stored_chunks(home)] == ["b.py"]


@pytest.mark.parametrize("kept_by_git", [True, False])
def test_a_file_saved_while_it_is_indexed_has_the_id_of_what_was_read(
    make_repo: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch, kept_by_git: bool
) -> None:
    """Its rows are those of the edit, and the commit that has the former content gets rows of its own."""
    source = WorktreeSource if kept_by_git else FolderSource
    repo = make_repo({"a.py": function("alpha"), "b.py": function("beta")})
    folder = repo.path
    if not kept_by_git:
        shutil.rmtree(folder / ".git")
    list_files = source.list_files

    def list_then_save(self: Any, *arguments: Any) -> Any:
        listing = list_files(self, *arguments)
        (folder / "a.py").write_text(function("edited"))
        return listing

    with monkeypatch.context() as patched:
        patched.setattr(source, "list_files", list_then_save)
        build(home, folder, worktree=kept_by_git)
    assert build(home, folder, worktree=kept_by_git).n_files_read == 0
    assert "def edited" in stored_chunks(home, ref=WORKTREE)[0][4]
    (folder / "a.py").write_text(function("alpha"))
    if kept_by_git:
        build(home, folder)
        assert "def alpha" in stored_chunks(home, ref="HEAD")[0][4]
    build(home, folder, worktree=kept_by_git)
    assert "def alpha" in stored_chunks(home, ref=WORKTREE)[0][4]
