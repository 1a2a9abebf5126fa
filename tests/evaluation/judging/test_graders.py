"""The models that judge: a server that speaks OpenAI's protocol, hosted ones by their LangChain class."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assistant.errors import ModelError
from assistant.settings import AssistantSettings
from eval.judging.graders import Grader, open_grader
from eval.judging.rubric import MAX_REPLY_TOKENS
from indexer.errors import QuarryError

REPLY = 'A is right.\n{"score_a": 9, "score_b": 2, "winner": "A"}'  # as the server of conftest says


def open_judge(server: Any, home: Path) -> Grader:
    """The judge that the server has."""
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    return open_grader(AssistantSettings(home=home, openai_url=url, openai_api_key=SecretStr("k")), "openai/judge")


def test_a_server_of_openais_protocol_judges(server: Any, tmp_path: Path) -> None:
    """``--by openai/NAME`` is all it takes: greedy, with the rubric, and the tokens are counted."""
    grader = open_judge(server, tmp_path)
    assert grader.model == "openai/judge"
    graded = asyncio.run(grader.grade("Be fair.", "Judge."))
    grader.close()
    assert (graded.text, graded.prompt_tokens, graded.completion_tokens) == (REPLY, 7, 3)
    (body,) = server.bodies
    assert (body["model"], body["temperature"]) == ("judge", 0)
    assert [message["content"] for message in body["messages"]] == ["Be fair.", "Judge."]


def test_a_server_that_goes_away_is_one_line(server: Any, tmp_path: Path) -> None:
    """The line names the model, whatever the client's own error is."""
    grader = open_judge(server, tmp_path)
    server.shutdown()
    server.server_close()
    with pytest.raises(QuarryError, match="openai/judge"):
        asyncio.run(grader.grade("Be fair.", "Judge."))


def test_a_hosted_model_judges_by_its_langchain_class(
    anthropic: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened as one that answers is: greedy, with the rubric, and tokens are counted or said to be estimated."""
    monkeypatch.setenv("STANDIN_REPLY", REPLY)
    for name, counted in (("claude-some", (50, 3, False)), ("claude-uncounted", (5, 16, True))):
        grader = open_grader(AssistantSettings(home=tmp_path), f"anthropic/{name}")
        graded = asyncio.run(grader.grade("Be fair.", "Judge."))
        grader.close()
        assert (grader.model, graded.text) == (f"anthropic/{name}", REPLY)
        assert (graded.prompt_tokens, graded.completion_tokens, graded.is_estimate) == counted
    assert anthropic.ASKED[0]["messages"] == [["system", "Be fair."], ["human", "Judge."]]
    assert (anthropic.ASKED[0]["temperature"], anthropic.ASKED[0]["max_tokens"]) == (0.0, MAX_REPLY_TOKENS)


def test_a_hosted_judge_that_fails_is_one_line(anthropic: Any, tmp_path: Path) -> None:
    """With what the server said."""
    grader = open_grader(AssistantSettings(home=tmp_path), "anthropic/claude-failing")
    with pytest.raises(QuarryError, match=r"^the server of anthropic/claude-failing .*\(529\): Overloaded$"):
        asyncio.run(grader.grade("Be fair.", "Judge."))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, and the way without it."""
    monkeypatch.setitem(sys.modules, "langchain_mistralai", None)  # as where it is not installed
    with pytest.raises(ModelError, match=r"pip install langchain-mistralai.*QUARRY_OPENAI_URL"):
        open_grader(AssistantSettings(home=tmp_path), "mistralai/some-model")


def test_an_unknown_provider_is_told_what_is_possible(tmp_path: Path) -> None:
    """A misspelled provider is no model to look for."""
    with pytest.raises(ModelError, match=r"did you mean anthropic/some-model\?.*as anthropic/NAME"):
        open_grader(AssistantSettings(home=tmp_path), "antropic/some-model")
