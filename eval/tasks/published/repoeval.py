"""RepoEval, function level: write the functions that the set names, decided by their repository's own tests.

One repository a run, named by ``--repo``. It differs from the task `completion` in who chose the functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Case
from eval.errors import HarvestError
from eval.tasks.base import Harvest, Scorer, TaskInput
from eval.tasks.completion import make_prompt, make_query
from eval.tasks.repository.answers import TestedAnswerScorer
from eval.tasks.repository.deciding import Decided, confirm
from eval.tasks.repository.functions import spread
from eval.tasks.repository.heldout import HeldOutRepository
from eval.tasks.repository.placing import body_of
from eval.tasks.repository.records import Function, ambiguous_keys
from eval.tasks.repository.tested import TestedRepository, open_tested_repository

from .items import Item, find_file, read_items

_FIELDS = {"prompt": str, "metadata": dict}
_PATTERNS = ["function_level*.jsonl*", "*.jsonl"]


class RepoEval:
    """The functions of RepoEval that belong to a repository and that its tests decide, pass@1."""

    name = "repoeval"
    version = 4
    description = "RepoEval's functions, from your copy (--data) and a repository of it (--repo): its own tests decide"
    needs_repository = True
    runs_code = True
    max_tokens = 768
    default_limit = 60

    def harvest(self, given: TaskInput) -> Harvest:
        """The set's functions whose tests fail without their body. Raises HarvestError, EnvironmentFailed."""
        path = find_file(given, self.name, _PATTERNS, "function_level_completion_2k_context_codex.test.jsonl")
        items = read_items(path, _FIELDS, None)
        wanted = [(item, _place(item, path)) for item in items]
        repository = open_tested_repository(given)
        functions: dict[str, Function] = {}
        missing: list[int] = []
        for item, place in wanted:
            text = repository.checkout.texts.get(place.path)
            if text is None:
                continue
            function = find_function(repository.functions, text, place)
            if function is not None:
                functions.setdefault(function.key, function)
            else:
                missing.append(item.line)
        if not functions:
            about = sorted({str(item["metadata"]["fpath_tuple"][0]) for item in items})
            raise HarvestError(f"{path.name} has no function of {given.repo}: it is about {', '.join(about[:10])}.")
        limit = given.limit or self.default_limit
        ambiguous = ambiguous_keys(repository.functions)  # an answer might be put in the place of another one
        ordered = [each for each in spread(list(functions.values()), given.seed) if each.key not in ambiguous]
        decided, reasons = confirm(repository, ordered, limit, given.on_progress)
        if n_ambiguous := len(functions) - len(ordered):
            reasons["defined more than once in their file"] = n_ambiguous
        if not decided:
            told = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
            raise HarvestError(f"No function of {given.repo} in {path.name} is decided by its tests: {told}.")
        held = HeldOutRepository.of(repository)
        cases = [_make_case(repository, held, each) for each in decided]
        notes = [*repository.notes, *held.notes]
        if missing:
            why = "not found in their file, or within another function"
            notes.append(f"{len(missing)} of the set's functions are left out: {why} (line {missing[0]}, for one).")
        notes += [f"{n} of the set's functions are left out: {why}." for why, n in reasons.most_common()]
        return Harvest(cases, held.folder, notes, repository.environment, repository, repository.decides)

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs the tests that decide."""
        return TestedAnswerScorer(harvest)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the set says that a body stands: the file within the repository, and its first line, where it says so."""

    path: str
    truth: str
    line: int | None


def _place(item: Item, path: Path) -> Place:
    """Raises HarvestError."""
    metadata: Mapping[str, object] = item["metadata"]
    parts, truth, line = (metadata.get(name) for name in ("fpath_tuple", "ground_truth", "lineno"))
    if not isinstance(parts, list) or len(parts) < 2:
        raise HarvestError(f"{path}, line {item.line}: `metadata` has no `fpath_tuple` with a repository and a path.")
    if not isinstance(truth, str) or not truth.strip():
        raise HarvestError(f"{path}, line {item.line}: `metadata` has no `ground_truth`.")
    return Place("/".join(map(str, parts[1:])), truth, line + 1 if isinstance(line, int) else None)


def find_function(functions: Iterable[Function], text: str, place: Place) -> Function | None:
    """The function of that file whose body is the one that is asked for, of several the one nearest to its line.

    The set's bodies begin behind the comments that stand first. None for a function within another one.
    """
    wanted = _squeezed(place.truth)
    found = [each for each in functions if each.path == place.path and _without_comments(text, each) == wanted]
    line = place.line or 0
    return min(found, key=lambda function: abs(function.body_start_line - line)) if found else None


def _without_comments(text: str, function: Function) -> Sequence[str]:
    lines = _squeezed(body_of(text, function))
    return list(itertools.dropwhile(lambda line: line.startswith("#"), lines))


def _squeezed(body: str) -> Sequence[str]:
    return [" ".join(line.split()) for line in body.splitlines() if line.strip()]


def _make_case(repository: TestedRepository, held: HeldOutRepository, decided: Decided) -> Case:
    function = decided.function
    text = repository.text_of(function.path)
    ref, sources = held.hide(function)
    data = {"function": function.key, "tests": [test.id for test in decided.tests]}
    return Case(
        function.key, "repoeval", "method" if function.owner else "function", function.path,
        make_prompt(text, function), make_query(text, function), sources, "python", data=data, ref=ref,
    )  # fmt: skip


TASK = RepoEval()
