"""The budget follows the measured prompt speed to a target time, within bounds, and says why it is what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.budget import (
    MAX_TOKENS,
    MIN_TOKENS,
    UNMEASURED_TOKENS_PER_SECOND,
    PromptSpeed,
    choose_budget,
    count_unit,
    name_speed,
)
from assistant.models.timings import ModelTimings
from assistant.records import ContextBudget, Message, TokenCount, Usage
from assistant.settings import AssistantSettings


def budget(
    speed: float | None = 100.0,
    *,
    context_tokens: int | None = None,
    seconds: float = 15.0,
    prompt: int = 100,
    unit: int = 1,
    room: int = 100_000,
    left: int = 100_000,
) -> ContextBudget:
    """The budget beside a prompt of 100 tokens, at 100 tokens a second, for 15 seconds."""
    return choose_budget(
        context_tokens=context_tokens,
        first_token_seconds=seconds,
        speed=speed,
        prompt_tokens=prompt,
        room_tokens=room,
        left_tokens=left,
        unit=unit,
    )


def learn(speed: PromptSpeed, text: str, n_tokens: int, ms: float, **said: object) -> None:
    """One answer to a prompt of ``text``."""
    fields = {"unit": 1, "usage": Usage(n_tokens, 5), "timings": None} | said
    speed.learn([Message("user", text)], n_tokens, first_token_ms=ms, **fields)  # type: ignore[arg-type]


def test_the_budget_is_what_is_read_in_the_time() -> None:
    """Speed times seconds, less the rest of the prompt, in steps of 100."""
    assert budget(100.0).n_tokens == 1400
    assert budget(200.0).n_tokens == 2900
    assert budget(100.0, prompt=350).n_tokens == 1100
    assert budget(100.9).n_tokens == budget(100.0).n_tokens  # a little faster changes no prompt
    assert "15 s to the first token at 100 prompt tokens/s (measured)" in budget().reason


def test_before_anything_is_measured_a_slow_machine_is_assumed() -> None:
    """The first budget is that of the assumed speed, and says so."""
    assert budget(None).n_tokens == budget(UNMEASURED_TOKENS_PER_SECOND).n_tokens
    assert "assumed until one is measured" in budget(None).reason


@pytest.mark.parametrize(("speed", "expected"), [(1.0, MIN_TOKENS), (10_000.0, MAX_TOKENS)])
def test_the_budget_stays_within_bounds(speed: float, expected: int) -> None:
    """However slow or fast: enough to answer with, and no more than is of use; the reason names the bound."""
    assert budget(speed).n_tokens == expected
    assert budget(speed).reason.startswith("the least" if expected == MIN_TOKENS else "the most")


def test_a_number_that_was_set_decides_alone() -> None:
    """QUARRY_CONTEXT_TOKENS is taken whatever the speed, but not beyond the window."""
    assert budget(1.0, context_tokens=1600) == ContextBudget(1600, "as QUARRY_CONTEXT_TOKENS says")
    assert budget(1.0, context_tokens=1600, room=700).n_tokens == 700
    assert budget(1.0, context_tokens=1600, left=700).n_tokens == 1600


def test_the_window_bounds_every_budget() -> None:
    """What the window has left beside the question is the most, and never negative."""
    assert budget(left=300).n_tokens == 300
    assert budget(left=-5).n_tokens == 0
    assert budget(left=300).reason.startswith("what the window has left")


def test_counts_that_are_bounds_have_bounds_of_their_own() -> None:
    """Where tokens are counted as bytes, so are the least and the most."""
    assert budget(1.0, unit=3).n_tokens == 3 * MIN_TOKENS
    assert budget(1e6, unit=3).n_tokens == 3 * MAX_TOKENS


@pytest.mark.parametrize(("exact", "unit"), [(True, 1), (False, 3)])
def test_the_unit_is_that_of_texts(exact: bool, unit: int) -> None:
    """Code is packed as texts are counted; a bound counts bytes, of which a token of code has three."""
    assert count_unit(lambda text: TokenCount(len(text), exact)) == unit


def test_the_speed_is_of_the_tokens_that_were_read() -> None:
    """The server's own count and time decide: what was cached costs nothing."""
    speed = PromptSpeed("m")
    learn(speed, "a", 1000, 9_999.0, timings=ModelTimings(600, 400, 2000.0, 5, 100.0))
    assert speed.tokens_per_second == pytest.approx(200.0)


def test_cached_tokens_of_the_usage_are_taken_off() -> None:
    """A server that says in its usage what was cached, but no times, is timed by its first token."""
    speed = PromptSpeed("m")
    learn(speed, "a", 1000, 2000.0, usage=Usage(1000, 5, cached_tokens=800))
    assert speed.tokens_per_second == pytest.approx(100.0)


def test_the_cached_share_is_of_the_servers_own_tokens() -> None:
    """Where we count bytes, four fifths of the server's tokens are still four fifths of the prompt."""
    speed = PromptSpeed("m")
    learn(speed, "a", 3000, 2000.0, unit=3, usage=Usage(1000, 5, cached_tokens=800))
    assert speed.tokens_per_second == pytest.approx(300.0)


def test_a_server_that_counts_no_prompt_tokens_says_nothing_of_its_cache() -> None:
    """Cached tokens without a number to compare them with are let be."""
    speed = PromptSpeed("m")
    learn(speed, "a", 1000, 2000.0, usage=Usage(0, 0, cached_tokens=800))
    assert speed.tokens_per_second == pytest.approx(500.0)


def test_without_word_of_a_cache_the_common_beginning_counts_as_cached() -> None:
    """The second prompt shares half of its text with the first, so half of it was read."""
    speed = PromptSpeed("m")
    learn(speed, "x" * 1000, 1000, 10_000.0)
    learn(speed, "x" * 1000 + "y" * 1004, 2000, 2000.0)
    assert speed.tokens_per_second == pytest.approx((100 + 500) / 2, rel=0.01)


def test_a_short_read_measures_nothing() -> None:
    """What was all in the cache says nothing of the speed."""
    speed = PromptSpeed("m")
    learn(speed, "a", 1000, 50.0, timings=ModelTimings(990, 10, 40.0, 5, 100.0))
    learn(speed, "b", 20, 50.0)
    learn(speed, "c", 200, 50.0, unit=3, usage=Usage(70, 5, cached_tokens=0))  # bytes
    assert speed.tokens_per_second is None
    learn(speed, "c", 200, 50.0, usage=Usage(200, 5, cached_tokens=0))
    assert speed.tokens_per_second is not None


def test_one_slow_answer_does_not_move_the_speed() -> None:
    """The median of the last answers holds against a machine that was busy once."""
    speed = PromptSpeed("m")
    for ms in (1000.0, 1000.0, 60_000.0, 1000.0, 1000.0):
        learn(speed, f"{ms}{speed.tokens_per_second}", 500, ms, usage=Usage(500, 5, cached_tokens=0))
    assert speed.tokens_per_second == pytest.approx(500.0)


def test_the_next_process_knows_the_speed(tmp_path: Path) -> None:
    """The speed is kept for each model, and a damaged file is as none."""
    file = tmp_path / "cache" / "speed.json"
    learn(PromptSpeed("m", file), "a", 1000, 2000.0, usage=Usage(1000, 5, cached_tokens=0))
    learn(PromptSpeed("other", file), "a", 1000, 1000.0, usage=Usage(1000, 5, cached_tokens=0))
    assert (PromptSpeed("m", file).tokens_per_second, PromptSpeed("other", file).tokens_per_second) == (500.0, 1000.0)
    file.write_text("{")
    assert PromptSpeed("m", file).tokens_per_second is None


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("ollama/qwen2.5-coder:7b", {"ollama_url": "http://gpu:11434"}),
        ("openai/m", {"openai_url": "http://gpu:8000/v1"}),
        ("embedded/m", {"engine_threads": 8}),
    ],
)
def test_a_speed_is_of_the_place_that_the_model_runs_in(model: str, other: dict[str, Any]) -> None:
    """The same model elsewhere, or on more threads, is another speed."""
    here = AssistantSettings(ollama_url="127.0.0.1", openai_url="http://127.0.0.1:8000/v1", engine_threads=2)
    there = here.model_copy(update=other)
    assert name_speed(model, here) == name_speed(model, here.model_copy()) != name_speed(model, there)


def test_a_home_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """The speed is forgotten with the process, and the answer is not lost."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    speed = PromptSpeed("m", blocked / "speed.json")
    learn(speed, "a", 1000, 2000.0, usage=Usage(1000, 5, cached_tokens=0))
    assert speed.tokens_per_second == 500.0
