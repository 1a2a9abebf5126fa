"""The loop over repositories and tasks: harvest, index, ask every case under every arm, keep everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.answer import Assistant
from assistant.budget import count_unit
from assistant.search import Searcher
from assistant.settings import AssistantSettings
from eval.arms import Arm
from eval.cases import Case, Result
from eval.errors import HarvestError, RunStopped, SandboxMissing, as_sentence
from eval.sandbox import Sandbox, open_sandbox
from eval.tables import count_noun
from eval.tasks import load_task
from eval.tasks.base import Harvest, Scorer, Task, TaskInput
from indexer.errors import InputError, QuarryError
from indexer.home import OpenedIndex

from .answers import KeepingProvider
from .asking import Asker, Labels, Target
from .contexts import ContextMaker
from .folder import RunFolder, default_folder, fingerprint_cases
from .identity import describe_code, describe_start, identify_model
from .indexes import TaskIndex, ensure_task_index, fingerprint_checkout, place_of
from .progress import OnProgress, ProgressCounter, print_indexing
from .records import DEFAULT_CONTEXT_TOKENS, RunSetup, TaskSetup
from .repositories import OpenedRepository, open_repositories
from .resuming import describe_rescoring, list_arms_to_rescore, take_cases
from .scores import KeepingScorer
from .store import KeptStore
from .verdicts import describe_scoring

if TYPE_CHECKING:
    from assistant.models.providers import Provider

# A model that is gone fails at once and always. A case that is too long fails alone, but under each arm.
MAX_FAILED_CASES_IN_A_ROW = 3

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a user asks for. ``repos`` are paths or URLs; ``limit`` and ``max_tokens`` None: each task's own.

    ``out`` None: a folder of the configuration's own. ``unsafe``: run generated code without a sandbox. Each case is
    answered ``n_samples`` times.
    """

    tasks: Sequence[str]
    repos: Sequence[str]
    arms: Sequence[Arm]
    limit: int | None = None
    seed: int = 0
    out: Path | None = None
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    max_tokens: int | None = None
    python: Path | None = None
    data: Path | None = None
    unsafe: bool = False
    temperature: float = 0.0
    n_samples: int = 1


class Run:
    """One start of an evaluation. ``say`` takes lines for the user."""

    def __init__(
        self, options: RunOptions, settings: AssistantSettings, provider: Provider, say: Say, on_progress: OnProgress
    ) -> None:
        self._options, self._settings, self._say, self._on_progress = options, settings, say, on_progress
        self._started_ns = time.time_ns()
        self._tasks = [load_task(name) for name in dict.fromkeys(options.tasks)]
        self._sandbox = _open_sandbox(options.unsafe, [task for task in self._tasks if task.runs_code])
        self._repos = open_repositories(options.repos, self._tasks, settings, say)
        self._model_identity = identify_model(provider, settings)
        self._store = KeptStore(settings.home / "evaluations" / "kept.sqlite")
        self._provider = KeepingProvider(provider, self._model_identity, self._store)
        setup = self._describe()
        self.folder = RunFolder(options.out or default_folder(settings.home, setup))
        if "none" not in self.folder.claim(setup).arms:
            say("note: without the arm none no gain over the model alone can be told: add it to --arms")

    def go(self) -> None:
        """Run each task on each repository. One that cannot be run is said and left out, unless none is left.

        Raises RunStopped, KeyboardInterrupt and what left out the last one; what was answered is kept.
        """
        failed: list[QuarryError] = []
        jobs = [
            (task, opened)
            for opened in self._repos
            for task in self._tasks
            if task.needs_repository == (opened.source is not None)
        ]
        for task, opened in jobs:
            try:
                self._run_task(task, opened)
            except RunStopped:
                raise
            except QuarryError as error:
                if len(jobs) == 1:
                    raise
                self._say(f"{task.name} on {opened.setup.name} is left out: {error}")
                failed.append(error)
        if len(failed) == len(jobs):
            raise failed[-1]

    def close(self) -> None:
        """Close what was opened for it; the provider is the caller's."""
        self._store.close()

    def _run_task(self, task: Task, opened: OpenedRepository) -> None:
        repo, source = opened.setup.name, opened.source
        origin = source.origin if source is not None else task.name
        given = TaskInput(
            source=source,
            repo=repo,
            folder=self._settings.home / "evaluations" / "tasks" / place_of(origin, repo) / task.name,
            seed=self._options.seed,
            limit=self._options.limit,
            max_file_bytes=self._settings.max_file_bytes,
            python=self._options.python,
            sandbox=self._sandbox,
            on_progress=lambda line: self._say(f"{task.name}: {line}"),
            data=self._options.data,
        )
        given.folder.mkdir(parents=True, exist_ok=True)
        harvest = task.harvest(given)
        for note in harvest.notes:
            self._say(f"{task.name}: {note}")
        if not harvest.cases:
            raise HarvestError(f"{task.name} makes no cases of {origin}: give another --repo.")
        if len({case.id for case in harvest.cases}) < len(harvest.cases):  # one would stand for both in what is kept
            raise HarvestError(f"{task.name} gives two cases of {origin} the same id: that is a bug, please report it.")
        described = self._describe_task(task, opened, harvest)
        cases = take_cases(self.folder, harvest, described)
        if cases.note:
            self._say(cases.note)
        index = ensure_task_index(
            source,
            harvest.tree,
            list(dict.fromkeys(case.ref for case in cases.all if case.ref)),
            repo=repo,
            task=task.name,
            settings=self._settings,
            on_progress=print_indexing(self._say),
            on_note=self._say,
        )
        arms = self._arms_for(task, index)
        content = index.content if index is not None else ""
        setup = replace(described, n_cases=len(cases.all), cases=fingerprint_cases(cases.all), index=content)
        superseded = self.folder.add_task(setup, cases.all)
        arms_to_rescore = list_arms_to_rescore(self.folder, setup, cases.asked, arms)
        if superseded is not None:
            self._say(describe_rescoring(superseded, setup))
        elif arms_to_rescore:
            self._say(f"{task.name} on {repo}: not all kept answers were scored again so far: that goes on")
        arms += arms_to_rescore
        names = ",".join(arm.name for arm in arms)
        n_cases = count_noun(len(cases.asked), "case")
        self._say(f"{task.name} on {repo}: {n_cases} under {names}, written to {self.folder.path}")
        asker = self._make_asker(task, setup, index, task.scorer(given, harvest))
        self._ask_all(task, setup, cases.asked, arms, asker)

    def _ask_all(self, task: Task, setup: TaskSetup, cases: Sequence[Case], arms: Sequence[Arm], asker: Asker) -> None:
        from .inspection import Plan, remove_superseded, run_plan

        repo = setup.repo
        counter = ProgressCounter(f"{task.name} on {repo}", len(cases), [arm.name for arm in arms])
        failed_in_a_row: set[str] = set()
        n_done = n_errors = n_short = 0
        last_error = ""

        async def ask(case: Case, arm: Arm) -> Result:
            nonlocal n_done, n_errors, n_short, last_error
            if len(failed_in_a_row) == MAX_FAILED_CASES_IN_A_ROW:
                raise self._stopped(len(failed_in_a_row), last_error)
            started = time.perf_counter()
            result = await asker.ask(case, arm)
            is_error = result.score.verdict == "error"
            if is_error:
                failed_in_a_row.add(case.id)
            else:
                failed_in_a_row.clear()
            n_done += 1
            n_errors += is_error
            n_short += result.is_short_placebo
            last_error = result.score.explanation if is_error else last_error
            self._on_progress(counter.add(result, time.perf_counter() - started))
            return result

        before = sorted(self.folder.logs.glob("*.eval"))
        about = {"model": self._provider.model, "seed": self._options.seed, "identity": self._model_identity}
        about["scored_by"] = setup.scored_by
        plan = Plan(repo, task.name, task.version, self._provider.model, cases, arms, about)
        started = time.perf_counter()
        run_plan(plan, ask, self.folder.logs)
        if said := counter.describe_time(time.perf_counter() - started):
            self._say(said)
        if len(failed_in_a_row) == MAX_FAILED_CASES_IN_A_ROW or n_errors == n_done:  # with the last case of all
            raise self._stopped(len(failed_in_a_row), last_error)
        if n_short:
            self._say(
                f"{task.name} on {repo}: {n_short} of {len(cases)} placebos are shorter than what was retrieved: the "
                "index holds too little that has nothing to do with the case"
            )
        if not n_errors and len(cases) == setup.n_cases:
            remove_superseded(plan, before, self._started_ns)

    def _stopped(self, n_failed: int, last_error: str) -> RunStopped:
        cases = f"{n_failed} cases in a row" if n_failed > 1 else "the only case"
        return RunStopped(
            f"Stopped after errors in {cases}, the last: {as_sentence(last_error)} The answers before are kept in "
            f"{self.folder.path}: run the same command again to go on."
        )

    def _make_asker(self, task: Task, setup: TaskSetup, index: TaskIndex | None, scorer: Scorer) -> Asker:
        home = index.home if index is not None else self._settings.home / "evaluations" / "no-index"
        settings = self._settings.model_copy(update={"home": home})
        searcher = Searcher(home)
        assistant = Assistant(settings, self._provider, searcher)
        unit = count_unit(self._provider.count_text)

        def make_contexts(opened: OpenedIndex) -> ContextMaker:
            return ContextMaker(
                assistant,
                searcher,
                opened,
                count_text=self._provider.count_text,
                context_tokens=self._options.context_tokens * unit,
                max_tokens=setup.max_tokens,
                seed=self._options.seed,
            )

        contexts = None
        if index is not None:
            contexts = lru_cache(maxsize=1)(lambda ref: make_contexts(index.open(ref)))  # arms take turns within a case
        target = Target(
            repo=setup.repo if index is not None else None,
            ref=index.ref if index is not None else None,
            max_tokens=setup.max_tokens,
            context_tokens=self._options.context_tokens * unit,
            counts_a_token=unit,
            seed=self._options.seed,
            temperature=self._options.temperature,
            n_samples=self._options.n_samples,
        )
        if task.runs_code:
            scorer = KeepingScorer(scorer, self._what_decides_scores(setup), self._store)
        labels = Labels(setup.repo, task.name, self._provider.model)
        return Asker(labels, assistant, self._provider, scorer, target, contexts)

    def _what_decides_scores(self, setup: TaskSetup) -> dict[str, Any]:
        """What a verdict depends on beside case and answer: what judges, the repository, where its tests run."""
        return {"task": setup.task, "scored_by": setup.scored_by, "data": str(self._options.data or "")}

    def _arms_for(self, task: Task, index: TaskIndex | None) -> list[Arm]:
        arms = [arm for arm in self._options.arms if index is not None or not arm.needs_index]
        if not arms:
            raise InputError(f"{task.name} has no code to search, so its only arm is none: give --arms none.")
        if len(arms) < len(self._options.arms):
            self._say(f"{task.name} has no code to search: only the arm none is run")
        return arms

    def _describe(self) -> RunSetup:
        options = self._options
        start = describe_start(
            [arm.name for arm in options.arms],
            [task.name for task in self._tasks],
            self._sandbox.name if self._sandbox is not None else "",
        )
        return RunSetup(
            model=self._provider.model,
            model_identity=self._model_identity,
            seed=options.seed,
            context_tokens=options.context_tokens,
            window_tokens=self._provider.window_tokens,
            max_tokens=options.max_tokens,
            limit=options.limit,
            decisive=describe_code(self._settings),
            temperature=options.temperature,
            n_samples=options.n_samples,
            repos=[each.setup for each in self._repos if each.source is not None],
            starts=[start],
        )

    def _describe_task(self, task: Task, opened: OpenedRepository, harvest: Harvest) -> TaskSetup:
        """The set-up of a task, but for its cases and their index."""
        files = fingerprint_checkout(opened.source) if opened.source is not None and task.runs_code else ""
        scoring, packages = describe_scoring(task, harvest, self._sandbox, self._options.python, files)
        return TaskSetup(
            repo=opened.setup.name,
            task=task.name,
            version=task.version,
            limit=self._options.limit or task.default_limit,
            n_cases=0,
            max_tokens=self._options.max_tokens or task.max_tokens,
            cases="",
            index="",
            notes=list(harvest.notes),
            scoring=scoring,
            packages=packages,
        )


def _open_sandbox(unsafe: bool, needed_by: Sequence[Task]) -> Sandbox | None:
    """The sandbox; None where there is none and no task runs code. Raises SandboxMissing."""
    try:
        return open_sandbox(unsafe=unsafe)
    except SandboxMissing:
        if needed_by:
            raise
        return None
