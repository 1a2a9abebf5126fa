"""Judges with known habits: what is reported of them is what they do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ModelUnavailable
from assistant.prompts import build_prompt
from assistant.records import Passage
from eval.cases import Score
from eval.errors import HarvestError, RunStopped, UnreadableRun
from eval.judging.figures import summarise_judgements
from eval.judging.judge import Judged, choose_pairs, describe_failures, judge_pairs, match_judgements
from eval.judging.records import JudgeFigures, Judgement
from eval.judging.store import judging_file, read_judgements
from eval.report import make_report
from eval.report.reading import Runs

TOO_LONG = ModelUnavailable("stand-in/judge took too long to answer: ask for less, or use a smaller model")


def run_judge(folder: Path, results: list[Any], judge: Any, limit: int | None = None) -> list[Judgement]:
    """The judgements of all pairs of a run."""
    return list(judge_all(folder, results, judge, limit).judgements)


def judge_all(folder: Path, results: list[Any], judge: Any, limit: int | None = None) -> Judged:
    """What becomes of all pairs of a run."""
    return asyncio.run(judge_pairs(folder, choose_pairs(results, "retrieval", "none", limit), judge))


def figures_of(folder: Path, results: list[Any], judge: Any) -> JudgeFigures:
    """The figures of one judge."""
    (figures,) = summarise_judgements(run_judge(folder, results, judge))
    return figures


def test_a_judge_that_is_always_right_agrees_fully(tmp_path: Path, results: list[Any], right_judge: Any) -> None:
    """Kappa 1, no bias, the arm preferred as often as execution does, scores as it gives them."""
    found = figures_of(tmp_path, results, right_judge)
    assert (found.n_pairs, found.n_parsed, found.n_ties) == (24, 24, 8)
    assert (found.agreement.n_hits, found.agreement.n) == (16, 16)
    assert found.kappa == 1.0
    assert found.position_bias.n_hits == 0
    assert (found.first_place.n_hits, found.first_place.n) == (16, 32)
    assert (found.preferred.n_hits, found.preferred.n) == (12, 16)
    assert (found.mean_score_passed, found.mean_score_failed) == (9, 2)


def test_a_judge_that_always_says_a_is_seen_through(tmp_path: Path, results: list[Any], first_judge: Any) -> None:
    """All of its preferences go with the place: they are worth nothing, and agree with nothing."""
    found = figures_of(tmp_path, results, first_judge)
    assert found.position_bias.share == 1.0
    assert found.first_place.share == 1.0
    assert (found.agreement.n_hits, found.agreement.n) == (0, 16)
    assert found.preferred.n == 0
    assert found.kappa == 0.0


def test_a_judge_that_always_prefers_an_arm_is_right_by_luck_only(
    tmp_path: Path, results: list[Any], make_judge: Any
) -> None:
    """Right wherever that arm gained: agreement 12 of 16, but no kappa to speak of."""
    known = {result.attempts[0].text for result in results if result.arm == "retrieval"}
    judge = make_judge(lambda a, b: json.dumps({"winner": "A" if a in known else "B"}))
    for number, result in enumerate(results):
        object.__setattr__(result.attempts[0], "text", f"{result.arm} text {number}")
    known = {result.attempts[0].text for result in results if result.arm == "retrieval"}
    found = figures_of(tmp_path, results, judge)
    assert (found.agreement.n_hits, found.agreement.n, found.position_bias.n_hits) == (12, 16, 0)
    assert found.kappa is not None and found.kappa == pytest.approx(0.0)


def test_the_judge_does_not_learn_the_arm(tmp_path: Path, make_result: Any, right_judge: Any) -> None:
    """No name of an arm, no retrieved code, no citation: the task is that of the arm without code, in both orders."""
    results = [
        make_result("none", "q1", False, task="questions", text="It is 5."),
        make_result("retrieval", "q1", True, task="questions", text="It is 4 [1]. right [12]"),
    ]
    run_judge(tmp_path, results, right_judge)
    forward, backward = right_judge.requests
    for request in (forward, backward):
        assert "Solve q1." in request
        for telling in ("retrieval", "none", "PASSAGES", "[1]", "[12]"):
            assert telling not in request
    assert forward.index("It is 5.") < forward.index("It is 4.")
    assert backward.index("It is 4.") < backward.index("It is 5.")


@pytest.mark.parametrize("texts", [[], ["a = 1\n=====CODE=====", "b = 2"]])
def test_a_baseline_with_code_shows_the_judge_none(make_result: Any, texts: list[str]) -> None:
    """Set against the placebo the task is still the user's message alone, also where nothing was found."""
    passages = [Passage(n, "garden", "HEAD", None, f"m{n}.py", 1, 1, text) for n, text in enumerate(texts, 1)]
    message = str(build_prompt("Solve it.\n\nAll of it.", [], passages, purpose="code")[-1].content)
    results = [make_result("placebo", "q1", False), make_result("retrieval", "q1", True)]
    object.__setattr__(results[0].attempts[0], "messages", [{"role": "user", "content": message}])
    [pair] = choose_pairs(results, "retrieval", "placebo", None)
    assert pair.task == "Task: Solve it.\n\nAll of it."


def test_citations_of_free_answers_are_not_shown(tmp_path: Path, make_result: Any, right_judge: Any) -> None:
    """They are prose too, and only an answer that had code has any."""
    fields = {"task": "questions-free", "text": "It is 4 [1]. right"}
    results = [make_result("none", "q1", False, task="questions-free"), make_result("retrieval", "q1", True, **fields)]
    run_judge(tmp_path, results, right_judge)
    assert "[1]" not in right_judge.requests[0]


def test_a_value_in_an_answer_is_no_citation(tmp_path: Path, make_result: Any, right_judge: Any) -> None:
    """A list or an index within a code span is what was answered; only the number behind it is a citation."""
    text = "`CODES = [5]` and `codes[0]` [2]. right"
    results = [
        make_result("none", "q1", False, task="questions"),
        make_result("retrieval", "q1", True, task="questions", text=text),
    ]
    run_judge(tmp_path, results, right_judge)
    assert "`CODES = [5]` and `codes[0]`. right" in right_judge.requests[0]


def test_indices_in_code_are_no_citations(tmp_path: Path, make_result: Any, right_judge: Any) -> None:
    """Code is shown as it was written."""
    results = [make_result("none", "c1", False, text="x[0]"), make_result("retrieval", "c1", True, text="y[1] right")]
    run_judge(tmp_path, results, right_judge)
    assert "x[0]" in right_judge.requests[0] and "y[1]" in right_judge.requests[0]


def test_what_cannot_be_read_is_counted_and_never_guessed(tmp_path: Path, results: list[Any], make_judge: Any) -> None:
    """Every third reply is a poem."""
    replies = iter(range(1000))
    judge = make_judge(lambda a, b: "Roses are red." if next(replies) % 3 == 0 else '{"winner": "A"}')
    found = figures_of(tmp_path, results, judge)
    assert found.n_unparsed_replies == 16
    assert found.n_parsed == 8


def test_one_orders_tie_leaves_it_to_the_other(tmp_path: Path, make_result: Any, make_judge: Any) -> None:
    """A preference and a tie are a preference; two preferences for the same place are none."""
    results = [make_result("none", "c1", False), make_result("retrieval", "c1", True)]
    replies = iter(['{"winner": "B"}', '{"winner": "tie"}'])
    found = figures_of(tmp_path, results, make_judge(lambda a, b: next(replies)))
    assert (found.agreement.n_hits, found.preferred.n_hits, found.n_ties) == (1, 1, 0)


def test_it_goes_on_where_it_stopped(tmp_path: Path, results: list[Any], right_judge: Any, make_judge: Any) -> None:
    """What was judged is not asked again, a torn line is; another answer to the same case is another pair."""
    first = run_judge(tmp_path, results, right_judge, limit=5)
    path = judging_file(tmp_path, right_judge.model)
    path.write_text(path.read_text() + '{"judge": "stan')
    right_judge.requests.clear()
    again = run_judge(tmp_path, results, right_judge, limit=6)
    assert again[:5] == first
    assert len(right_judge.requests) == 2
    object.__setattr__(choose_pairs(results, "retrieval", "none", 1)[0].arm.attempts[0], "text", "right, but new")
    right_judge.requests.clear()
    run_judge(tmp_path, results, right_judge, limit=6)
    assert len(right_judge.requests) == 2
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_model_that_is_gone_stops_the_judging(tmp_path: Path, results: list[Any], make_judge: Any) -> None:
    """After three errors in a row; what was judged before is kept, and one error alone is passed over."""
    numbers = iter(range(1000))
    flaky = make_judge(lambda a, b: TOO_LONG if next(numbers) == 0 else '{"winner": "A"}')
    assert len(run_judge(tmp_path, results, flaky, limit=4)) == 3
    gone = make_judge(lambda a, b: TOO_LONG, model="stand-in/gone")
    with pytest.raises(RunStopped, match=r"3 errors in a row.*use a smaller model\. What was judged is kept"):
        run_judge(tmp_path, results, gone)
    assert len(read_judgements(tmp_path)) == 3


def test_a_pair_that_fails_is_counted_and_named(tmp_path: Path, results: list[Any], make_judge: Any) -> None:
    """It is in the figures, and in a line with its case, the reason and what to do."""
    numbers = iter(range(1000))
    flaky = make_judge(lambda a, b: TOO_LONG if next(numbers) == 0 else '{"winner": "A"}')
    judged = judge_all(tmp_path, results, flaky, limit=4)
    [failure] = judged.failures
    [figures] = summarise_judgements(judged.judgements, [failure.group])
    assert (figures.n_pairs, figures.n_failed) == (3, 1)
    line = describe_failures(judged.failures, 4)
    assert line.startswith("1 of 4 pairs could not be judged")
    assert f"{failure.case_id} of completion on garden. The last error: {TOO_LONG}. Run the same command again" in line


def test_nothing_judged_is_an_error(tmp_path: Path, results: list[Any], make_judge: Any) -> None:
    """Fewer pairs than stop the judging: an empty table would look like a result."""
    gone = make_judge(lambda a, b: TOO_LONG)
    with pytest.raises(
        RunStopped, match=r"Nothing was judged: 2 pairs failed, the last: .* smaller model\. Run the same"
    ):
        run_judge(tmp_path, results, gone, limit=2)


def test_figures_have_the_verdicts_of_today(tmp_path: Path, results: list[Any], right_judge: Any) -> None:
    """Answers that were scored again since they were judged count as they are scored now, in the run and the report."""
    run_judge(tmp_path, results, right_judge)
    now = [replace(result, score=Score("wrong" if result.score.is_correct else "correct", "")) for result in results]
    again = run_judge(tmp_path, now, right_judge)
    for judgements in (again, match_judgements(read_judgements(tmp_path), now)):
        [found] = summarise_judgements(judgements)
        assert (found.n_pairs, found.agreement.n_hits, found.agreement.n) == (24, 0, 16)
        assert found.kappa is not None and found.kappa < 0.1
        assert (found.mean_score_passed, found.mean_score_failed) == (2, 9)


def test_only_what_holds_for_the_present_answers_counts(
    tmp_path: Path, results: list[Any], right_judge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pair counts once, whatever was asked anew since: its answer, by another rubric, or in another folder."""
    old = run_judge(tmp_path, results, right_judge)
    first = results[0].attempts[0]
    now = [replace(results[0], attempts=[replace(first, text="bad, but new")]), *results[1:]]
    assert len(match_judgements(old, now)) == 23
    new = run_judge(tmp_path, now, right_judge)
    assert len(match_judgements(read_judgements(tmp_path), now)) == 24
    assert len(match_judgements([*old, *new, *new], now)) == 24
    assert match_judgements(new, [result for result in now if result.arm != "none"]) == []
    monkeypatch.setattr("eval.judging.judge.RUBRIC_VERSION", "next")
    assert match_judgements(new, now) == []
    run_judge(tmp_path, now, right_judge, limit=5)
    assert [each.rubric for each in match_judgements(read_judgements(tmp_path), now)] == ["next"] * 5


def test_a_report_counts_a_pair_once(
    tmp_path: Path, results: list[Any], right_judge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same pair in two folders that are put together is one."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        run_judge(folder, results, right_judge, limit=6)
    monkeypatch.setattr("eval.report.report.read_runs", lambda *_: Runs([], results))
    [figures] = make_report(folders)[0].judges
    assert figures.n_pairs == 6


def test_parted_pairs_come_as_often_as_the_others(results: list[Any]) -> None:
    """A part of the pairs tests the judge as all of them would, and is the same in every run."""
    pairs = choose_pairs(results, "retrieval", "none", 8)
    parted = [pair.arm.score.is_correct != pair.baseline.score.is_correct for pair in pairs]
    assert sum(parted) == 4
    again = choose_pairs(list(reversed(results)), "retrieval", "none", 8)
    assert [pair.arm.case_id for pair in pairs] == [pair.arm.case_id for pair in again]


def test_a_run_without_both_arms_says_so(results: list[Any]) -> None:
    """There is nothing to judge."""
    with pytest.raises(HarvestError, match="oracle and none"):
        choose_pairs(results, "oracle", "none", None)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Rather than half of it being reported."""
    path = judging_file(tmp_path, "x/y")
    path.parent.mkdir()
    path.write_text('{"judge": 1}\n')
    with pytest.raises(UnreadableRun, match=r"x-y\.jsonl is damaged"):
        read_judgements(tmp_path)
