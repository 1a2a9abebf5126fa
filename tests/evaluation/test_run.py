"""Running: what is asked, what is stored, and that a run goes on where it stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import ModelUnavailable
from assistant.events import AskRequest
from assistant.records import Passage
from eval.arms import Target, choose_arms
from eval.errors import EvaluationError, RunMismatch, RunStopped, UnreadableRun
from eval.records import RetrievedPassage, RunConfig
from eval.run import RunProgress, ask_questions, holds_answer
from eval.store import RunFolder
from eval.tasks.questions.records import Question
from indexer.errors import InputError

TARGET = Target("garden", "@worktree", 48)


def ask(questions: Sequence[Question], answerer: Any, folder: RunFolder, **options: Any) -> None:
    """Run both arms to the end."""
    asyncio.run(ask_questions(questions, choose_arms(["none", "retrieval"]), TARGET, answerer, folder, **options))


def value_of(request: AskRequest) -> str:
    """The right answer with retrieval, a wrong one without."""
    number = request.messages[0].content.split("SIZE_")[1][0]
    return f"`{number}0`" if request.retrieval else "`99`"


@pytest.fixture
def folder(tmp_path: Path, config: RunConfig, questions: list[Question]) -> RunFolder:
    """A folder that is ready for its first answer."""
    opened = RunFolder(tmp_path / "run")
    opened.claim(config, questions)
    return opened


def test_arms_differ_in_nothing_but_retrieval(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """Both arms get the same words and the same cap; only one of them may search, at the indexed ref."""
    answerer = stand_in(value_of)
    ask(questions, answerer, folder)
    for alone, with_code in zip(answerer.requests[::2], answerer.requests[1::2], strict=True):
        assert alone.messages == with_code.messages
        assert alone.max_tokens == with_code.max_tokens == 48
        assert (alone.retrieval, with_code.retrieval) == (False, True)
        assert (with_code.repo, with_code.ref) == ("garden", "@worktree")


def test_arms_take_turns_within_a_question(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """Whatever part of a run is done is paired."""
    ask(questions, stand_in(value_of), folder)
    assert [(a.question_id, a.arm) for a in folder.read_answers()] == [
        (f"q{n}", arm) for n in (1, 2, 3) for arm in ("none", "retrieval")
    ]


def test_an_answer_is_stored_with_all_that_made_it(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """Prompt, passages, text, verdict, tokens and seconds of each answer are on disk."""
    passage = Passage(1, "garden", None, "m1.py", 1, 5, "SIZE_1 = 10")
    ask(questions, stand_in(value_of, passages=[passage]), folder)
    none, retrieval = folder.read_answers()[:2]
    assert [message["role"] for message in retrieval.messages] == ["system", "user"]
    assert retrieval.messages[1]["content"] == retrieval.question
    assert retrieval.passages == [RetrievedPassage("m1.py", 1, 5)]
    assert (retrieval.text, retrieval.normalised, retrieval.verdict) == ("`10`", "10", "correct")
    assert (retrieval.prompt_tokens, retrieval.completion_tokens) == (100, 5)
    assert retrieval.retrieved_answer and not none.retrieved_answer
    assert (none.verdict, none.seconds >= 0) == ("wrong", True)


@pytest.mark.parametrize(
    ("path", "start_line", "end_line", "expected"),
    [
        ("m1.py", 1, 5, True),
        ("m1.py", 6, 9, True),
        ("m1.py", 1, 4, False),
        ("m1.py", 7, 9, False),
        ("m2.py", 5, 6, False),
    ],
)
def test_a_passage_holds_the_answer_if_it_overlaps_its_lines(
    questions: list[Question], path: str, start_line: int, end_line: int, expected: bool
) -> None:
    """The answer stands on lines 5 and 6 of m1.py; both ends count."""
    passage = Passage(1, "project", None, path, start_line, end_line, "\n" * (end_line - start_line))
    assert holds_answer(passage, questions[0]) is expected


def test_lines_that_an_excerpt_leaves_out_are_not_shown(questions: list[Question]) -> None:
    """An excerpt around the answer's lines, without them, does not hold the answer."""
    passage = Passage(1, "project", None, "m1.py", 4, 7, "a\n…\nb", lines=(4, None, 7))
    assert not holds_answer(passage, questions[0])


def test_a_run_that_was_interrupted_goes_on(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """After Ctrl-C what was answered is kept, and only the rest is asked."""
    answers = iter(["`1`", "`2`", "`3`"])
    with pytest.raises(KeyboardInterrupt):
        ask(questions, stand_in(lambda _: next(answers, KeyboardInterrupt())), folder)
    assert len(folder.read_answers()) == 3
    second = stand_in(value_of)
    ask(questions, second, folder)
    assert len(second.requests) == 3
    assert [answer.text for answer in folder.read_answers()] == ["`1`", "`2`", "`3`", "`20`", "`99`", "`30`"]


def test_a_torn_last_line_is_asked_again(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """A process that was killed while it wrote loses that one answer and nothing else."""
    ask(questions, stand_in(value_of), folder)
    file = folder.path / "answers.jsonl"
    file.write_bytes(file.read_bytes()[:-30])
    assert len(folder.read_answers()) == 5
    second = stand_in(value_of)
    ask(questions, second, folder)
    assert len(second.requests) == 1
    assert len(folder.read_answers()) == 6
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_a_finished_run_asks_nothing(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """The same command again only reads."""
    ask(questions, stand_in(value_of), folder)
    second = stand_in(value_of)
    ask(questions, second, folder)
    assert second.requests == []


def test_an_error_is_stored_and_the_run_goes_on(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """One question that fails does not stop the others; a rerun asks it again and the new answer counts."""

    def fail_once(request: AskRequest) -> str | BaseException:
        return ModelUnavailable("gone") if request.retrieval and "SIZE_2" in request.messages[0].content else "`99`"

    ask(questions, stand_in(fail_once), folder)
    failed = [answer for answer in folder.read_answers() if answer.verdict == "error"]
    assert [(answer.question_id, answer.arm, answer.error) for answer in failed] == [("q2", "retrieval", "gone")]
    second = stand_in(value_of)
    ask(questions, second, folder)
    assert len(second.requests) == 1
    assert [a.verdict for a in folder.read_answers() if (a.question_id, a.arm) == ("q2", "retrieval")] == ["correct"]


def test_three_errors_in_a_row_stop_the_run(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """A model that is gone is not asked sixty times; the line says where the answers are and what to do."""
    replies = iter(["`1`"])
    answerer = stand_in(lambda _: next(replies, ModelUnavailable("The engine stopped.")))
    with pytest.raises(RunStopped, match=r"3 errors in a row.*The engine stopped\..*same command") as caught:
        ask(questions, answerer, folder)
    assert len(answerer.requests) == 4
    assert "\n" not in str(caught.value)


def test_errors_that_are_not_in_a_row_do_not_stop_it(
    questions: list[Question], folder: RunFolder, stand_in: Any
) -> None:
    """An answer between two errors starts the count anew."""
    ask(questions, stand_in(lambda request: ModelUnavailable("gone") if request.retrieval else "`1`"), folder)
    assert [answer.verdict for answer in folder.read_answers()] == ["wrong", "error"] * 3


def test_a_bug_is_not_stored_as_an_answer(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """Only errors that users can meet count as answers; anything else comes up."""
    with pytest.raises(ZeroDivisionError):
        ask(questions, stand_in(lambda _: ZeroDivisionError()), folder)
    assert folder.read_answers() == []


def test_progress_counts_what_was_there_before(questions: list[Question], folder: RunFolder, stand_in: Any) -> None:
    """The count goes on from the answers of earlier runs, and they do not make the rest look fast."""
    ask(questions[:1], stand_in(value_of), folder)
    seen: list[RunProgress] = []
    ask(questions, stand_in(value_of), folder, on_progress=seen.append)
    assert [(progress.n_done, progress.n) for progress in seen] == [(3, 6), (4, 6), (5, 6), (6, 6)]
    assert RunProgress(4, 6, 2, 10.0).seconds_left == 10.0
    assert RunProgress(2, 6, 2, 0.0).seconds_left is None


@pytest.mark.parametrize(
    ("field", "value"), [("seed", 1), ("model", "other/model"), ("content", "beef"), ("arms", ["none"])]
)
def test_another_configuration_is_refused(
    folder: RunFolder, config: RunConfig, questions: list[Question], field: str, value: Any
) -> None:
    """Answers of two configurations are never mixed: the line names the field and both values."""
    with pytest.raises(RunMismatch, match=rf"{field} was .* is .*--out") as caught:
        folder.claim(replace(config, **{field: value}), questions)
    assert "\n" not in str(caught.value)


def test_the_same_configuration_is_taken_up(folder: RunFolder, config: RunConfig, questions: list[Question]) -> None:
    """Claiming a folder twice with equal configurations changes nothing, and its questions are as they were."""
    folder.claim(config, [])
    assert folder.read_questions() == questions


def test_a_folder_with_other_files_is_not_written_to(tmp_path: Path, config: RunConfig) -> None:
    """Somebody's files are not mixed with a run."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(EvaluationError, match="not empty"):
        RunFolder(tmp_path).claim(config, [])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_as_output_folder_is_one_line(tmp_path: Path, config: RunConfig) -> None:
    """An --out that cannot be a folder is an error that says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EvaluationError, match="--out"):
        RunFolder(tmp_path / "file" / "run").claim(config, [])


def test_a_folder_without_a_run_is_one_line(tmp_path: Path) -> None:
    """Reading what is no run says what to give instead."""
    with pytest.raises(UnreadableRun, match="quarry eval run"):
        RunFolder(tmp_path / "nothing").read_config()


def test_a_damaged_file_is_one_line(folder: RunFolder) -> None:
    """A line in the middle that is no JSON is named with its file."""
    (folder.path / "answers.jsonl").write_text("{broken\n")
    with pytest.raises(UnreadableRun, match=r"answers\.jsonl"):
        folder.read_answers()


@pytest.mark.parametrize("names", [["none", "magic"], [""], []])
def test_an_unknown_arm_is_refused_with_the_known_ones(names: list[str]) -> None:
    """The error lists what there is."""
    with pytest.raises(InputError, match="none, retrieval"):
        choose_arms(names)


def test_an_arm_that_is_named_twice_runs_once() -> None:
    """Order is kept, repeats are dropped."""
    assert [arm.name for arm in choose_arms(["retrieval", " none", "retrieval"])] == ["retrieval", "none"]
