"""What the tests of robustness share: repositories, the command in processes to kill, and what a whole index is."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

# Processes are forked from one that has imported all: starting takes 20 ms, so a kill meets the work, not the imports.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["indexer.build", "indexer.cli", "indexer.main", "indexer.repository", "chromadb", "langchain_text_splitters"]
)

# Id, path, first and last line, and text of a chunk, as a search sees it.
StoredChunk = tuple[str, str, int, int, str]


@dataclass(frozen=True)
class Started:
    """A ``quarry`` command that runs in a process of its own, and the end of a pipe that it prints into."""

    process: Any
    printed: Any

    def finish(self) -> tuple[int, str]:
        """Its exit code and all that it printed."""
        with os.fdopen(os.dup(self.printed.fileno()), encoding="utf-8") as printed:
            text = printed.read()
        self.process.join(120)
        assert self.process.exitcode is not None, "still running after two minutes"
        return self.process.exitcode, text

    def kill(self) -> bool:
        """End it at once; whether it was still running."""
        self.process.kill()
        self.process.join()
        return bool(self.process.exitcode == -signal.SIGKILL)


@pytest.fixture(scope="session")
def make_files() -> Callable[..., dict[str, str]]:
    """Make some files of some Python functions each, every function a chunk of its own and all of them different."""

    def make(numbers: range, n_functions: int = 5, mark: str = "part") -> dict[str, str]:
        def function(name: str) -> str:
            return "\n".join([f"def {name}(value):", *(f"    {name}_{i} = value + {i}" for i in range(12)), ""])

        return {
            f"src/file{number:03}.py": "".join(function(f"{mark}{number}_{i}") for i in range(n_functions))
            for number in numbers
        }

    return make


@pytest.fixture(scope="session")
def start_quarry() -> Callable[..., Started]:
    """Start the command with a home and arguments, and do not wait for it. From one thread only.

    ``max_file_bytes``: no file can grow beyond that, as on a full disk.
    """

    def start(home: Path, *arguments: str, max_file_bytes: int = -1) -> Started:
        code = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({max_file_bytes}, {max_file_bytes}))
os.dup2(output.fileno(), 1), os.dup2(output.fileno(), 2)
output.close()
os.environ["QUARRY_HOME"] = {str(home)!r}
sys.argv = ["quarry", *{list(arguments)!r}]
from indexer.main import main
main()
"""
        ours, theirs = FORKS.Pipe(duplex=False)
        # The built-in `exec`, since a function of a test module cannot be found by another process.
        process = FORKS.Process(target=exec, args=(code, {"output": theirs}))
        process.start()
        theirs.close()
        return Started(process, ours)

    return start


@pytest.fixture(scope="session")
def stored_chunks() -> Callable[..., list[StoredChunk]]:
    """Every chunk of a ref, in order, as searches see them."""
    from indexer.home import open_index

    def read(home: Path, name: str = "project", ref: str | None = None) -> list[StoredChunk]:
        index = open_index(home, name, ref)
        manifest = index.manifest
        chunks = []
        for position, row in enumerate(manifest.rows):
            stored = index.lexicon.get(int(row))
            lines = (int(manifest.start_lines[position]), int(manifest.end_lines[position]))
            assert stored.path == manifest.file_of(position).path
            chunks.append((stored.id, stored.path, *lines, stored.text))
        return chunks

    return read


@pytest.fixture(scope="session")
def count_rows() -> Callable[..., tuple[int, int]]:
    """Number of chunks in Chroma and of rows in the matrix; nobody may be writing."""
    from indexer.index_folder import RepositoryFolder
    from indexer.matrix import Matrix
    from indexer.vectors import VectorStore

    def count(home: Path, name: str = "project") -> tuple[int, int]:
        folder = RepositoryFolder(home, name)
        info = folder.read_info()
        assert info is not None
        with VectorStore(folder.chroma) as store:
            return store.count(), Matrix(folder.matrix, info.dim).n_rows

    return count


@pytest.fixture(scope="session")
def check_fresh(
    make_home: Callable[[], Path], build: Callable[..., Any], stored_chunks: Callable[..., list[StoredChunk]]
) -> Callable[..., None]:
    """Fail unless an index holds, ref by ref, what a fresh one of the same source does."""

    def check(home: Path, source: Path, name: str = "project", refs: Sequence[str | None] = (None,)) -> None:
        fresh = make_home()
        for ref in refs:
            build(fresh, source, name, ref=ref)
            assert stored_chunks(home, name, ref) == stored_chunks(fresh, name, ref)

    return check
