"""What answers of all sorts are worth, and what the model is told for a second try."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.sandbox import Sandbox
from eval.tasks.concurrency.catalogue import BY_NAME
from eval.tasks.concurrency.scoring import ConcurrencyScorer
from eval.tasks.concurrency.task import make_case

PROGRAM = BY_NAME["seats"]
CASE = make_case(PROGRAM)


@pytest.mark.parametrize("text", ["", "The seat must be taken before paying."])
def test_no_code_is_unanswered(scorer: ConcurrencyScorer, text: str) -> None:
    """An empty answer and prose are unanswered, and the program is asked for again."""
    score = scorer.score(CASE, text)
    assert score.verdict == "unanswered"
    assert "program" in (scorer.follow_up(CASE, text, score) or "")


def test_follow_up_tells_the_schedule(scorer: ConcurrencyScorer) -> None:
    """After a wrong answer the model is told which property failed, with the message; after a right one nothing."""
    text = f"```python\n{PROGRAM.read('planted')}```"
    score = scorer.score(CASE, text)
    said = scorer.follow_up(CASE, text, score) or ""
    assert score.verdict == "wrong" and "seats sold to five passengers on three seats" in said
    assert 0 < score.measures["share_of_tests"] < 1
    text = f"```python\n{PROGRAM.read('repaired')}```"
    assert scorer.follow_up(CASE, text, scorer.score(CASE, text)) is None


def test_the_sandbox_lets_programs_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """As evaluations run them, with as many threads as they may have: a repaired one is right, a planted one wrong."""
    program, scorer = BY_NAME["crossing_cranes"], ConcurrencyScorer(sandbox, tmp_path)
    repaired, planted = (scorer.score_code(program, program.read(part)) for part in ("repaired", "planted"))
    assert repaired.verdict == "correct", repaired.explanation
    assert planted.verdict == "wrong" and 0 <= planted.measures["share_of_tests"] < 1, planted.explanation


@pytest.mark.parametrize("code", ["import os\nos._exit(0)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"])
def test_program_that_ends_the_interpreter_is_wrong(scorer: ConcurrencyScorer, code: str) -> None:
    """Code after which there is no result is wrong, with the reason."""
    score = scorer.score_code(PROGRAM, code)
    assert score.verdict == "wrong" and "the code" in score.explanation


def test_case_shows_the_program_and_the_symptom() -> None:
    """The prompt holds the program and what was noticed, and neither the tests nor the helper."""
    for program in BY_NAME.values():
        prompt = make_case(program).prompt
        assert program.read("planted") in prompt and program.symptom in prompt
        assert not any(helper.partition("::")[2] in prompt for helper in program.helpers)
