"""``python -m eval.fitting.mine --sources LIST --out DIR``: questions mined from other people's repositories.

Two suites in the form of ``quarry eval run retrieval --suite``: ``DIR/commits`` with ``DIR/checkouts-commits``, and
``DIR/docstrings`` with ``DIR/checkouts-docstrings``. They hold other people's code: they are not to be published.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from eval.errors import HarvestError
from eval.retrieval.mining.docstrings import mine_docstrings
from eval.retrieval.mining.history import mine_history
from eval.retrieval.mining.repository import MinedQuestion
from eval.retrieval.records import SuiteRepository
from indexer.errors import InputError, QuarryError
from indexer.settings import IndexerSettings

from .mining import (
    FittingRepository,
    MiningSource,
    is_changelog,
    read_sources,
    write_checkout,
    write_questions,
    write_repositories,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. Errors are one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.mine", description=__doc__)
    parser.add_argument("--sources", type=Path, required=True, help="a list: URL-or-path [name [commit]] a line")
    parser.add_argument("--out", type=Path, required=True, help="a new folder for the suites and the sources")
    parser.add_argument("--seed", type=int, default=0, help="which questions are drawn (default 0)")
    parser.add_argument("--per-repo", type=int, default=25, help="most questions of a kind and repository (default 25)")
    options = parser.parse_args(arguments)
    try:
        if options.per_repo < 1:
            raise InputError("--per-repo must be 1 or more.")
        mine(read_sources(options.sources), options.out, seed=options.seed, n_per_repository=options.per_repo)
    except QuarryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: Cannot write {error.filename or options.out}: {error.strerror or error}.", file=sys.stderr)
        return 1
    return 0


def mine(sources: Sequence[MiningSource], out: Path, *, seed: int, n_per_repository: int) -> None:
    """Mine all sources and write both suites below ``out``. Raises a QuarryError in one line."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty: give a new folder, or remove it first.")
    settings = IndexerSettings()
    suites: dict[str, list[tuple[SuiteRepository, int]]] = {"commits": [], "docstrings": []}
    for source in sources:
        repository = FittingRepository(source, settings)
        commits = mine_history(repository, n_per_repository, seed).questions
        documentation = mine_docstrings(repository, n_per_repository, seed)
        documented = documentation.questions
        mined: dict[str, Sequence[MinedQuestion]] = {"commits": commits, "docstrings": documented}
        texts = {
            # A change log says what commits say in the same words: it would be found instead of the code.
            "commits": {path: text for path, text in repository.texts.items() if not is_changelog(path)},
            "docstrings": {**repository.texts, **documentation.blanked},
        }
        for suite, questions in mined.items():
            if questions:
                write_questions(out / suite, source.name, questions)
                write_checkout(out / f"checkouts-{suite}" / source.name, texts[suite])
                suites[suite].append((_entry(repository), len(questions)))
        print(
            f"{source.name}: {len(commits)} commits, {len(documented)} docstrings ({repository.language}, "
            f"{repository.commit[:12]})",
            flush=True,
        )
    if not any(suites.values()):
        raise HarvestError("No source gives a question: give repositories with a history and with documented code.")
    for suite, entries in suites.items():
        if entries:
            write_repositories(out / suite, entries)
            n_questions = sum(number for _, number in entries)
            print(f"{out / suite}: {n_questions} questions from {len(entries)} repositories")


def _entry(repository: FittingRepository) -> SuiteRepository:
    return SuiteRepository(repository.name, repository.language, repository.url, repository.commit)


if __name__ == "__main__":
    sys.exit(main())
