"""The models that judge: a server that speaks OpenAI's protocol, hosted ones by their LangChain class."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from pydantic import SecretStr

from assistant.settings import AssistantSettings
from eval.errors import EvaluationError
from eval.judging.graders import Grader, HostedGrader, open_grader
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


def test_a_hosted_model_judges_by_its_langchain_class() -> None:
    """Any chat model of LangChain will do."""
    graded = asyncio.run(HostedGrader("anthropic/some", FakeListChatModel(responses=[REPLY])).grade("s", "r"))
    assert graded.text == REPLY


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it, and the way without it."""
    monkeypatch.setitem(sys.modules, "langchain_anthropic", None)  # as where it is not installed
    with pytest.raises(EvaluationError, match=r"pip install langchain-anthropic.*QUARRY_OPENAI_URL"):
        open_grader(AssistantSettings(home=tmp_path), "anthropic/some-model")


def test_an_unknown_provider_lists_the_known_ones(tmp_path: Path) -> None:
    """A misspelled provider is no model to look for."""
    with pytest.raises(EvaluationError, match="embedded, ollama, openai, anthropic"):
        open_grader(AssistantSettings(home=tmp_path), "antropic/some-model")
