"""Any number of processes on one home: nothing is lost, corrupted or half seen."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client

import indexer.home
from assistant.search import Searcher
from assistant.serialise import search_as_json
from indexer.errors import UnknownRepository
from indexer.home import open_index
from indexer.matrix import Matrix

Make = Callable[..., Any]
QUARRY = str(Path(sys.executable).parent / "quarry")
# A search that gives every chunk of a ref: all of them are ranked by their vectors.
QUERY, K = "value", 1000


@contextmanager
def service(home: Path) -> Iterator[str]:
    """``quarry serve`` on a free port, without a model: its address."""
    environment = os.environ | {"QUARRY_HOME": str(home), "QUARRY_MODEL": "embedded/qwen2.5-coder-0.5b"}
    with subprocess.Popen(
        [QUARRY, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"serves on (http://\S+)", process.stdout.readline())
            assert found is not None
            yield found[1]
        finally:
            process.terminate()


class Commits:
    """What each commit of some repositories holds, to hold answers against."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[str]]] = {}

    def add(self, commit: str, files: dict[str, str]) -> None:
        """Remember the files of a commit, in which every function is a chunk."""
        self._files[commit] = {path: text.split("\n") for path, text in files.items()}

    def check(self, answer: dict[str, Any]) -> str:
        """Fail unless an answer is all of one commit and nothing else; returns the commit."""
        (searched,) = answer["repositories"]
        files = self._files[searched["commit"]]
        for hit in answer["hits"]:
            assert hit["commit"] == searched["commit"]
            assert hit["text"] == "\n".join(files[hit["path"]][hit["start_line"] - 1 : hit["end_line"]])
        starts = {(hit["path"], hit["start_line"]) for hit in answer["hits"]}
        defined = {(path, i) for path, lines in files.items() for i, line in enumerate(lines, 1) if line[:4] == "def "}
        assert starts == defined
        return str(searched["commit"])


def ask_mcp(home: Path, repo: str, ended: threading.Event, take: Callable[[dict[str, Any]], None]) -> None:
    """Search through an MCP server until the end."""

    async def run() -> None:
        server = StdioServerParameters(command=QUARRY, args=["mcp"], env={"QUARRY_HOME": str(home)})
        async with Client(stdio_client(server)) as client:
            while not ended.is_set():
                result = await client.call_tool("search_code", {"repo": repo, "query": QUERY, "k": K})
                assert not result.is_error and result.structured_content is not None, result.content
                take(result.structured_content)

    asyncio.run(run())


def test_processes_of_every_kind_side_by_side(
    make_repo: Make,
    make_files: Make,
    home: Path,
    run_quarry: Make,
    start_quarry: Make,
    check_fresh: Make,
    count_rows: Make,
) -> None:
    """A service, an MCP server, commands and a thread of our own search while five processes index at a time.

    Each answer is all of one commit; every indexing ends well; in the end each index is that of a fresh run,
    with one row of the matrix for each chunk in Chroma, and nothing is left to do.
    """
    files = {name: make_files(range(12), mark=name) for name in ("one", "two")}
    repos = {name: make_repo(files[name], name) for name in files}
    commits, ended = Commits(), threading.Event()
    for name, repo in repos.items():
        commits.add(repo.git("rev-parse", "HEAD"), files[name])
        assert start_quarry(home, "index", str(repo.path)).finish()[0] == 0
    seen: dict[str, list[str]] = {}

    def search(kind: str, look: Callable[[str], dict[str, Any]]) -> None:
        """Search both repositories in turn until the end."""
        while not ended.is_set():
            for name in repos:
                seen.setdefault(kind, []).append(commits.check(look(name)))

    def by_command(name: str) -> dict[str, Any]:
        done = run_quarry(home, "search", name, QUERY, "-k", str(K), "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def index_all(address: str) -> None:
        """Rounds of edits, each indexed by several processes at once, one of them from scratch."""
        for number in range(2):
            for name, repo in repos.items():
                files[name] |= make_files(range(number * 3, number * 3 + 14), mark=f"{name}{number}")
                commits.add(repo.commit(files[name]), files[name])
            job = httpx.post(f"{address}/repos", json={"source": str(repos["one"].path)}).json()
            runs = [("one", []), ("one", []), ("two", []), ("two", ["--rebuild"])]
            started = [start_quarry(home, "index", str(repos[name].path), *options) for name, options in runs]
            ends = [each.finish() for each in started]
            assert [code for code, _ in ends] == [0] * 4, ends
            while job["state"] in ("queued", "running"):
                time.sleep(0.05)
                job = httpx.get(f"{address}/jobs/{job['id']}").json()
            assert job["state"] == "done", job

    def ask_service(name: str) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{address}/search", params={"repo": name, "q": QUERY, "k": K}).json()
        return answer

    searcher = Searcher(home)
    with service(home) as address, ThreadPoolExecutor() as pool:
        running = [
            pool.submit(search, "thread", lambda name: search_as_json(searcher.search(name, QUERY, k=K))),
            pool.submit(search, "service", ask_service),
            pool.submit(search, "command", by_command),
            pool.submit(
                ask_mcp, home, "one", ended, lambda answer: seen.setdefault("mcp", []).append(commits.check(answer))
            ),
        ]
        try:
            index_all(address)
        finally:
            ended.set()
        for each in running:
            each.result(60)
    assert {kind for kind, answered in seen.items() if len(answered) > 3} == {"thread", "service", "command", "mcp"}
    assert len(set(seen["thread"])) > 2, "no index was seen to change"
    for name, repo in repos.items():
        n_chunks, n_rows = count_rows(home, name)
        assert n_chunks == n_rows
        assert start_quarry(home, "index", str(repo.path)).finish()[1].startswith(f"{name}: up to date")
        check_fresh(home, repo.path, name)


def test_an_index_replaced_while_it_is_opened_is_seen_whole(
    make_repo: Make, make_files: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild that ends between two looks of a search gives the new index, never the old rows in the new files."""
    old, new = make_repo(make_files(range(3), mark="old")), make_repo(make_files(range(2), mark="new"))
    build(home, old.path)
    pending = [lambda: build(home, new.path, rebuild=True)]

    def open_late(folder: Path, dim: int) -> Matrix:
        while pending:
            pending.pop()()
        return Matrix(folder, dim)

    monkeypatch.setattr(indexer.home, "Matrix", open_late)
    index = open_index(home, "project")
    assert len(index.manifest.rows) == index.matrix.n_rows == 10
    assert {index.lexicon.get(int(row)).symbol[:3] for row in index.manifest.rows} == {"new"}


def test_an_index_removed_while_it_is_opened_is_unknown(
    make_repo: Make, make_files: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A removal between two looks of a search is one clear line."""
    build(home, make_repo(make_files(range(3))).path)

    def open_late(folder: Path, dim: int) -> Matrix:
        indexer.home.remove_repository(home, "project", wait_seconds=0)
        return Matrix(folder, dim)

    monkeypatch.setattr(indexer.home, "Matrix", open_late)
    with pytest.raises(UnknownRepository, match="has just been removed"):
        open_index(home, "project")


def test_an_index_made_again_while_it_is_opened_is_seen_whole(
    make_repo: Make, make_files: Make, home: Path, build: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that is removed and made anew between two looks of a search is not taken for the one before."""
    old, new = make_repo(make_files(range(3), mark="old")), make_repo(make_files(range(4), mark="new"))
    build(home, old.path)

    def make_again() -> None:
        indexer.home.remove_repository(home, "project", wait_seconds=0)
        build(home, new.path)

    pending = [make_again]

    def open_late(folder: Path, dim: int) -> Matrix:
        while pending:
            pending.pop()()
        return Matrix(folder, dim)

    monkeypatch.setattr(indexer.home, "Matrix", open_late)
    index = open_index(home, "project")
    assert {index.lexicon.get(int(row)).symbol[:3] for row in index.manifest.rows} == {"new"}
    assert len(index.manifest.rows) == 20
