"""Hosted models by their LangChain class: a stand-in for one package, and Azure's real class over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from langchain.chat_models import base, init_chat_model
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage

from assistant.budget import name_speed
from assistant.completion import Completer, CompletionRequest
from assistant.errors import ModelError, ModelUnavailable, UnknownModel
from assistant.infilling import Gap
from assistant.models import hosted_chat
from assistant.models.catalogue import PROVIDER_NAMES
from assistant.models.cli import models
from assistant.models.completion import Sampling
from assistant.models.counting import ESTIMATE_KEY
from assistant.models.explain import explain_model_error
from assistant.models.providers import choose_model, list_models, open_provider
from assistant.models.services import SERVICES
from assistant.models.untraced import stream_untraced
from assistant.search import Searcher
from assistant.settings import AssistantSettings
from indexer.errors import InputError

QUESTION = [SystemMessage("Be brief."), HumanMessage("Say ten.")]
NO_OLLAMA = "http://127.0.0.1:9"


def open_hosted(name: str = "claude-some", **settings: Any) -> Any:
    """The stand-in's model of this name."""
    return open_provider(AssistantSettings(**settings), f"anthropic/{name}")


def ask(provider: Any, **options: Any) -> AIMessageChunk:
    """The whole answer to the question, or the explained error."""

    async def read() -> AIMessageChunk:
        whole = AIMessageChunk(content="")
        chat = provider.chat_model(**({"max_tokens": 9} | options))
        try:
            async for chunk in stream_untraced(chat, QUESTION):
                whole += chunk
        except Exception as error:
            raise explain_model_error(error, provider) from error
        return whole

    return asyncio.run(read())


def fails(provider: Any) -> str:
    """What the user reads where the answer fails."""
    with pytest.raises(ModelUnavailable) as caught:
        ask(provider)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_hosted_model_answers_by_its_name(anthropic):
    """The prompt and the cap arrive, and text, tokens and reason come back as from any other provider."""
    provider = open_hosted()
    answer = ask(provider)
    assert (provider.model, answer.text) == ("anthropic/claude-some", "10")
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (50, 3)
    assert answer.response_metadata["finish_reason"] == "stop" and ESTIMATE_KEY not in answer.response_metadata
    (asked,) = anthropic.ASKED
    assert asked["messages"] == [["system", "Be brief."], ["human", "Say ten."]]
    assert (asked["max_tokens"], asked["temperature"]) == (9, 0.0)
    assert asked["default_request_timeout"] == hosted_chat.SILENT_SECONDS
    provider.close()


def test_a_cap_that_was_reached_is_called_as_elsewhere(anthropic):
    """Each provider has a word of its own for it."""
    assert ask(open_hosted(), max_tokens=1).response_metadata["finish_reason"] == "length"


def test_tokens_that_nobody_counts_are_estimated_and_called_so(anthropic):
    """Without usage metadata the tokens follow from the texts, and the answer says so."""
    answer = ask(open_hosted("claude-uncounted"))
    assert answer.response_metadata[ESTIMATE_KEY] is True
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (6, 1)


def test_an_answer_that_is_cut_is_an_error(anthropic):
    """A stream without a reason for its end is no shorter answer."""
    assert "stopped in mid-answer" in fails(open_hosted("claude-cut"))


def test_one_client_serves_one_event_loop_after_the_other(anthropic):
    """Its connections are bound to the loop that opened them: all questions run on one of its own."""
    provider = open_hosted()
    for _ in range(2):
        ask(provider)
    first, second = anthropic.LOOPS
    assert first is second
    provider.close()
    assert first.is_closed()


def test_hanging_up_closes_the_models_stream(anthropic):
    """Who goes away pays no further tokens."""
    provider = open_hosted("claude-silent")

    async def read_one_piece() -> None:
        async with aclosing(stream_untraced(provider.chat_model(max_tokens=9), QUESTION)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    return

    asyncio.run(read_one_piece())
    provider.close()
    assert anthropic.CLOSED == ["claude-silent"]


def test_a_provider_that_is_closed_leaves_nobody_waiting(anthropic):
    """Who still reads gets an error at once."""
    provider = open_hosted("claude-silent")

    async def read() -> None:
        async for chunk in stream_untraced(provider.chat_model(max_tokens=9), QUESTION):
            if chunk.text:
                await asyncio.to_thread(provider.close)

    with pytest.raises(ConnectionError, match="closed meanwhile"):
        asyncio.run(read())


def test_a_model_that_falls_silent_is_one_line(anthropic, monkeypatch):
    """Nobody waits for ever."""
    monkeypatch.setattr(hosted_chat, "SILENT_SECONDS", 0.2)
    assert "gave nothing for" in fails(open_hosted("claude-silent"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claude-refused", ["anthropic/claude-refused refuses the key (invalid x-api-key)", "ANTHROPIC_API_KEY"]),
        ("claude-failing", ["anthropic/claude-failing", "(529): Overloaded"]),
        ("claude-keyless", ["anthropic/claude-keyless gave no answer: Anthropic authentication failed"]),
    ],
)
def test_what_the_server_says_is_in_one_line(anthropic, name, words):
    """Its own message, not the client's account of it."""
    line = fails(open_hosted(name))
    assert all(word in line for word in words), line


def test_a_missing_package_is_named(monkeypatch):
    """With the command that installs it, and the way without it."""
    monkeypatch.setitem(sys.modules, "langchain_anthropic", None)  # as where it is not installed
    base._get_chat_model_creator.cache_clear()
    with pytest.raises(ModelUnavailable, match=r"`pip install langchain-anthropic`; or set QUARRY_OPENAI_URL"):
        open_hosted()


def test_a_package_that_is_broken_is_not_called_missing(anthropic, monkeypatch):
    """To install it again would help nobody."""
    monkeypatch.delitem(sys.modules, "langchain_anthropic")
    Path(anthropic.__file__).write_text("import a_module_that_is_nowhere\n")
    base._get_chat_model_creator.cache_clear()
    with pytest.raises(ModelUnavailable, match="does not load: No module named 'a_module_that_is_nowhere'"):
        open_hosted()


def test_a_missing_key_is_named_before_anything_is_sent(anthropic, monkeypatch):
    """By its environment variable, also where the class itself would find out with the first question."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(ModelUnavailable, match="no key to ask anthropic/claude-some with: set ANTHROPIC_API_KEY"):
        open_hosted()
    assert anthropic.ASKED == []


def test_what_the_class_refuses_is_one_line(anthropic):
    """Of pydantic's errors the first line is a count: the reason is shown."""
    with pytest.raises(ModelUnavailable, match=r"anthropic/claude-odd cannot be asked: .*odd is no model of ours$"):
        open_hosted("claude-odd")


def test_langsmiths_gateway_is_no_silent_detour(anthropic, monkeypatch):
    """An environment that leads such models through LangSmith is refused: that is not who was chosen."""
    monkeypatch.setenv("LANGSMITH_GATEWAY", "true")
    with pytest.raises(ModelUnavailable, match="LANGSMITH_GATEWAY is set"):
        open_hosted()
    monkeypatch.setenv("LANGSMITH_GATEWAY", "false")
    assert open_hosted().model == "anthropic/claude-some"


def test_the_window_is_the_settings_or_enough_and_never_more_than_the_models(anthropic, monkeypatch):
    """Bytes are counted as tokens, so the default is larger than of models whose tokens are counted."""
    assert open_hosted().window_tokens == 32_768
    assert open_hosted("claude-strict").window_tokens == 900
    monkeypatch.setenv("QUARRY_WINDOW_TOKENS", "100000")
    assert open_hosted().window_tokens == 100_000
    assert open_hosted("claude-strict").window_tokens == 900


def test_counts_are_bounds(anthropic):
    """Its tokeniser is out of reach."""
    provider = open_hosted()
    assert (provider.count_text("größer").n_tokens, provider.count_text("a").exact) == (8, False)
    assert not provider.count_prompt(QUESTION).exact


def test_what_a_model_does_not_take_is_not_sent(anthropic):
    """Some models refuse every request with a temperature. Who asks for one is told."""
    provider = open_hosted("claude-strict")
    ask(provider)
    assert anthropic.ASKED[0]["temperature"] is None
    assert (provider.takes_temperature, provider.takes_seed) == (False, False)
    with pytest.raises(ModelUnavailable, match="takes no temperature"):
        provider.chat_model(max_tokens=9, temperature=0.5)


def test_code_is_not_completed(anthropic, tmp_path):
    """A chat model would talk about it. That is said before the search, so that the service can refuse the request."""
    completer = Completer(AssistantSettings(home=tmp_path), open_hosted(), Searcher(tmp_path))
    request = CompletionRequest(None, Gap("def f(", None, None), retrieval=False)
    with pytest.raises(InputError, match="anthropic/claude-some answers but completes no code"):
        asyncio.run(anext(completer.stream(request)))
    with pytest.raises(ModelUnavailable, match="completes no code"):
        open_hosted().complete("def f(", Sampling(9))


def test_nothing_hosted_is_chosen_for_anyone(anthropic, tmp_path):
    """A key alone chooses nothing: neither ``auto`` nor the list of models, nor a provider without a model's name."""
    settings = AssistantSettings(home=tmp_path, ollama_url=NO_OLLAMA)
    assert choose_model(settings).startswith("embedded/")
    assert {listing.name.partition("/")[0] for listing in list_models(settings)} <= set(PROVIDER_NAMES)
    for name in ("anthropic", "anthropic/"):
        with pytest.raises(UnknownModel, match="name one, as anthropic/NAME"):
            open_provider(settings, name)


@pytest.mark.parametrize("name", ["OpenAI/gpt-4o", "openai/gpt-4o"])
def test_openai_is_always_at_the_set_address(monkeypatch, name):
    """However it is written, it never goes where OPENAI_API_KEY would lead."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody")
    with pytest.raises(ModelUnavailable, match="QUARRY_OPENAI_URL"):
        open_provider(AssistantSettings(openai_url=None), name)


def test_an_unknown_provider_is_told_what_is_possible(tmp_path):
    """The near name, and how hosted models are named."""
    for name, near in (("antropic/claude-some", "did you mean anthropic/claude-some"), ("xx/yy", "unknown model")):
        with pytest.raises(UnknownModel, match=f"{near}.*as anthropic/NAME or google_genai/NAME") as caught:
            open_provider(AssistantSettings(home=tmp_path), name)
        assert "\n" not in str(caught.value)


def test_the_table_knows_all_that_langchain_knows():
    """What it lacks can be asked, but its package and key are not named."""
    known = {kind: entry[0].partition(".")[0].replace("_", "-") for kind, entry in base._BUILTIN_PROVIDERS.items()}
    ours = {kind: package for kind, package in known.items() if kind not in PROVIDER_NAMES}
    assert ours == {kind: service.package for kind, service in SERVICES.items()}
    with pytest.raises(ValueError, match=r"^Unsupported "):  # by which an unknown provider is told
        init_chat_model("m", model_provider="nobody")


def test_speed_is_kept_under_the_name_alone():
    """This machine's threads have no part in it."""
    assert name_speed("anthropic/claude-some", AssistantSettings()) == "anthropic/claude-some"


def test_pull_has_nothing_to_fetch(anthropic, home, monkeypatch):
    """That it answers is not said: nobody asked it."""
    monkeypatch.setenv("QUARRY_HOME", str(home))
    monkeypatch.setenv("QUARRY_MODEL", "anthropic/claude-some")
    assert "anthropic/claude-some is hosted: there is nothing" in CliRunner().invoke(models, ["pull"]).output


def says_ten(request: Any) -> None:
    """A server of OpenAI's protocol, at Azure's paths."""
    common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    first = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "10"}, "finish_reason": None}]}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    usage = {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 1, "total_tokens": 51}}
    events = [b"data: " + json.dumps(common | chunk).encode() + b"\n\n" for chunk in (first, last, usage)]
    request.send_chunks("text/event-stream", [*events, b"data: [DONE]\n\n"])


@pytest.fixture
def azure(serve, monkeypatch):
    """Points Azure's class at a server that answers so."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a-key")
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")

    def start(answer: Any) -> Any:
        server = serve(answer)
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
        return server

    return start


def test_a_real_class_answers_over_http(azure):
    """Of an installed package: the request, the counts, the reason, the seed that it takes."""
    server = azure(says_ten)
    provider = open_provider(AssistantSettings(), "azure_openai/gpt-4o")
    for _ in range(2):  # two event loops
        answer = ask(provider)
        assert (answer.text, answer.usage_metadata["input_tokens"]) == ("10", 50)
        assert answer.response_metadata["finish_reason"] == "length"
    ((path, headers, body), _) = server.requests
    assert path.startswith("/openai/deployments/gpt-4o/chat/completions") and headers["api-key"] == "a-key"
    assert (body["temperature"], body["seed"], body["stream"]) == (0.0, 0, True)
    assert [message["content"] for message in body["messages"]] == ["Be brief.", "Say ten."]
    assert 9 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    provider.close()


def test_a_real_servers_error_is_one_line(azure):
    """The server's words with the status, whatever the client makes of them."""
    azure(lambda request: request.send_json({"error": {"code": "x", "message": "The model is\nnot there."}}, 404))
    line = fails(open_provider(AssistantSettings(), "azure_openai/gpt-4o"))
    assert line == "the server of azure_openai/gpt-4o answers with an error (404): The model is"


def test_a_real_server_that_is_gone_is_one_line(azure, monkeypatch):
    """Without a server's status it is the network."""
    monkeypatch.setattr(hosted_chat, "RETRIES", 0)
    azure(says_ten).close()
    line = fails(open_provider(AssistantSettings(), "azure_openai/gpt-4o"))
    assert line.startswith("the server of azure_openai/gpt-4o does not answer: see that the network is there")


def test_what_a_class_needs_beside_a_key_is_said(monkeypatch):
    """An address, in Azure's case: the class's own words, in one line."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a-key")
    for name in ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match="azure_openai/gpt-4o cannot be asked: ") as caught:
        open_provider(AssistantSettings(), "azure_openai/gpt-4o")
    assert "\n" not in str(caught.value)
