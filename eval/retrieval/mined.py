"""A repository with questions that it gives itself, for where none are written.

Questions from docstrings are asked of the files without these docstrings; questions from history of the files as given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.errors import HarvestError
from eval.tables import count_noun
from indexer.repository import CommitSource, Source, default_name, open_source
from indexer.settings import IndexerSettings

from .blanking import BlankedSource
from .mining import docstrings, history
from .mining.docstrings import mine_docstrings
from .mining.history import mine_history
from .mining.repository import Mined, MinedRepository
from .records import ArmOutcome, RepositoryOutcome, RetrievalQuestion, SuiteRepository
from .run import OpenedRepository, check_questions

_BLANKED = "undocumented"  # the form of the files that docstring questions are asked of
_FOUND = {docstrings.CATEGORY: "documented definitions", history.CATEGORY: "commits"}


@dataclass(frozen=True, slots=True)
class OpenedMined:
    """A repository once for each kind of questions that it gives; what was made and left out, by kind; and notes."""

    parts: Sequence[OpenedRepository]
    mined: Mapping[str, Mined]
    notes: Sequence[str]

    @property
    def figures(self) -> dict[str, object]:
        """How many questions each kind gave, and how much was left out for what reason: plain data."""
        return {
            kind: {"n_questions": len(each.questions), "left_out": dict(each.left_out)}
            for kind, each in self.mined.items()
        }


def open_mined(path: str, settings: IndexerSettings, *, n_most: int, seed: int) -> OpenedMined:
    """A repository, by path or URL, with up to ``n_most`` questions of each kind, drawn by ``seed``.

    Raises HarvestError if it gives none, and other QuarryErrors, in one line.
    """
    source = open_source(path, clones=settings.home / "clones")
    repository = MinedRepository(source, default_name(path), settings.max_file_bytes)
    has_history = isinstance(source, CommitSource)
    if not has_history:
        source.notes = ()  # the one below says so
    mined = {docstrings.CATEGORY: mine_docstrings(repository, n_most, seed)}
    if has_history:
        mined[history.CATEGORY] = mine_history(repository, n_most, seed)
    if not any(each.questions for each in mined.values()):
        other = "no commit says in words what it did to it" if has_history else "it has no history, not being git's"
        raise HarvestError(
            f"No questions can be made from {source.origin}: none of its code is documented in a sentence that can be "
            f"asked, and {other}. Write some, and give them with --queries FILE."
        )
    suite = SuiteRepository(repository.name, repository.language)
    parts = [_open_part(suite, source, category, each, settings) for category, each in mined.items() if each.questions]
    return OpenedMined(parts, mined, [*_describe(repository, mined)])


def join_parts(outcomes: Sequence[RepositoryOutcome]) -> RepositoryOutcome:
    """The outcomes of one repository's parts as one. Its index is the last part's: of the files as given, if any is."""
    arms = [
        ArmOutcome(parts[0].arm, parts[-1].index, [asked for part in parts for asked in part.questions])
        for parts in zip(*(outcome.arms for outcome in outcomes), strict=True)
    ]
    return RepositoryOutcome(outcomes[0].repository, outcomes[0].commit, arms)


def _open_part(
    repository: SuiteRepository, source: Source, category: str, mined: Mined, settings: IndexerSettings
) -> OpenedRepository:
    questions = [
        RetrievalQuestion(question.query, question.relevant, category, number)
        for number, question in enumerate(mined.questions, 1)
    ]
    searched: Source = BlankedSource(source, mined.blanked) if mined.blanked else source
    form = _BLANKED if mined.blanked else ""
    return check_questions(repository, searched, questions, f"questions from {category}", settings, form=form)


def _describe(repository: MinedRepository, mined: Mapping[str, Mined]) -> Iterator[str]:
    """What was made and what was left out, a line each."""
    yield (
        f"no questions were given: they are made from {repository.name}. {len(repository.targets):,} of its "
        f"{count_noun(len(repository.texts), 'file')} may be asked about; tests, examples, documents, data, build "
        "files and generated parsers are left out."
    )
    for category, each in mined.items():
        n_found = len(each.questions) + sum(each.left_out.values())
        left_out = ", ".join(f"{n:,} {reason}" for reason, n in each.left_out.items() if n) or "none"
        yield (
            f"{category}: {count_noun(len(each.questions), 'question')} from {n_found:,} {_FOUND[category]}; "
            f"left out: {left_out}."
        )
    if history.CATEGORY not in mined:
        yield f"{repository.source.origin} is not kept by git and has no history: questions are from docstrings alone."
