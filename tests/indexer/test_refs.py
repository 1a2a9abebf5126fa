"""Many refs in one index: each answers as if it were indexed alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.search import Searcher, SearchOptions
from indexer.embedding import BUILT_IN, open_encoder
from indexer.home import open_index
from indexer.index_folder import RepositoryFolder
from indexer.manifest import list_refs
from indexer.records import WORKTREE
from indexer.staleness import find_staleness

Make = Callable[..., Any]
N_COMMITS, N_FILES = 30, 40
WORDS = (
    "parse render cache route token schema query index socket buffer stream queue worker retry limit session cookie "
    "header layout widget canvas matrix vector kernel filter sample branch commit merge archive upload signal"
).split()
QUERIES = [
    "parse the schema of a query", "retry limit of the worker queue", "render widget layout", "session cookie header",
    "merge branch and commit", "stream buffer socket", "vector matrix kernel", "upload archive", "token cache",
    "filter sample signal", "route index", "canvas",
]  # fmt: skip


def made_up_file(chance: random.Random) -> str:
    """Two functions of words by chance."""
    functions = []
    for _ in range(2):
        name = "_".join(chance.sample(WORDS, 2))
        lines = [f"    {chance.choice(WORDS)} = {chance.choice(WORDS)}_{chance.choice(WORDS)}(value)" for _ in range(9)]
        functions.append("\n".join([f"def {name}(value):", *lines, ""]))
    return "\n".join(functions)


@pytest.fixture(scope="module")
def history(
    make_repo: Make, make_home: Callable[[], Path], build: Make
) -> tuple[Path, Path, Sequence[str], Sequence[Any]]:
    """A repository, a home where 30 of its commits are indexed, their ids, and what the builds reported."""
    chance = random.Random(30)
    repo = make_repo({f"f{number}.py": made_up_file(chance) for number in range(N_FILES)})
    home, commits, reports = make_home(), [], []
    for _ in range(N_COMMITS):
        commits.append(repo.commit({f"f{chance.randrange(N_FILES)}.py": made_up_file(chance) for _ in range(2)}))
        reports.append(build(home, repo.path, ref=commits[-1]))
    return repo.path, home, commits, reports


Many = tuple[Path, Path, Sequence[str], Sequence[Any]]


def test_each_commit_adds_what_is_new_in_it(history: Many) -> None:
    """Thirty commits embed each chunk once: the first all of its own, the others two files at the most."""
    _, home, _, reports = history
    first, *others = reports
    assert first.n_embedded == first.n_chunks == 2 * N_FILES
    assert all(0 < report.n_embedded <= 4 and report.n_files_read <= 2 for report in others)
    assert len(list_refs(RepositoryFolder(home, "project").refs)) == N_COMMITS


def test_dense_hits_within_a_commit_are_exact(history: Many) -> None:
    """At 30 commits the best ten by vector are those of a plain search through the commit's own chunks."""
    _, home, commits, _ = history
    searcher, encoder = Searcher(home), open_encoder(BUILT_IN)
    n_same = n_all = 0
    for commit in commits[::7]:
        index = open_index(home, "project", commit)
        texts = [index.lexicon.get(int(row)) for row in index.manifest.rows]
        vectors = encoder.encode_documents([f"{t.path} > {t.symbol.replace('.', ' > ')}\n{t.text}" for t in texts])
        for query in QUERIES:
            scores = vectors @ encoder.encode([query])[0]
            exact = {texts[i].id for i in np.argsort(-scores)[:10]}
            found = searcher.search("project", query, k=10, ref=commit, options=SearchOptions(method="dense")).hits
            n_same += len(exact & {hit.chunk.id for hit in found})
            n_all += 10
    assert n_same / n_all >= 0.99


@pytest.mark.parametrize("method", ["ranked", "fused"])
def test_hits_within_a_commit_are_those_of_it_alone(
    history: Many, make_home: Callable[[], Path], build: Make, method: Any
) -> None:
    """At 30 commits the best ten are those of an index of the commit alone: words are weighed within the commit."""
    path, home, commits, _ = history
    commit, alone = commits[N_COMMITS // 2], make_home()
    build(alone, path, ref=commit)
    n_same = 0
    for query in QUERIES:
        one, other = (
            {hit.chunk.id for hit in searcher.search("project", query, ref=commit, options=SearchOptions(method)).hits}
            for searcher in (Searcher(home), Searcher(alone))
        )
        n_same += len(one & other)
    assert n_same / (10 * len(QUERIES)) >= 0.99


@pytest.mark.parametrize("worktree_first", [False, True])
def test_a_file_that_git_filters_is_another_one_in_the_working_tree(
    make_repo: Make, home: Path, build: Make, worktree_first: bool
) -> None:
    """With LFS or encryption the commit answers with what it holds and the working tree with its file, and is fresh."""
    repo = make_repo({".gitattributes": "*.py filter=shout\n", "a.py": "kept = 1\n"})
    repo.git("config", "filter.shout.clean", "tr A-Z a-z")
    repo.git("config", "filter.shout.smudge", "tr a-z A-Z")
    (repo.path / "a.py").unlink()
    repo.git("checkout", "--quiet", "a.py")
    time.sleep(0.05)  # what was written only now is hashed in any case
    for worktree in (worktree_first, not worktree_first):
        build(home, repo.path, worktree=worktree)
    for ref, text in (("HEAD", "kept = 1"), (WORKTREE, "KEPT = 1")):
        index = open_index(home, "project", ref)
        chunks = [index.lexicon.get(int(row)) for row in index.manifest.rows]
        assert [chunk.text.strip() for chunk in chunks if chunk.path == "a.py"] == [text]
        assert find_staleness(index.manifest, max_seconds=30).n_changed_files == 0
