"""``quarry index`` killed at random moments: what was whole before answers, nothing half does, and work goes on."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.search import Searcher
from indexer.errors import UnknownRepository

Make = Callable[..., Any]
Found = list[tuple[str, int, int, str]]
N_KILLS = 10  # of each of the three kinds of run


def measure(start: Callable[[], Any]) -> float:
    """Seconds that a command takes from its start to its end, which has to be a good one.

    Not counted is the first start of all, which waits for the process that others are forked from.
    """
    start().kill()
    began = time.perf_counter()
    code, printed = start().finish()
    assert code == 0, printed
    return time.perf_counter() - began


def spread(seed: int, n_seconds: float) -> Sequence[float]:
    """Moments in a run of this length: a random one in each part of it, in random order."""
    chance = random.Random(seed)
    delays = [(i + chance.random()) * n_seconds / N_KILLS for i in range(N_KILLS)]
    chance.shuffle(delays)
    return delays


def ask(home: Path) -> Found | None:
    """All that a new search finds; None where it says in one line that nothing is indexed."""
    try:
        hits = Searcher(home).search("project", "value", k=1000).hits
    except UnknownRepository as error:
        assert "Nothing is indexed yet" in str(error)
        assert "\n" not in str(error)
        return None
    return sorted((hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line, hit.chunk.text) for hit in hits)


def in_order(chunks: Sequence[Any]) -> Found:
    """Stored chunks as ``ask`` gives them."""
    return sorted(chunk[1:] for chunk in chunks)


def test_a_killed_first_index_is_none(
    make_repo: Make, make_files: Make, make_home: Callable[[], Path], start_quarry: Make, check_fresh: Make
) -> None:
    """Killed before its end, a first index does not answer; after it, it is whole. In the end it equals a fresh one."""
    repo = make_repo(make_files(range(60)))
    n_seconds = measure(lambda: start_quarry(make_home(), "index", str(repo.path)))
    home, n_killed, n_chunks = make_home(), 0, 60 * 5
    for delay in spread(1, n_seconds):
        started = start_quarry(home, "index", str(repo.path))
        time.sleep(delay)
        n_killed += started.kill()
        found = ask(home)
        assert found is None or len(found) == n_chunks
        if found is not None:  # killed after its last word, or not at all: begin anew
            home = make_home()
    assert n_killed >= N_KILLS // 3
    code, printed = start_quarry(home, "index", str(repo.path)).finish()
    assert code == 0, printed
    check_fresh(home, repo.path)


@pytest.mark.parametrize("option", [(), ("--rebuild",)], ids=["again", "rebuild"])
def test_a_killed_index_leaves_the_last_one(
    make_repo: Make,
    make_files: Make,
    make_home: Callable[[], Path],
    start_quarry: Make,
    stored_chunks: Make,
    check_fresh: Make,
    option: tuple[str, ...],
) -> None:
    """After each kill a search gives the index from before the edit or the one after it, whole; never one between."""
    repo, home = make_repo(make_files(range(60))), make_home()
    measure(lambda: start_quarry(home, "index", str(repo.path)))

    def edit(mark: str) -> None:
        repo.commit(make_files(range(random.Random(mark).randrange(40), 60), mark=mark))

    edit("warm")
    n_seconds = measure(lambda: start_quarry(home, "index", str(repo.path), *option))
    before, n_killed = in_order(stored_chunks(home)), 0
    assert ask(home) == before
    for number, delay in enumerate(spread(2, n_seconds)):
        edit(f"edit{number}x")
        started = start_quarry(home, "index", str(repo.path), *option)
        time.sleep(delay)
        n_killed += started.kill()
        found = ask(home)
        if found != before:
            head = {path: repo.git("show", f"HEAD:{path}").split("\n") for path in repo.git("ls-files").split()}
            assert found is not None
            for path, start, end, text in found:
                assert text == "\n".join(head[path][start - 1 : end])
            assert len(found) == 60 * 5
            before = found
    assert n_killed >= N_KILLS // 3
    code, printed = start_quarry(home, "index", str(repo.path), *option).finish()
    assert code == 0, printed
    check_fresh(home, repo.path)
    folders = {path.name for path in (home / "repositories").iterdir()}
    assert option or folders == {"project"}


def test_a_repository_goes_on_after_a_killed_removal(
    make_repo: Make, make_files: Make, make_home: Callable[[], Path], start_quarry: Make, check_fresh: Make
) -> None:
    """A removal that is killed leaves the whole index or none; it can be indexed again either way."""
    repo, whole = make_repo(make_files(range(20))), make_home()
    start_quarry(whole, "index", str(repo.path)).finish()
    homes = []

    def remove() -> Any:
        homes.append(make_home())
        shutil.copytree(whole / "repositories", homes[-1] / "repositories")
        return start_quarry(homes[-1], "remove", "project")

    n_killed = 0
    for delay in spread(3, measure(remove))[::2]:
        started, home = remove(), homes[-1]
        time.sleep(delay)
        n_killed += started.kill()
        found = ask(home)
        assert found is None or len(found) == 20 * 5
        code, printed = start_quarry(home, "index", str(repo.path)).finish()
        assert code == 0, printed
    assert n_killed
    check_fresh(home, repo.path)
