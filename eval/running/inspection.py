"""The one door to Inspect: runs cases under arms as one of its tasks, and reads its logs again.

Inspect asks no model: the solver asks the assistant and hands over what it answered, as a model of Inspect's would,
and the scorer hands over the score. So `inspect view` shows the model, prompts, answers, tokens, what was expected and
scores. Everything of a result is in its sample's store.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as run_inspect
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Scorer, Target, accuracy, grouped, scorer
from inspect_ai.scorer import Score as InspectScore
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolChoice, ToolInfo

from eval.arms import Arm
from eval.cases import Attempt, Case, Result
from eval.errors import RunStopped, UnreadableRun, as_sentence

from .records import FORMAT_VERSION

_RESULT = "result"  # in a sample's store
_VALUES = {"correct": CORRECT, "wrong": INCORRECT, "unanswered": NOANSWER}
_MESSAGES: Mapping[str, type[ChatMessageSystem] | type[ChatMessageUser]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
}

Ask = Callable[[Case, Arm], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one log holds: the cases of a task on a repository under some arms, and what is said of the run."""

    repo: str
    task: str
    version: int
    model: str
    cases: Sequence[Case]
    arms: Sequence[Arm]
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The task's name in Inspect."""
        return f"{self.repo}-{self.task}"


@dataclass(frozen=True, slots=True)
class LoggedResults:
    """The results that one log holds, in the order in which they were asked. ``is_whole``: the run came to its end.

    ``scored_by`` is that of the ``TaskSetup``, empty where it is not known. ``arms`` are those that the run was for.
    """

    path: Path
    repo: str
    task: str
    is_whole: bool
    arms: Sequence[str]
    scored_by: str
    results: Sequence[Mapping[str, Any]]


class _Answered(ModelAPI):
    """Stands for the assistant's model before Inspect: its next answer is the one that was set, and nobody is asked."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # as Inspect has it
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.answer: ModelOutput | None = None

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        assert self.answer is not None
        return self.answer


modelapi(name="quarry")(_Answered)


def run_plan(plan: Plan, ask: Ask, folder: Path) -> None:
    """Ask everything, case by case, the arms in turns, one at a time. Each result is on disk before the next is asked.

    Raises what ``ask`` raises, and KeyboardInterrupt when it was interrupted; the log then holds what was done.
    """
    environment = dict(os.environ)
    failures: list[BaseException] = []
    model = get_model(f"quarry/{plan.model}", memoize=False)
    pairs = {f"{case.id} {arm.name}": (case, arm) for case in plan.cases for arm in plan.arms}

    @solver
    def ask_assistant() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            if failures:
                raise failures[0]  # Inspect begins the next sample before it ends the run
            case, arm = pairs[str(state.sample_id)]
            _take_back(environment)
            try:
                result = await ask(case, arm)
            except Exception as error:
                failures.append(error)
                raise
            await _fill(state, result, model)
            return state

        return solve

    @scorer(metrics=[grouped(accuracy(), "arm")])
    def task_score() -> Scorer:
        async def score(state: TaskState, target: Target) -> InspectScore:
            result = state.store.get(_RESULT)
            said = result["score"]
            metadata = {"verdict": said["verdict"], **said["measures"]}
            if said["verdict"] == "error":  # nothing is known: it is in no figure of Inspect's either
                return InspectScore.unscored(reason="error", explanation=said["explanation"], metadata=metadata)
            return InspectScore(
                value=_VALUES[said["verdict"]],
                answer=said["normalised"],
                explanation=said["explanation"],
                metadata=metadata,
            )

        return score

    samples = [
        Sample(
            id=name,
            input=case.prompt,
            target=_find_expected(case),
            metadata={"case": case.id, "arm": arm.name, "kind": case.kind, "path": case.path, "data": dict(case.data)},
        )
        for name, (case, arm) in pairs.items()
    ]
    about = {
        "quarry_format": FORMAT_VERSION,
        "repo": plan.repo,
        "task": plan.task,
        "arms": [arm.name for arm in plan.arms],
        **plan.about,
    }
    task = Task(
        dataset=MemoryDataset(samples, name=plan.name),
        solver=ask_assistant(),
        scorer=task_score(),
        name=plan.name,
        version=plan.version,
    )
    try:
        logs = run_inspect(
            task,
            model=model,
            metadata=about,
            log_dir=str(folder),
            log_format="eval",
            log_buffer=1,
            log_realtime=False,
            log_level="error",
            max_samples=1,
            fail_on_error=True,
            display="none",
            score_display=False,
            ctl_server=False,
            acp_server=False,
            log_header_only=True,
        )
    finally:
        # Inspect reads a .env file of the folder that it is called in.
        os.environ.clear()
        os.environ.update(environment)
    if failures:
        raise failures[0]
    if not logs:
        raise KeyboardInterrupt
    if logs[0].status != "success":
        error = logs[0].error
        said = as_sentence(error.message if error is not None else logs[0].status)
        raise RunStopped(
            f"Inspect stopped the run: {said} The answers before are kept: run the same command again to go on."
        )


def _take_back(environment: Mapping[str, str]) -> None:
    """Undo what Inspect has read from a .env file: an address in it would lead a hosted model's prompts, and its key,
    to whoever wrote that file. Inspect's own variables stay."""
    for name in [each for each in os.environ if not each.startswith("INSPECT_") and each not in environment]:
        del os.environ[name]
    os.environ.update(environment)


def read_logs(folder: Path) -> Iterator[LoggedResults]:
    """Every log in ``folder``, oldest first. Raises UnreadableRun for a damaged one, or one of another version."""
    return map(read_log, sorted(folder.glob("*.eval")))


def read_log(path: Path, *, header_only: bool = False) -> LoggedResults:
    """One log; quickly, without its results, with ``header_only``. Raises UnreadableRun as ``read_logs`` does."""
    try:
        log = read_eval_log(str(path), header_only=header_only)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        said = str(error).split("\n")[0][:100] or type(error).__name__
        raise UnreadableRun(
            f"{path} is damaged ({said}): remove it and run the same command again, which has its answers still."
        ) from error
    about = log.eval.metadata or {}
    if about.get("quarry_format") != FORMAT_VERSION:
        raise UnreadableRun(
            f"{path} was written by another version of Quarry, or by another program: this one reads format "
            f"{FORMAT_VERSION}. Move it away, or run the evaluation again into another --out."
        )
    results = [sample.store[_RESULT] for sample in log.samples or [] if _RESULT in sample.store]
    repo, task, scored_by = (str(about.get(name, "")) for name in ("repo", "task", "scored_by"))
    return LoggedResults(path, repo, task, log.status == "success", about["arms"], scored_by, results)


def remove_superseded(plan: Plan, before: Sequence[Path], started_ns: int) -> None:
    """Remove those logs of ``before`` whose every result is in a newer one of the same task and repository.

    One that did not come to its end stays if it was written to since ``started_ns``, the time when this start began,
    in nanoseconds of the epoch: another process may be writing it.
    """
    for path in before:
        try:
            log = read_log(path, header_only=True)
            is_open = not log.is_whole and path.stat().st_mtime_ns >= started_ns
        except (UnreadableRun, OSError):
            continue  # said when it is read
        is_same = (log.repo, log.task) == (plan.repo, plan.task)
        if is_same and not is_open and set(log.arms) <= {arm.name for arm in plan.arms}:
            path.unlink(missing_ok=True)


def _find_expected(case: Case) -> str:
    """The value that is expected, where a case has one; what running decides has none."""
    question = case.data.get("question")
    holder = question if isinstance(question, Mapping) else case.data
    known = holder.get("answer", holder.get("value"))
    return known if isinstance(known, str) else ""


async def _fill(state: TaskState, result: Result, model: Model) -> None:
    """Put all of a result where Inspect keeps and shows it, a model's event for each attempt."""
    state.store.set(_RESULT, json.loads(json.dumps(asdict(result))))
    api = model.api
    assert isinstance(api, _Answered)
    for attempt in result.attempts:
        api.answer = ModelOutput.from_content(result.model, attempt.text, _stop_reason(attempt))
        api.answer.usage = ModelUsage(
            input_tokens=attempt.prompt_tokens,
            output_tokens=attempt.completion_tokens,
            total_tokens=attempt.prompt_tokens + attempt.completion_tokens,
        )
        messages = _to_messages(attempt.messages)
        state.output = await model.generate(messages)
        state.output.time = attempt.seconds
        state.messages = [*messages, ChatMessageAssistant(content=attempt.text, model=result.model)]
        state.completed = True


def _to_messages(messages: Sequence[Mapping[str, str]]) -> list[ChatMessage]:
    shown: list[ChatMessage] = []
    for message in messages:
        kind = _MESSAGES.get(message["role"], ChatMessageAssistant)
        shown.append(kind(content=message["content"]))
    return shown


def _stop_reason(attempt: Attempt) -> Any:
    return "max_tokens" if attempt.finish_reason == "length" else "stop"
