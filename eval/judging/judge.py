"""Has a model judge pairs of answers of a run, blind to the arm and in both orders; stopped anywhere, it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.grounding.statements import without_citations
from eval.asked import find_asked
from eval.cases import Result
from eval.errors import HarvestError, RunStopped, as_sentence
from eval.tables import count_noun
from eval.tasks import FACTS
from eval.tasks.ordering import take_turns
from indexer.errors import QuarryError

from .figures import Group
from .records import Judgement, Reply
from .rubric import RUBRIC_VERSION, SYSTEM, read_reasons, read_reply, word_request
from .store import JudgementWriter, judging_file, pair_key, read_judgements

if TYPE_CHECKING:
    from .graders import Grader

MAX_ERRORS_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one case. ``task`` is the user's message without code that was retrieved."""

    task: str
    arm: Result
    baseline: Result

    @property
    def fingerprint(self) -> str:
        """Changes when one of the texts does."""
        texts = (self.task, _show(self.arm), _show(self.baseline))
        return hashlib.sha256("\x00".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Failure:
    """A pair without a judgement, and why. ``group`` says which figures it is missing from."""

    group: Group
    case_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of the pairs."""

    judgements: Sequence[Judgement]
    failures: Sequence[Failure]


def choose_pairs(results: Sequence[Result], arm: str, baseline: str, limit: int | None) -> list[Pair]:
    """The pairs to judge: those that execution parts and the others in turn, tasks in turn, in the order of a hash.

    So a part of the pairs has about as many that test the judge as it can. Cases without two answers are left out.
    """
    queues: dict[tuple[str, ...], list[tuple[str, Pair]]] = {}
    for key, arms in _answers_by_case(results).items():
        if arm in arms and baseline in arms:
            pair = Pair(find_asked(arms[baseline]), arms[arm], arms[baseline])
            parted = str(arms[arm].score.is_correct != arms[baseline].score.is_correct)
            digest = hashlib.sha256(" ".join(key).encode()).hexdigest()
            queues.setdefault((*key[:3], parted), []).append((digest, pair))
    ranked = [[pair for _, pair in sorted(queue, key=lambda each: each[0])] for _, queue in sorted(queues.items())]
    pairs = list(take_turns(ranked))
    if not pairs:
        raise HarvestError(f"The run holds no case with answers under both {arm} and {baseline}: run these arms first.")
    return pairs[:limit]


def match_judgements(judgements: Sequence[Judgement], results: Sequence[Result]) -> list[Judgement]:
    """The judgements by the present rubric of the answers that ``results`` hold, each pair once, the last of several.

    Verdicts are those of ``results``: answers may have been scored again since they were judged.
    """
    cells = _answers_by_case(results)
    matched: dict[tuple[str, ...], Judgement] = {}
    for each in judgements:
        arms = cells.get((each.model, each.repo, each.task, each.case_id), {})
        if each.rubric == RUBRIC_VERSION and each.arm in arms and each.baseline in arms:
            pair = Pair(find_asked(arms[each.baseline]), arms[each.arm], arms[each.baseline])
            if each.answers == pair.fingerprint:
                matched[pair_key(each)] = _with_verdicts(each, pair)
    return list(matched.values())


async def judge_pairs(
    folder: Path,
    pairs: Sequence[Pair],
    grader: Grader,
    on_progress: Callable[[int, int], None] = lambda done, n: None,
) -> Judged:
    """The judgements of ``pairs``; those that are in ``folder`` already are not asked again.

    A pair whose judging fails is passed over and named. Raises RunStopped after three errors in a row, and where
    nothing was judged; what was judged is kept.
    """
    known = {pair_key(judgement): judgement for judgement in read_judgements(folder)}
    writer = JudgementWriter(judging_file(folder, grader.model))
    judged: list[Judgement] = []
    failures: list[Failure] = []
    n_errors = 0
    for number, pair in enumerate(pairs, 1):
        found = known.get(_key_of(pair, grader.model))
        if found is None:
            try:
                found = await _judge(pair, grader)
            except QuarryError as error:
                n_errors += 1
                if n_errors == MAX_ERRORS_IN_A_ROW:
                    raise RunStopped(
                        f"Stopped after {n_errors} errors in a row, the last: {as_sentence(error)} What was judged is "
                        "kept: run the same command again to go on."
                    ) from error
                failures.append(Failure(_group_of(pair, grader.model), pair.arm.case_id, str(error)))
                continue
            writer.add(found)
        n_errors = 0
        judged.append(_with_verdicts(found, pair))
        on_progress(number, len(pairs))
    if not judged:
        raise RunStopped(
            f"Nothing was judged: {count_noun(len(failures), 'pair')} failed, the last: "
            f"{as_sentence(failures[-1].reason)} Run the same command again to try them again."
        )
    return Judged(judged, failures)


def describe_failures(failures: Sequence[Failure], n_pairs: int) -> str:
    """One line that counts the pairs without a judgement, names them and gives the last reason."""
    named = ", ".join(f"{each.case_id} of {each.group[3]} on {each.group[2]}" for each in failures)
    return (
        f"{len(failures)} of {count_noun(n_pairs, 'pair')} could not be judged and are in no figure: {named}. The last "
        f"error: {as_sentence(failures[-1].reason)} Run the same command again to try them again."
    )


def _answers_by_case(results: Sequence[Result]) -> dict[tuple[str, str, str, str], dict[str, Result]]:
    """The results that hold an answer: by model, repository, task and case, then by arm."""
    cells: dict[tuple[str, str, str, str], dict[str, Result]] = {}
    for result in results:
        if result.attempts and result.score.verdict != "error":
            cells.setdefault((result.model, result.repo, result.task, result.case_id), {})[result.arm] = result
    return cells


def _with_verdicts(judgement: Judgement, pair: Pair) -> Judgement:
    arm_passed, baseline_passed = pair.arm.score.is_correct, pair.baseline.score.is_correct
    return replace(judgement, arm_passed=arm_passed, baseline_passed=baseline_passed)


async def _judge(pair: Pair, grader: Grader) -> Judgement:
    baseline, arm = _show(pair.baseline), _show(pair.arm)
    return Judgement(
        judge=grader.model,
        rubric=RUBRIC_VERSION,
        model=pair.arm.model,
        repo=pair.arm.repo,
        task=pair.arm.task,
        case_id=pair.arm.case_id,
        arm=pair.arm.arm,
        baseline=pair.baseline.arm,
        arm_passed=pair.arm.score.is_correct,
        baseline_passed=pair.baseline.score.is_correct,
        answers=pair.fingerprint,
        forward=await _ask(grader, pair.task, baseline, arm),
        backward=await _ask(grader, pair.task, arm, baseline),
    )


async def _ask(grader: Grader, task: str, answer_a: str, answer_b: str) -> Reply:
    graded = await grader.grade(SYSTEM, word_request(task, answer_a, answer_b))
    winner, score_a, score_b = read_reply(graded.text)
    return Reply(
        text=graded.text,
        reasons=read_reasons(graded.text),
        winner=winner,
        score_a=score_a,
        score_b=score_b,
        seconds=graded.seconds,
        prompt_tokens=graded.prompt_tokens,
        completion_tokens=graded.completion_tokens,
        is_estimate=graded.is_estimate,
    )


def _key_of(pair: Pair, judge: str) -> tuple[str, ...]:
    place = (pair.arm.model, pair.arm.repo, pair.arm.task, pair.arm.case_id, pair.arm.arm, pair.baseline.arm)
    return (judge, RUBRIC_VERSION, *place, pair.fingerprint)


def _group_of(pair: Pair, judge: str) -> Group:
    return judge, pair.arm.model, pair.arm.repo, pair.arm.task, pair.arm.arm, pair.baseline.arm


def _show(result: Result) -> str:
    """The first answer. Numbers of citations would tell which one had code; in code they are values and stay."""
    text = result.attempts[0].text
    return without_citations(text) if result.task in FACTS else text
