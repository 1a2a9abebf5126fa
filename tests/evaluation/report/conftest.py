"""Made-up results by a seeded factory: two repositories, two models, tasks with gains, with none, and with losses."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from eval.cases import Attempt, Result, Score, ShownPassage, Verdict
from eval.judging.records import JudgeFigures
from eval.report.build import build_report
from eval.report.records import Report
from eval.running.records import RepoSetup, RunSetup, Start, TaskSetup
from eval.stats import count_share

MakeResult = Callable[..., Result]
MakeReport = Callable[..., Report]

# What each arm gets right, by task: retrieval helps completion, does nothing for reasoning, hurts generation.
RATES = {
    "questions": {"none": 0.1, "placebo": 0.08, "retrieval": 0.5, "oracle": 0.8},
    "completion": {"none": 0.2, "placebo": 0.18, "retrieval": 0.42, "oracle": 0.5},
    "repair": {"none": 0.35, "placebo": 0.33, "retrieval": 0.38, "oracle": 0.6},
    "reasoning": {"none": 0.4, "placebo": 0.4, "retrieval": 0.41, "oracle": 0.4},
    "generation": {"none": 0.6, "retrieval": 0.4},
    "optimisation": {"none": 0.5, "retrieval": 0.55},
}
KINDS = {
    "questions": ["default", "constant", "raises", "caller", "unanswerable"],
    "repair": ["comparison", "arithmetic", "return"],
}
TOKENS = {
    "none": 0,
    "placebo": 900,
    "retrieval": 900,
    "oracle": 350,
    "dense": 880,
    "lexical": 870,
    "retrieval:k=5": 500,
}
ERROR = "the server gave no answer within 900 s"


def make_result(arm: str = "none", case_id: str = "c1", *, correct: bool = False, **fields: Any) -> Result:
    """A result; what is not named is plain."""
    verdict: Verdict = fields.pop("verdict", "correct" if correct else "wrong")
    explanation = fields.pop("explanation", "all tests pass" if verdict == "correct" else "3 of 7 tests fail")
    score = Score(verdict, explanation, "return 1", fields.pop("measures", {}))
    messages = [{"role": "system", "content": "You write code."}, {"role": "user", "content": f"Task {case_id}"}]
    tokens = fields.pop("context_tokens", TOKENS.get(arm, 600))
    attempt = Attempt(
        messages=fields.pop("messages", messages),
        text=fields.pop("text", f"def answer_{case_id.replace('-', '_')}():\n    return {arm!r} < 3 & 4\n"),
        score=score,
        finish_reason="stop",
        prompt_tokens=200 + tokens,
        completion_tokens=60,
        seconds=fields.pop("seconds", 2.0 + tokens / 90),
        prompt_seconds=0.5 + tokens / 100,
        scoring_seconds=0.4,
    )
    attempts = [] if verdict == "error" else [attempt, *fields.pop("more", ())]
    plain: dict[str, Any] = {
        "repo": "garden",
        "task": "completion",
        "model": "embedded/qwen2.5-coder-0.5b",
        "kind": "function",
        "path": f"{case_id}.py",
        "language": "python",
        "passages": [ShownPassage("beds.py", 3, 9)] if tokens else [],
        "found_sources": None,
        "retrieval_ms": 4.0 if tokens else 0.0,
    }
    return Result(arm=arm, case_id=case_id, score=score, attempts=attempts, context_tokens=tokens, **(plain | fields))


def make_task(task: str = "completion", repo: str = "garden", **fields: Any) -> TaskSetup:
    """A task of a set-up; what is not named is plain."""
    plain: dict[str, Any] = {"version": 1, "limit": 0, "n_cases": 2, "max_tokens": 400, "cases": "1", "index": "i"}
    return TaskSetup(repo=repo, task=task, **(plain | fields))


def make_start(**fields: Any) -> Start:
    """A start; what is not named is plain."""
    plain: dict[str, Any] = {"started_at": "2026-11-25T10:00:00", "arms": (), "tasks": (), "quarry_version": ""}
    plain |= {"quarry_commit": "", "sandbox": "", "machine": {}, "versions": {}}
    return Start(**(plain | fields))


def make_setup(*tasks: TaskSetup, repos: Sequence[str] = (), **fields: Any) -> RunSetup:
    """A set-up of ``tasks`` and of repositories by their names; what is not named is plain."""
    content = fields.pop("content", "c0ffee")
    plain: dict[str, Any] = {"model": "m", "model_identity": {}, "seed": 0, "context_tokens": 900, "window_tokens": 0}
    plain |= {"max_tokens": None, "limit": None, "decisive": {}, "tasks": tasks}
    plain["repos"] = [RepoSetup(name, name, "@worktree", None, content) for name in repos]
    return RunSetup(**(plain | fields))


def make_results(task: str, repo: str, model: str, n: int, arms: list[str], seed: int) -> list[Result]:
    """Results of one group: cases share their difficulty over arms, three of them a file."""
    chance = random.Random(f"{task} {repo} {model} {seed}")
    results = []
    for number in range(n):
        kind = chance.choice(KINDS.get(task, ["function"]))
        difficulty, found = chance.random(), chance.random() < 0.7
        for arm in arms:
            rates = RATES[task]
            rate = rates.get(arm, rates["retrieval"] - 0.05) + (0.15 if "1.5b" in model else 0)
            if arm not in ("none", "placebo", "oracle"):
                rate += 0.1 if found else -0.25
            correct = 0.6 * difficulty + 0.4 * chance.random() < rate
            is_searched = arm not in ("none", "placebo", "oracle")
            fields: dict[str, Any] = {}
            if task == "questions":
                fields["extra"] = {"names_symbol": chance.random() < 0.6}
                if arm == "retrieval":
                    holds = chance.random() < 0.6
                    fields["confidence"] = min(0.999, max(0.0, (0.7 if found else 0.3) + chance.gauss(0, 0.2)))
                    fields["extra"] |= {
                        "citations": [{"on_answer": holds, "holds_answer": holds or chance.random() < 0.1}],
                        "n_citations_removed": int(chance.random() < 0.1),
                    }
                    fields["unknown_names"] = ["compost_all"] if chance.random() < 0.08 else []
            if task == "optimisation":
                fields["measures"] = {"speedup": round(2 ** chance.gauss(1.2 if arm == "retrieval" else 1, 1), 3)}
            if not correct and chance.random() < 0.1:
                fields |= {"verdict": "unanswered", "explanation": "no code in the answer"}
            elif chance.random() < 0.01:
                fields |= {"verdict": "error", "explanation": ERROR}
            if task == "repair" and not correct and fields.get("verdict") != "error":
                after = chance.random() < 0.15
                fields["more"] = make_result(arm, f"{task}-{number}", correct=after).attempts
            results.append(
                make_result(
                    arm,
                    f"{task}-{number}",
                    correct=correct,
                    task=task,
                    repo=repo,
                    model=model,
                    kind=kind,
                    path=f"{repo}/{task}_{number // 3}.py",
                    found_sources={"oracle": True, "none": False, "placebo": False}.get(arm, found)
                    if is_searched or arm == "oracle"
                    else False,
                    seconds=(2.0 + TOKENS.get(arm, 600) / 90) * chance.uniform(0.8, 1.3),
                    **fields,
                )
            )
    return results


def make_run(seed: int = 1, n: int = 36) -> tuple[list[RunSetup], list[Result]]:
    """A small model on two repositories, a larger one on one, its repair not complete; ablations of one task."""
    results: list[Result] = []
    setups = []
    main = ["none", "placebo", "retrieval", "oracle"]
    for model in ("embedded/qwen2.5-coder-0.5b", "embedded/qwen2.5-coder-1.5b"):
        tasks = []
        is_small = "0.5b" in model
        for repo in ("garden", "harbour")[: 2 if is_small else 1]:
            for task in ("questions", "completion", "repair", "reasoning"):
                arms = [*main, "dense", "lexical", "retrieval:k=5"] if task == "completion" else main
                results += make_results(task, repo, model, n, arms, seed)
                tasks.append(make_task(task, repo, n_cases=n))
        for task in ("generation", "optimisation") if is_small else ():
            results += make_results(task, "built-in", model, n // 2, ["none", "retrieval"], seed)
            tasks.append(make_task(task, "built-in", n_cases=n // 2))
        setups.append(make_setup(*tasks, model=model, seed=seed))
    cut = [result for result in results if (result.task, result.arm) == ("repair", "oracle") and "1.5b" in result.model]
    dropped = {id(result) for result in cut[n // 2 :]}
    return setups, [result for result in results if id(result) not in dropped]


@pytest.fixture(name="make_result")
def make_result_fixture() -> MakeResult:
    """Makes one result."""
    return make_result


@pytest.fixture(scope="session")
def run() -> tuple[list[RunSetup], list[Result]]:
    """A made-up run: its set-ups and results."""
    return make_run()


def make_judge(judge: str = "anthropic/judge", **fields: Any) -> JudgeFigures:
    """A judge's figures; what is not named is plain."""
    plain: dict[str, Any] = {
        "model": "embedded/qwen2.5-coder-0.5b",
        "repo": "garden",
        "task": "completion",
        "arm": "retrieval",
        "baseline": "none",
        "n_pairs": 36,
        "n_parsed": 34,
        "n_unparsed_replies": 3,
        "position_bias": count_share(n < 5 for n in range(34)),
        "first_place": count_share(n < 41 for n in range(66)),
        "n_ties": 7,
        "preferred": count_share(n < 16 for n in range(27)),
        "agreement": count_share(n < 11 for n in range(13)),
        "kappa": 0.4321,
        "mean_score_passed": 7.26,
        "mean_score_failed": 3.84,
    }
    return JudgeFigures(judge=judge, **(plain | fields))


@pytest.fixture(scope="session")
def report(run: tuple[list[RunSetup], list[Result]]) -> Report:
    """The report of the made-up run."""
    setups, results = run
    return build_report(
        setups, results, name="abc1234-20261125T200000", made_at="2026-11-25T20:00:00Z", commit="abc1234"
    )


@pytest.fixture(scope="session")
def judged(report: Report) -> Report:
    """The same where two models judged the completions, of which one said nothing that can be read."""
    nothing = dict.fromkeys(("position_bias", "first_place", "preferred", "agreement"), count_share([]))
    silent: dict[str, Any] = {"kappa": None, "mean_score_passed": None, "mean_score_failed": None, "n_parsed": 0}
    return replace(report, judges=[make_judge(), make_judge("google/judge", n_ties=0, **silent, **nothing)])


@pytest.fixture
def report_of() -> MakeReport:
    """Makes the report of some results."""

    def make(*results: Result, **fields: Any) -> Report:
        return build_report(
            fields.pop("setups", [make_setup()]),
            results,
            name="test",
            made_at="2026-11-25T20:00:00Z",
            commit="abc",
            **fields,
        )

    return make
