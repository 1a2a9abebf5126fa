"""The questions as tasks: what a case holds, what a scorer says, and the lines for too few."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assistant.records import Answer, Citation, Passage, TokenCount, Trace, Usage
from eval.cases import Case
from eval.errors import HarvestError
from eval.tasks import load_task
from eval.tasks.base import TaskInput
from eval.tasks.questions.task import FREE, TASK, ExactScorer, FreeScorer, QuestionsTask, read_question
from indexer.repository import open_source

SOURCE = "HINGES = 7\n\n\ndef swing(angle, speed=12):\n    raise Jammed\n\n\nclass Gate(Barrier): ...\n"


def make_input(path: Path, limit: int | None = None, source: str = SOURCE) -> TaskInput:
    """A repository of one file."""
    (path / "repo").mkdir(exist_ok=True)
    (path / "repo" / "farm.py").write_text(source)
    opened = open_source(str(path / "repo"), clones=path / "clones")
    return TaskInput(opened, "farm", path, 0, limit, 10_000, None, None, lambda line: None)


def cases_of(task: QuestionsTask, path: Path) -> dict[str, Case]:
    """The cases by kind."""
    return {case.kind: case for case in task.harvest(make_input(path)).cases}


def test_a_case_asks_with_the_form_and_searches_without(tmp_path: Path) -> None:
    """The prompt is the question and how to answer, the query the question alone; the lines are its source."""
    case = cases_of(TASK, tmp_path)["default"]
    assert case.prompt == f"{case.query} Answer with the value only, in backticks."
    assert [(span.path, span.start_line, span.end_line) for span in case.sources] == [("farm.py", 4, 4)]
    assert (case.task, case.purpose, case.language, case.data["named"]) == ("questions", "answer", "python", False)


def test_the_free_task_asks_the_same_without_the_form(tmp_path: Path) -> None:
    """Same ids, same kinds; the prompt is the question alone."""
    with_form, free = TASK.harvest(make_input(tmp_path)).cases, FREE.harvest(make_input(tmp_path)).cases
    assert [case.id for case in with_form] == [case.id for case in free]
    assert all(case.prompt == case.query for case in free)


def test_both_tasks_are_listed() -> None:
    """They are found by their names."""
    assert load_task("questions") is TASK and load_task("questions-free") is FREE


@pytest.mark.parametrize(
    ("text", "exact", "free"),
    [
        ("`12`", "correct", "correct"),
        ("It is 12, as the signature says.", "wrong", "correct"),
        ("It is `13`.", "wrong", "wrong"),
        ("I do not know.", "unanswered", "unanswered"),
        ("", "unanswered", "unanswered"),
    ],
)
def test_verdicts(tmp_path: Path, text: str, exact: str, free: str) -> None:
    """The exact scorer wants the value alone, the free one that it is said."""
    case = cases_of(TASK, tmp_path)["default"]
    assert ExactScorer().score(case, text).verdict == exact
    assert FreeScorer().score(case, text).verdict == free


@pytest.mark.parametrize(
    ("piece", "exact", "free"),
    [
        ("`12`, as it stands in the signature, ", "correct", "correct"),
        ("The default of `speed` is 12 and ", "wrong", "correct"),
        ("`13` or `14` or ", "wrong", "wrong"),
        ("[1] ", "wrong", "wrong"),
        ("[", "wrong", "wrong"),
        ("-", "wrong", "wrong"),
        ("1", "wrong", "wrong"),
        ("```\n12\n", "correct", "correct"),
        ("I do not know. ", "unanswered", "unanswered"),
        ("\n", "unanswered", "unanswered"),
    ],
)
def test_text_without_an_end_has_a_verdict(tmp_path: Path, piece: str, exact: str, free: str) -> None:
    """An answer that repeats itself until it is cut within a word is judged by its beginning, and soon."""
    case = cases_of(TASK, tmp_path)["default"]
    text = (piece * 10_000)[:10_001]
    began = time.process_time()
    assert ExactScorer().score(case, text).verdict == exact
    assert FreeScorer().score(case, text).verdict == free
    assert time.process_time() - began < 5


def test_exact_answers_are_judged_as_the_model_wrote_them() -> None:
    """A list such as [1] is not lost to the scan for citations; in a sentence it may be a citation, and is none."""
    exact, free = ExactScorer(), FreeScorer()
    assert (exact.is_verbatim, free.is_verbatim) == (True, False)


def test_extras_judge_the_citations(tmp_path: Path) -> None:
    """A citation of the answer's line holds it; whether the question names its symbol goes with it."""
    case = cases_of(TASK, tmp_path)["default"]
    passage = Passage(1, "farm", "HEAD", None, "farm.py", 1, 8, SOURCE)
    none = TokenCount(0, True)
    citations = [Citation(1, "farm", "HEAD", None, "farm.py", line, line, 0, 4) for line in (4, 8)]
    answer = Answer(
        "`12` [1]", [passage], "m", Usage(1, 1), "stop", {}, Trace("1", [], [], 0, none, none), [], citations, 2
    )
    scorer = TASK.scorer(make_input(tmp_path), TASK.harvest(make_input(tmp_path)))
    extras = scorer.extras(case, answer)
    assert [each["on_answer"] for each in extras["citations"]] == [True, False]
    assert (extras["n_citations_removed"], extras["names_symbol"]) == (2, False)


def test_a_stored_case_gives_its_question_back(tmp_path: Path) -> None:
    """What the scorer needs is in the case's data."""
    for case in TASK.harvest(make_input(tmp_path)).cases:
        question = read_question(case)
        assert (question.id, question.kind, question.text) == (case.id, case.kind, case.query)


def test_nothing_to_ask_is_one_line(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(HarvestError, match=r"the 1 file of .*larger --repo") as caught:
        TASK.harvest(make_input(tmp_path, None, "import os\n"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("limit", [None, 90])
def test_fewer_questions_than_wanted_are_asked_with_a_note(tmp_path: Path, limit: int | None) -> None:
    """A small repository is asked what can be asked about it, and the note has both numbers."""
    harvest = TASK.harvest(make_input(tmp_path, limit))
    n, wanted = len(harvest.cases), limit or TASK.default_limit
    assert f"Only {n} questions can be asked, of {wanted} that were wanted." in harvest.notes
    assert not [line for line in TASK.harvest(make_input(tmp_path, n)).notes if line.startswith("Only")]
