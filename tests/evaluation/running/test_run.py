"""Running: what is asked, what is kept, and that the same command goes on wherever it was stopped."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.budget import choose_budget
from assistant.errors import ModelUnavailable
from assistant.records import ContextBudget
from eval.cases import Result
from eval.errors import HarvestError, RunMismatch, RunStopped, UnreadableRun
from eval.report import make_report
from eval.running.folder import RunFolder
from eval.running.logs import read_run
from eval.tasks.base import Harvest
from indexer.errors import InputError, QuarryError, SourceError


def value_of(messages: list[dict[str, str]]) -> str:
    """The right answer where code is shown, a wrong one without."""
    last = messages[-1]["content"]
    number = {"rose": 1, "oak": 2, "elm": 3}[last.split("size_")[-1].split()[0]]
    return f"{number}0" if "=====CODE=====" in last else "99"


def results_of(bench: Any) -> list[Result]:
    """What the folder holds."""
    return read_run(bench.out)[1]


def cut_end(log: Path) -> None:
    """Leave the log as a process that is killed, or still at it, leaves it: without its header and the last case."""
    cut = log.with_name("cut.zip")
    with zipfile.ZipFile(log) as whole, zipfile.ZipFile(cut, "w") as torn:
        for name in whole.namelist():
            if name not in ("header.json", "summaries.json", "reductions.json") and "q3" not in name:
                torn.writestr(name, whole.read(name))
    cut.replace(log)


def test_arms_take_turns_and_differ_in_nothing_but_the_code(bench: Any, make_provider: Any) -> None:
    """Whatever part of a run is done is paired; both arms get the same task and the same cap."""
    provider = make_provider(value_of)
    bench.run(provider)
    assert [(r.case_id, r.arm) for r in results_of(bench)] == [
        (f"q{n}", arm) for n in (1, 2, 3) for arm in ("none", "retrieval")
    ]
    for alone, with_code in zip(provider.asked[::2], provider.asked[1::2], strict=True):
        task = alone[-1]["content"].removeprefix("Task: ")
        assert with_code[-1]["content"].endswith(f"Task: {task}")
        assert "=====CODE=====" not in alone[-1]["content"]


def test_a_result_is_kept_with_all_that_made_it(bench: Any, make_provider: Any) -> None:
    """Prompt, passages, text, verdict, measures, tokens and seconds of each answer are read back as they were."""
    provider = make_provider(value_of)
    bench.run(provider)
    none, retrieval = results_of(bench)[:2]
    attempt = retrieval.attempts[0]
    assert [dict(message) for message in attempt.messages] == provider.asked[1]
    assert (attempt.text, attempt.score.verdict, attempt.score.measures) == ("10", "correct", {"length": 2.0})
    assert (attempt.completion_tokens, attempt.finish_reason, attempt.is_cached) == (5, "stop", False)
    assert retrieval.score == attempt.score
    assert retrieval.found_sources is True
    assert retrieval.context_tokens > 0
    assert (none.score.verdict, none.found_sources, none.passages) == ("wrong", False, [])
    assert (none.repo, none.task, none.model) == ("sizes", "sizes", "stand-in/model")


def test_the_same_command_asks_nothing_again(bench: Any, make_provider: Any) -> None:
    """A second run finds every answer, changes no result but that it was known, and leaves one log."""
    bench.run(make_provider(value_of))
    first = results_of(bench)
    second = make_provider(value_of)
    bench.run(second)
    assert second.asked == []
    again = results_of(bench)
    assert all(result.attempts[0].is_cached for result in again)
    assert [(r.score, r.attempts[0].text, r.attempts[0].seconds) for r in again] == [
        (r.score, r.attempts[0].text, r.attempts[0].seconds) for r in first
    ]
    assert len(list((bench.out / "logs").glob("*.eval"))) == 1


def test_more_arms_join_a_run(bench: Any, make_provider: Any) -> None:
    """Arms that come later are asked alone, and the folder then holds all of them."""
    bench.run(make_provider(value_of))
    second = make_provider(value_of)
    bench.run(second, "placebo,oracle")
    assert len(second.asked) == 6
    assert {r.arm for r in results_of(bench)} == {"none", "retrieval", "placebo", "oracle"}
    assert read_run(bench.out)[0].arms == ["none", "retrieval", "placebo", "oracle"]


def test_a_run_without_the_baseline_says_what_it_cannot_tell(bench: Any, make_provider: Any) -> None:
    """Gains are told against the arm none: a folder that has it, of whatever start, needs no note."""
    bench.run(make_provider(value_of), "placebo,retrieval")
    assert [line for line in bench.said if line.startswith("note: without the arm none")]
    bench.run(make_provider(value_of), "none")
    bench.said.clear()
    bench.run(make_provider(value_of), "retrieval")
    assert not [line for line in bench.said if line.startswith("note: without the arm none")]


def test_ctrl_c_keeps_what_was_answered(bench: Any, make_provider: Any) -> None:
    """After Ctrl-C the answers so far are in the folder, and only the rest is asked."""

    def interrupt(messages: list[dict[str, str]]) -> str:
        if len(provider.asked) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return "1"

    provider = make_provider(interrupt)
    with pytest.raises(KeyboardInterrupt):
        bench.run(provider)
    assert [r.case_id for r in results_of(bench)][:3] == ["q1", "q1", "q2"]
    n_known = len(results_of(bench))
    second = make_provider(value_of)
    bench.run(second)
    assert len(second.asked) <= 6 - 3
    assert n_known < 6
    assert len(results_of(bench)) == 6


def test_a_log_without_an_end_is_read_as_far_as_it_is(bench: Any, make_provider: Any) -> None:
    """A process that is killed leaves a log without its header: the answers in it count."""
    bench.run(make_provider(value_of))
    [log] = (bench.out / "logs").glob("*.eval")
    cut_end(log)
    assert [r.case_id for r in results_of(bench)] == ["q1", "q1", "q2", "q2"]


@pytest.mark.parametrize(
    ("age_seconds", "is_ended", "is_kept"), [(-60, False, True), (60, False, False), (-60, True, False)]
)
def test_a_log_that_another_process_writes_is_left_alone(
    bench: Any, make_provider: Any, age_seconds: int, is_ended: bool, is_kept: bool
) -> None:
    """What is superseded goes, also a log without an end from before this start; one that is being written stays."""
    bench.run(make_provider(value_of))
    [log] = (bench.out / "logs").glob("*.eval")
    if not is_ended:
        cut_end(log)
    changed = time.time() - age_seconds
    os.utime(log, (changed, changed))
    bench.run(make_provider(value_of))
    assert log.exists() is is_kept


def test_an_error_is_kept_and_asked_again(bench: Any, make_provider: Any) -> None:
    """One case that fails does not stop the others; the next run asks it again, and the new answer counts."""

    def fail_once(messages: list[dict[str, str]]) -> str:
        if "oak" in messages[-1]["content"].split("Task: ")[1] and "CODE" in messages[-1]["content"]:
            raise ConnectionError("gone")
        return value_of(messages)

    bench.run(make_provider(fail_once))
    failed = [r for r in results_of(bench) if r.score.verdict == "error"]
    assert [(r.case_id, r.arm, list(r.attempts)) for r in failed] == [("q2", "retrieval", [])]
    assert "gone" in failed[0].score.explanation
    second = make_provider(value_of)
    bench.run(second)
    assert len(second.asked) == 1
    assert [r.score.verdict for r in results_of(bench)] == ["wrong", "correct"] * 3


def test_a_verdict_is_kept_for_the_code_that_gave_it(
    bench: Any, task: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests of an answer are not run twice, until what judges has changed: the answers are still known then."""
    task.runs_code = True
    bench.run(make_provider(value_of), "none", unsafe=True)
    bench.run(make_provider(value_of), "none", unsafe=True)
    assert len(task.scored) == 3
    monkeypatch.setattr("eval.running.verdicts.fingerprint_scoring", lambda module: "other")
    provider = make_provider(value_of)
    bench.run(provider, "none", unsafe=True)
    assert (len(task.scored), provider.asked) == (6, [])
    assert any("scored otherwise than before (code)" in line for line in bench.said)


def test_verdicts_of_other_code_stand_beside_none(
    bench: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start with other arms scores the earlier ones again from their kept answers, or they are left out."""
    bench.run(make_provider(value_of), "none,retrieval")
    monkeypatch.setattr("eval.running.verdicts.fingerprint_scoring", lambda module: "other")
    provider = make_provider(value_of)
    bench.run(provider, "oracle")
    assert len(provider.asked) == 3
    assert [r.arm for r in results_of(bench)] == ["none", "retrieval", "oracle"] * 3
    assert len(list((bench.out / "logs").glob("*.eval"))) == 1


def test_scoring_again_that_was_stopped_is_finished(
    bench: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start scores what is left, of arms that it was not asked for too, or they would miss most cases."""
    bench.run(make_provider(value_of), "none,retrieval")
    monkeypatch.setattr("eval.running.verdicts.fingerprint_scoring", lambda module: "other")

    class Stopping(list[Any]):
        def append(self, progress: Any) -> None:
            if progress.n_done == 3:
                raise RunStopped("The disk is full.")

    bench.seen = Stopping()
    with pytest.raises(RunStopped):
        bench.run(make_provider(value_of), "none")
    assert [(r.case_id, r.arm) for r in results_of(bench)] == [("q1", "none"), ("q1", "retrieval")]
    bench.seen = []
    provider = make_provider(value_of)
    bench.run(provider, "none")
    assert any("not all kept answers were scored again" in line for line in bench.said)
    assert (provider.asked, len(results_of(bench)), len(list((bench.out / "logs").glob("*.eval")))) == ([], 6, 1)
    bench.seen.clear()
    bench.run(provider, "none")
    assert len(bench.seen) == 3


def test_a_changed_file_that_no_index_holds_scores_again(
    bench: Any, task: Any, make_provider: Any, tmp_path: Path
) -> None:
    """Tests may read it: verdicts are made anew, of answers that are kept."""
    task.runs_code = True
    bench.repo = shutil.copytree(bench.repo, tmp_path / "sizes")
    (bench.repo / "vendor").mkdir()
    (bench.repo / "vendor" / "data.csv").write_text("1,2\n")
    bench.run(make_provider(value_of), "none", unsafe=True)
    (bench.repo / "vendor" / "data.csv").write_text("1,3\n")
    provider = make_provider(value_of)
    bench.run(provider, "none", unsafe=True)
    assert (provider.asked, len(task.scored)) == ([], 6)
    assert any("scored otherwise than before (files)" in line for line in bench.said)


def test_what_was_scored_otherwise_is_no_result(bench: Any, make_provider: Any) -> None:
    """After a start that scores otherwise and is stopped at once, the folder holds none of the earlier verdicts."""
    bench.run(make_provider(value_of), "none")
    folder = RunFolder(bench.out)
    [task] = folder.read_setup().tasks
    folder.add_task(replace(task, scoring={"code": "other"}), [])
    assert results_of(bench) == []
    assert task.scoring.keys() == {"code"}


def test_a_folder_whose_scoring_is_not_known_is_read_and_scored_again(bench: Any, make_provider: Any) -> None:
    """Folders from before it was recorded have reports; the next start says so, and asks nothing again."""
    bench.run(make_provider(value_of), "none")
    record = bench.out / "run.json"
    fields = json.loads(record.read_text())
    fields["tasks"][0] |= {"scoring": {}}
    record.write_text(json.dumps(fields))
    assert len(results_of(bench)) == 3
    provider = make_provider(value_of)
    bench.run(provider, "none")
    assert provider.asked == []
    assert any("it is not known how" in line for line in bench.said)
    assert read_run(bench.out)[0].tasks[0].scoring


def test_what_decides_verdicts_is_in_the_record(bench: Any, task: Any, make_provider: Any) -> None:
    """Where answers are run: the sandbox, and the interpreter with its packages, without its path."""
    task.runs_code = True
    bench.run(make_provider(value_of), "none", unsafe=True, python=Path(sys.executable), limit=1)
    [recorded] = read_run(bench.out)[0].tasks
    assert recorded.scoring.keys() == {"code", "sandbox", "files", "interpreter", "python", "environment"}
    assert (recorded.scoring["interpreter"], recorded.scoring["python"]) == ("given", platform.python_version())
    assert any(package.startswith("pytest==") for package in recorded.packages)
    assert str(Path(sys.executable).parent) not in (bench.out / "run.json").read_text()


@pytest.mark.parametrize(("is_verbatim", "text"), [(True, "It is [1]."), (False, "It is.")])
def test_a_task_may_judge_what_the_model_wrote(
    bench: Any, task: Any, cases: list[Any], make_provider: Any, is_verbatim: bool, text: str
) -> None:
    """Users do not see a citation that holds nothing; for a task whose answers look like one it is the answer."""
    task.is_verbatim = is_verbatim
    task.harvest = lambda given: Harvest([replace(cases[0], purpose="answer")])
    bench.run(make_provider(lambda messages: "It is [1]."), "none")
    [result] = results_of(bench)
    assert (task.scored, result.attempts[0].text) == ([text], text)


def test_two_cases_of_one_id_are_not_taken_for_one(bench: Any, task: Any, cases: list[Any], make_provider: Any) -> None:
    """What is kept is kept by the id: a task that gives one twice is told so before anything is asked."""
    task.harvest = lambda given: Harvest([cases[0]] * 2)
    provider = make_provider(value_of)
    with pytest.raises(HarvestError, match="same id"):
        bench.run(provider)
    assert provider.asked == []


def test_a_case_that_always_fails_stops_no_run(bench: Any, make_provider: Any) -> None:
    """A case that fails under every arm, each time, is an error under each; the others are asked all the same."""

    def fail_for_oak(messages: list[dict[str, str]]) -> str:
        if "size_oak return" in messages[-1]["content"]:
            raise ConnectionError("too long")
        return "1"

    bench.run(make_provider(fail_for_oak), "none,placebo,retrieval,oracle")
    failed = [r for r in results_of(bench) if r.score.verdict == "error"]
    assert [r.case_id for r in failed] == ["q2"] * 4
    assert len(results_of(bench)) == 12


def test_errors_in_three_cases_in_a_row_stop_the_run(bench: Any, make_provider: Any) -> None:
    """A model that is gone is not asked sixty times; the line says where the answers are and what to do."""

    def fail(messages: list[dict[str, str]]) -> str:
        if len(provider.asked) == 1:
            return "1"
        raise ModelUnavailable("The engine stopped.")

    provider = make_provider(fail)
    with pytest.raises(RunStopped, match=r"3 cases in a row.*The engine stopped\. .*same command") as caught:
        bench.run(provider)
    assert len(provider.asked) == 5
    assert "\n" not in str(caught.value)
    assert [r.score.verdict for r in results_of(bench)] == ["wrong", "error", "error", "error", "error"]


def test_a_scorer_that_fails_is_an_error_and_no_verdict(bench: Any, task: Any, make_provider: Any) -> None:
    """What a scorer trips over is recorded in one line with its kind; the other cases go on."""
    task.fails = lambda text: text == "20"
    bench.run(make_provider(value_of))
    failed = [r for r in results_of(bench) if r.score.verdict == "error"]
    assert [r.case_id for r in failed] == ["q2"]
    assert failed[0].score.explanation == "scoring failed: ZeroDivisionError: a bug"
    assert failed[0].attempts[0].text == "20"


def test_a_follow_up_is_a_second_attempt(bench: Any, task: Any, make_provider: Any) -> None:
    """The model is told what was wrong, once, with its first answer before it; the verdict stays that of the first."""
    task.follows_up = True

    def learn(messages: list[dict[str, str]]) -> str:
        return messages[-1]["content"].split("It is ")[1].rstrip(".") if "It is " in messages[-1]["content"] else "5"

    provider = make_provider(learn)
    bench.run(provider, "none", limit=1)
    [result] = results_of(bench)
    assert [attempt.score.verdict for attempt in result.attempts] == ["wrong", "correct"]
    assert result.score.verdict == "wrong"
    assert [message["role"] for message in provider.asked[1]] == ["system", "user", "assistant", "user"]
    assert provider.asked[1][2]["content"] == "5"


def test_a_follow_up_that_fails_is_recorded(
    bench: Any, task: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a scorer trips over while it words one is no verdict: the first answers stay, and the run goes on."""

    def fail(case: Any, text: str, score: Any) -> str:
        raise ZeroDivisionError("a bug\nof two lines")

    monkeypatch.setattr(task, "follow_up", fail)
    bench.run(make_provider(lambda messages: "10"), "none")
    found = results_of(bench)
    assert [(r.score.verdict, len(r.attempts)) for r in found] == [("correct", 1), ("wrong", 1), ("wrong", 1)]
    said = "no follow-up could be made: ZeroDivisionError: a bug"
    assert [r.extra.get("follow_up_error") for r in found] == [None, said, said]


def test_a_follow_up_without_its_task_is_no_second_attempt(bench: Any, task: Any, make_provider: Any) -> None:
    """Where the window has no room for the task beside the follow-up, what the model says to it is not judged."""
    task.follows_up = True
    results = []
    for n_words in (1, 400):
        provider = make_provider(lambda messages, n=n_words: "word " * n, f"stand-in/{n_words}", window_tokens=450)
        bench.out = bench.out.with_name(f"out-{n_words}")
        bench.run(provider, "none", limit=1)
        results += results_of(bench)
    short, long = results
    assert (len(short.attempts), short.extra) == (2, {"n_turns_left_out": 0})
    assert (len(long.attempts), long.extra["n_turns_left_out"]) == (1, 2)
    assert "no room for the task" in long.extra["follow_up_error"]
    assert task.scored.count("word " * 400) == 1


def test_a_result_says_from_which_pass_its_placebo_is(bench: Any, make_provider: Any) -> None:
    """The report counts those that had to take code near the case."""
    bench.run(make_provider(value_of), "placebo,retrieval")
    placebo, retrieval = results_of(bench)[:2]
    assert placebo.extra["placebo_pass"] in (0, 1, 2) and placebo.extra["placebo_target_tokens"] > 0
    assert "placebo_pass" not in retrieval.extra


def test_an_empty_answer_is_unanswered_and_kept(bench: Any, make_provider: Any) -> None:
    """A model that says nothing has answered: it is no error, and it is not asked again."""
    bench.run(make_provider(lambda messages: ""), "none")
    second = make_provider(value_of)
    bench.run(second, "none")
    assert second.asked == []
    assert [r.score.verdict for r in results_of(bench)] == ["unanswered"] * 3


@pytest.mark.parametrize(("window_tokens", "is_cut"), [(450, True), (8192, False)])
def test_a_prompt_that_the_window_cut_is_marked(
    bench: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch, window_tokens: int, is_cut: bool
) -> None:
    """By the tokens that were left of those asked for, in whatever words the budget explains itself."""

    def choose(**options: Any) -> ContextBudget:
        return replace(choose_budget(**options), reason="so it is")

    monkeypatch.setattr("assistant.preparing.choose_budget", choose)
    bench.run(make_provider(lambda messages: "1", window_tokens=window_tokens), "retrieval", limit=1)
    [result] = results_of(bench)
    assert result.extra.get("budget") == ("so it is" if is_cut else None)


def test_samples_are_further_answers_to_the_same_prompt(bench: Any, make_provider: Any) -> None:
    """Each case is asked several times with seeds of their own; the first answer stays the result."""
    replies = iter(["1", "10", "2"])
    provider = make_provider(lambda messages: next(replies))
    bench.run(provider, "none", limit=1, n_samples=3, temperature=0.8, seed=7)
    [result] = results_of(bench)
    assert result.score.verdict == "wrong"
    assert [(s["seed"], s["text"], s["verdict"]) for s in result.extra["samples"]] == [
        (7, "1", "wrong"),
        (8, "10", "correct"),
        (9, "2", "wrong"),
    ]
    assert provider.asked[0] == provider.asked[1] == provider.asked[2]
    [group] = make_report([bench.out])[0].groups
    assert group.arms[0].pass_at == pytest.approx({"1": 1 / 3, "3": 1.0})


def test_a_tree_is_searched_in_place_of_the_repository(
    bench: Any, task: Any, make_provider: Any, tmp_path: Path
) -> None:
    """What a harvest takes out of its tree is in no arm's prompt."""
    task.tree = tmp_path / "tree"
    shutil.copytree(bench.repo, task.tree)
    (task.tree / "m1.py").write_text("def size_rose():\n    ...\n")
    provider = make_provider(lambda messages: "1")
    bench.run(provider, "none,retrieval,placebo,oracle,dense,lexical,fused")
    assert len(results_of(bench)) == 21  # equal prompts are asked once
    assert all("return 10" not in message["content"] for sent in provider.asked for message in sent)


def test_verdicts_of_code_are_kept(bench: Any, task: Any, make_provider: Any) -> None:
    """Where scoring runs code, the same answer is not run again."""
    task.runs_code = True
    bench.run(make_provider(value_of), unsafe=True)
    assert len(task.scored) == 6
    bench.run(make_provider(value_of), unsafe=True)
    assert len(task.scored) == 6
    assert [r.score.verdict for r in results_of(bench)] == ["wrong", "correct"] * 3


@pytest.mark.parametrize(("option", "value"), [("seed", 1), ("context_tokens", 100), ("max_tokens", 5), ("limit", 2)])
def test_another_configuration_is_refused(bench: Any, make_provider: Any, option: str, value: int) -> None:
    """Answers of two configurations are never mixed: the line names what differs, and both values."""
    bench.run(make_provider(value_of), "none")
    with pytest.raises(RunMismatch, match=rf"{option} was .* is {value}.*--out") as caught:
        bench.run(make_provider(value_of), "none", **{option: value})
    assert "\n" not in str(caught.value)


def test_a_changed_repository_is_another_run(bench: Any, make_provider: Any, tmp_path: Path) -> None:
    """Answers about code that has changed are not taken for answers about the new one."""
    bench.repo = shutil.copytree(bench.repo, tmp_path / "sizes")
    bench.run(make_provider(value_of), "none")
    (bench.repo / "m1.py").write_text("def size_rose():\n    return 11\n")
    with pytest.raises(RunMismatch, match="sizes: content was"):
        bench.run(make_provider(value_of), "none")


def test_another_configuration_has_another_folder(bench: Any, make_provider: Any) -> None:
    """Without --out a configuration finds its own folder again; arms and tasks do not make another one."""
    paths = [
        bench.open(make_provider(value_of), arms, out=None, seed=seed).folder.path
        for arms, seed in (("none", 0), ("oracle", 0), ("none", 1))
    ]
    assert paths[0] == paths[1] != paths[2]


def test_a_log_of_another_version_is_one_line(bench: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log whose format this version does not know is named, with what to do."""
    bench.run(make_provider(value_of), "none")
    monkeypatch.setattr("eval.running.inspection.FORMAT_VERSION", 2)
    with pytest.raises(UnreadableRun, match=r"\.eval was written by another version.*--out") as caught:
        read_run(bench.out)
    assert "\n" not in str(caught.value)


def test_a_damaged_log_is_one_line(bench: Any, make_provider: Any) -> None:
    """A file that is no log is named, with what to do."""
    bench.run(make_provider(value_of), "none")
    [log] = (bench.out / "logs").glob("*.eval")
    log.write_bytes(log.read_bytes()[:300])
    with pytest.raises(UnreadableRun, match=r"\.eval is damaged.*same command") as caught:
        read_run(bench.out)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [HarvestError, SourceError])
def test_a_task_that_cannot_be_harvested_leaves_the_others(
    bench: Any, task: Any, make_provider: Any, monkeypatch: pytest.MonkeyPatch, kind: type[QuarryError]
) -> None:
    """With several repositories, one without cases is said and left out; alone it is an error."""
    empty = bench.out.parent / "empty"
    empty.mkdir()
    (empty / "a.txt").write_text("nothing here")
    harvest = task.harvest

    def pick(given: Any) -> Any:
        if given.repo == "empty":
            raise kind("No function with tests.")
        return harvest(given)

    monkeypatch.setattr(task, "harvest", pick)
    bench.run(make_provider(value_of), "none", repos=[str(empty), str(bench.repo)])
    assert "sizes on empty is left out: No function with tests." in bench.said
    assert len(results_of(bench)) == 3
    with pytest.raises(kind, match="No function with tests"):
        bench.run(make_provider(value_of), "none", repos=[str(empty)], out=bench.out.with_name("other"))


def test_a_repository_that_is_given_twice_counts_once(bench: Any, make_provider: Any) -> None:
    """However its path is written: two of it would count every case twice."""
    bench.run(make_provider(value_of), "none", repos=[str(bench.repo), f"{bench.repo}/far/.."])
    assert [r.case_id for r in results_of(bench)] == ["q1", "q2", "q3"]
    assert any("is given twice" in line for line in bench.said)


def test_a_repository_whose_name_is_not_utf_8_is_run(bench: Any, make_provider: Any, tmp_path: Path) -> None:
    """Its name is in the record, the logs and the report."""
    bench.repo = shutil.copytree(bench.repo, tmp_path / os.fsdecode(b"caf\xe9"))
    for _ in range(2):
        bench.run(make_provider(value_of), "none")
    assert len(results_of(bench)) == 3


def test_a_task_without_code_has_one_arm(bench: Any, task: Any, make_provider: Any) -> None:
    """A task about the model alone runs without a repository; arms that need code are left out, and said."""
    task.needs_repository = False
    bench.run(make_provider(lambda messages: "10"), repos=[])
    assert {r.arm for r in results_of(bench)} == {"none"}
    assert any("only the arm none" in line for line in bench.said)
    with pytest.raises(InputError, match="--arms none"):
        bench.run(make_provider(value_of), "retrieval", repos=[])


def test_a_repository_has_to_be_named(bench: Any, make_provider: Any) -> None:
    """A task about a repository says that it needs one before anything is written."""
    with pytest.raises(InputError, match="--repo PATH"):
        bench.run(make_provider(value_of), repos=[])
    assert not bench.out.exists()


def test_progress_counts_what_was_known(bench: Any, make_provider: Any) -> None:
    """Answers of earlier runs are counted apart, and do not make the rest look quick."""
    bench.run(make_provider(value_of), "none")
    bench.seen.clear()
    bench.run(make_provider(value_of))
    assert [(each.n_done, each.n, each.n_kept) for each in bench.seen] == [
        (1, 6, 1), (2, 6, 1), (3, 6, 2), (4, 6, 2), (5, 6, 3), (6, 6, 3)
    ]  # fmt: skip
    assert bench.seen[0].seconds_left is None
    assert bench.seen[-1].seconds_left == 0


def test_cases_are_kept_in_the_folder(bench: Any, make_provider: Any, cases: Any) -> None:
    """The cases are read back as they were asked."""
    bench.run(make_provider(value_of), "none")
    kept = RunFolder(bench.out).read_cases("sizes", "sizes")
    assert [replace(case, sources=list(case.sources)) for case in kept] == cases


def test_the_environment_is_left_alone(
    bench: Any, make_provider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .env file of the folder that a run is started in does not change this process."""
    (tmp_path / ".env").write_text("QUARRY_FROM_DOTENV=1\n")
    monkeypatch.chdir(tmp_path)
    bench.run(make_provider(value_of), "none")
    assert "QUARRY_FROM_DOTENV" not in os.environ
