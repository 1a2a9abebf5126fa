"""What a case asked, found in the prompt of an arm with code or without."""

from __future__ import annotations

from assistant.prompts import format_passages
from eval.asked import find_asked
from eval.cases import Attempt, Result, Score

CODE = "=====CODE===== [1] beds.py:1-2\ndef dig():\n    return 'asked?'\n=====CODE====="


def make_result(*messages: tuple[str, str]) -> Result:
    """A result whose prompt is ``messages``, each with its role."""
    prompt = [{"role": role, "content": content} for role, content in messages]
    score = Score("wrong", "")
    attempts = [Attempt(prompt, "42", score, "stop", 9, 1, 1.0, 0.5, 0.0)] if prompt else []
    return Result("garden", "questions", "m", "none", "q1", "default", "beds.py", "", score, attempts, [], None, 0, 0.0)


def test_code_that_was_shown_is_no_part_of_what_was_asked() -> None:
    """Nor is the sentence that stands where no code was found."""
    for before in (CODE, format_passages([])):
        asked = find_asked(make_result(("system", "Be right."), ("user", f"{before}\n\nHow deep?\nSay a number.")))
        assert asked == "How deep?\nSay a number."


def test_a_prompt_without_a_user_asked_nothing() -> None:
    """And so did a case whose server failed."""
    assert find_asked(make_result(("system", "Be right."))) == ""
    assert find_asked(make_result()) == ""
