"""The figures of grounding: which citations hold the answer, what is counted, and that markers change no score."""

from __future__ import annotations

import pytest

from assistant.records import Citation, Passage
from eval.probes import Probe, to_report, wrong_answers
from eval.tasks.questions.grounding import judge_citation, says
from eval.tasks.questions.records import Question
from eval.tasks.questions.scoring import score_answer

QUESTION = Question(
    "q1", "default", "What is `timeout` of `Client.fetch`?", "30", (), "a.py", 12, 12, "Client.fetch", "timeout"
)
TEXT = 'class Client:\n    def fetch(self,\n        timeout=30, mode="x", n=5):\n        raise Missing\n'
PASSAGE = Passage(2, "project", "HEAD", None, "a.py", 10, 14, TEXT, "Client")


@pytest.mark.parametrize(
    ("path", "lines", "on_answer", "holds"),
    [
        ("a.py", (11, 12), True, True),
        ("a.py", (10, 11), False, False),
        ("b.py", (12, 12), False, True),
    ],
)
def test_a_citation_holds_the_answer_by_lines_or_by_text(
    path: str, lines: tuple[int, int], on_answer: bool, holds: bool
) -> None:
    """Overlap with the answer's lines counts, and so do lines elsewhere that say both the name and the answer."""
    passage = Passage(2, "project", "HEAD", None, path, 10, 14, TEXT)
    judged = judge_citation(Citation(2, "project", "HEAD", None, path, *lines, 0, 5), [passage], QUESTION)
    assert (judged.on_answer, judged.holds_answer) == (on_answer, holds)
    assert judged.text == "\n".join(TEXT.split("\n")[lines[0] - 10 : lines[1] - 9])


@pytest.mark.parametrize(
    ("text", "answer", "said"),
    [
        ("it is `30`", "30", True),
        ("it is 300", "30", False),
        ("an 'x y'", "'x y'", True),
        ("raises c.Error", "b.Error", True),
    ],
)
def test_saying_an_answer(text: str, answer: str, said: bool) -> None:
    """An answer is said as a word of its own, quotes and qualifiers aside."""
    assert says(text, answer) is said


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("`30` [1]", "correct"),
        ("30 [1]", "correct"),
        ("The answer is 30. [1]", "correct"),
        ("```\n30\n```\n[1]", "correct"),
        ("The default is `30`. [1] [2]\n", "correct"),
        ("`60` [1]", "wrong"),
        ("60. [1]", "wrong"),
    ],
)
def test_markers_change_no_score(text: str, verdict: str) -> None:
    """Wherever grounding puts its markers, the answer is found and judged as without them."""
    assert score_answer(QUESTION, text).verdict == verdict
    assert score_answer(QUESTION, text.replace(" [1]", "").replace("\n[1]", "").replace(" [2]", "")).verdict == verdict


def test_wrong_answers_stand_in_the_passages_and_are_wrong() -> None:
    """False statements are made of other values, or other names, of the same passages."""
    assert wrong_answers(QUESTION, [PASSAGE]) == ['"x"', "5"]
    raises = Question("q2", "raises", "?", "Missing", (), "a.py", 13, 13, "Client.fetch")
    assert wrong_answers(raises, [PASSAGE]) == []


def test_the_report_of_probes() -> None:
    """True statements count where they are cited on the answer's lines, false ones where they are cited at all."""
    probes = [Probe("default", True, "", 1, 1), Probe("default", True, "", 1, 0), Probe("default", False, "", 1, 0)]
    last = to_report(probes).strip().split("\n")[-1]
    assert [cell.strip() for cell in last.strip("|").split("|")] == [
        "all",
        "0.500 (1 of 2)",
        "0.500 (1 of 2)",
        "1.000 (1 of 1)",
    ]
