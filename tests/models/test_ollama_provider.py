"""The provider `ollama` through the real client, against a stand-in that speaks the documented protocol."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from langchain_core.messages import HumanMessage, SystemMessage

from assistant.errors import ModelMissing, ModelUnavailable
from assistant.models.cli import models
from assistant.models.providers import explain_model_error, list_models, open_provider
from assistant.settings import AssistantSettings

QUESTION = [SystemMessage("Be brief."), HumanMessage("What is a mutex?")]
SIZES = {"qwen2.5-coder:7b": "7.6B", "qwen2.5-coder:32b": "32.8B", "qwen2.5-coder:0.5b": "494.03M", "llama3:70b": "70B"}


class OllamaStandIn:
    """Answers /api/tags, /api/show, /api/chat as Ollama documents them. ``chat`` may replace the chat's lines."""

    def __init__(self, tags: tuple[str, ...] = tuple(SIZES), context_length: int = 32768) -> None:
        self.tags = tags
        self.context_length = context_length
        self.vocabulary: dict[str, Any] = {}
        self.capabilities = ["completion"]
        self.n_lines_before_stop: int | None = None

    def __call__(self, request: Any) -> None:
        """Answer one request."""
        if request.path == "/api/tags":
            request.send_json({"models": [self._entry(tag) for tag in self.tags]})
        elif request.body["model"] not in self.tags:
            request.send_json({"error": f"model '{request.body['model']}' not found"}, 404)
        elif request.path == "/api/show":
            info = {"general.architecture": "qwen2", "qwen2.context_length": self.context_length}
            full = self.vocabulary if request.body.get("verbose") else {}
            shown = {"details": {"family": "qwen2"}, "model_info": info | full, "capabilities": self.capabilities}
            request.send_json(shown)
        else:
            lines = self._chat(request.body["model"])
            whole = self.n_lines_before_stop is None
            request.send_chunks("application/x-ndjson", lines[: self.n_lines_before_stop], whole=whole)

    def _entry(self, tag: str) -> dict[str, Any]:
        details = {"format": "gguf", "family": "qwen2", "parameter_size": SIZES[tag]}
        return {"name": tag, "model": tag, "size": 4_000_000_000, "digest": "d", "details": details}

    def _chat(self, tag: str) -> list[bytes]:
        words = [{"message": {"role": "assistant", "content": word}, "done": False} for word in ("A ", "lock", ".")]
        end = {
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "length",
            "prompt_eval_count": 26,
            "eval_count": 3,
        }
        common = {"model": tag, "created_at": "2026-01-01T00:00:00Z"}
        return [json.dumps(common | line).encode() + b"\n" for line in [*words, end]]


@pytest.fixture
def stand_in(serve: Callable[..., Any]) -> tuple[OllamaStandIn, Any]:
    """The stand-in and the server that it answers at."""
    ollama = OllamaStandIn()
    return ollama, serve(ollama)


def settings_for(server: Any, **changes: Any) -> AssistantSettings:
    """Settings whose Ollama is this server."""
    return AssistantSettings(ollama_url=server.url, **changes)


def test_window_is_sent_with_every_chat(stand_in):
    """num_ctx, seed, temperature and the cap are in every request, streamed or not."""
    _, server = stand_in
    provider = open_provider(settings_for(server, window_tokens=6000), "ollama/qwen2.5-coder:7b")
    chat = provider.chat_model(max_tokens=7, temperature=0.5, seed=3)
    chat.invoke(QUESTION)
    list(chat.stream(QUESTION))
    asyncio.run(chat.ainvoke(QUESTION))
    options = [body["options"] for body in server.bodies("/api/chat")]
    assert len(options) == 3
    for sent in options:
        assert sent == {"num_ctx": 6000, "num_predict": 7, "temperature": 0.5, "seed": 3}


def test_stream_carries_usage_and_reason(stand_in):
    """The stream ends with Ollama's counts, and its done_reason under the common name."""
    provider = open_provider(settings_for(stand_in[1]), "ollama/qwen2.5-coder:7b")
    chat = provider.chat_model(max_tokens=7)
    pieces = list(chat.stream(QUESTION))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    for answer in (whole, chat.invoke(QUESTION)):
        assert answer.content == "A lock."
        assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (26, 3)
        assert answer.response_metadata["finish_reason"] == "length"


def test_window_is_no_larger_than_the_models(serve):
    """A window beyond what the model was trained with is cut to it, here and in num_ctx."""
    server = serve(OllamaStandIn(context_length=4096))
    assert open_provider(settings_for(server, window_tokens=8192), "ollama/qwen2.5-coder:7b").window_tokens == 4096


def test_missing_model_names_the_pull_line(stand_in):
    """A model that Ollama does not have is answered with the command that fetches it."""
    with pytest.raises(ModelMissing, match=r"ollama pull qwen2\.5-coder:14b"):
        open_provider(settings_for(stand_in[1]), "ollama/qwen2.5-coder:14b")


def test_model_removed_later_names_the_pull_line(stand_in):
    """A model that went away between opening and asking gives the same line."""
    ollama, server = stand_in
    provider = open_provider(settings_for(server), "ollama/qwen2.5-coder:7b")
    ollama.tags = ()
    with pytest.raises(Exception) as caught:
        list(provider.chat_model(max_tokens=5).stream(QUESTION))
    explained = explain_model_error(caught.value, provider)
    assert isinstance(explained, ModelMissing) and "ollama pull qwen2.5-coder:7b" in str(explained)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nohost.invalid", "http://[", "host:port"])
def test_not_running_is_one_clear_line(url):
    """No Ollama at the address, or no address at all: the line names it and `ollama serve`."""
    with pytest.raises(ModelUnavailable, match=rf"{re.escape(url)}.*ollama serve"):
        open_provider(AssistantSettings(ollama_url=url), "ollama/qwen2.5-coder:7b")


def test_something_else_at_the_address_is_one_clear_line(serve):
    """A server that is no Ollama is reported, without a traceback of its own."""
    server = serve(lambda request: request.send_json({"error": "nope"}, 500))
    with pytest.raises(ModelUnavailable) as caught:
        open_provider(settings_for(server), "ollama/qwen2.5-coder:7b")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("whole", [True, False])
def test_stop_in_mid_stream_is_an_error(stand_in, whole):
    """A stream that ends before its last line, by a broken or a closed connection, is no shorter answer."""
    ollama, server = stand_in
    provider = open_provider(settings_for(server), "ollama/qwen2.5-coder:7b")
    ollama.n_lines_before_stop = 2
    if whole:
        cut = ollama._chat("qwen2.5-coder:7b")[:2]
        ollama.n_lines_before_stop = None
        ollama._chat = lambda tag: cut

    async def read() -> None:
        async for _ in provider.chat_model(max_tokens=5).astream(QUESTION):
            pass

    for ask in (lambda: list(provider.chat_model(max_tokens=5).stream(QUESTION)), lambda: asyncio.run(read())):
        with pytest.raises(Exception) as caught:
            ask()
        explained = explain_model_error(caught.value, provider)
        assert isinstance(explained, ModelUnavailable) and "stopped in mid-answer" in str(explained)


def test_closed_stream_closes_the_request(serve):
    """When the reader leaves, the connection is closed, which is how Ollama is told to stop."""
    gone = threading.Event()
    ollama = OllamaStandIn()

    def answer(request: Any) -> None:
        if request.path != "/api/chat":
            return ollama(request)
        try:
            request.send_chunks("application/x-ndjson", ollama._chat("qwen2.5-coder:7b")[:1] * 1_000_000)
        except OSError:
            gone.set()

    provider = open_provider(settings_for(serve(answer)), "ollama/qwen2.5-coder:7b")

    async def scene() -> None:
        stream = provider.chat_model(max_tokens=5).astream(QUESTION)
        await anext(stream)
        await stream.aclose()
        assert await asyncio.to_thread(gone.wait, 10)

    asyncio.run(scene())


def test_counts_are_a_bound_without_a_vocabulary(stand_in):
    """Where Ollama shows no vocabulary, a count is at least the bytes and says that it is no exact one."""
    provider = open_provider(settings_for(stand_in[1]), "ollama/qwen2.5-coder:7b")
    text = provider.count_text("def ä(): 🦀")
    assert (text.n_tokens, text.exact) == (len("def ä(): 🦀".encode()), False)
    assert provider.count_prompt(QUESTION).n_tokens > sum(len(message.content) for message in QUESTION)


def test_counts_are_exact_with_the_vocabulary(stand_in, gguf_metadata, embedded):
    """With the vocabulary that Ollama shows, texts count as the model's own tokeniser counts them."""
    ollama, server = stand_in
    ollama.vocabulary = gguf_metadata
    provider = open_provider(settings_for(server), "ollama/qwen2.5-coder:7b")
    for text in ("", "def f(x):\n    return x  # 123 日本語\r\n\r\n", "<|im_start|>user\nit's<|fim_prefix|>"):
        counted = provider.count_text(text)
        assert counted.exact and counted.n_tokens == embedded.count_text(text).n_tokens
    prompt, exact = provider.count_prompt(QUESTION), embedded.count_prompt(QUESTION)
    assert not prompt.exact and exact.n_tokens <= prompt.n_tokens <= exact.n_tokens + 64


def test_a_vocabulary_that_did_not_come_is_asked_for_again(serve, monkeypatch):
    """A connection that broke at the first question does not leave the service with bounds; an answer is final."""
    monkeypatch.setattr("assistant.models.ollama_server.RETRY_SECONDS", 0.0)
    ollama = OllamaStandIn()
    asked: list[str] = []

    def answer(request: Any) -> None:
        if request.path == "/api/show" and request.body.get("verbose"):
            asked.append(request.path)
            if len(asked) == 1:
                request.close_connection = True
                return
        ollama(request)

    provider = open_provider(settings_for(serve(answer)), "ollama/qwen2.5-coder:7b")
    assert [provider.count_text("abc").n_tokens for _ in range(3)] == [3, 3, 3]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("tag", "capabilities", "think"),
    [
        ("qwen2.5-coder:7b", ["completion"], None),
        ("qwen3:8b", ["completion", "thinking"], False),
        ("gpt-oss:20b", ["completion", "thinking"], "low"),
    ],
)
def test_a_model_that_can_think_answers(serve, tag, capabilities, think):
    """Thinking would take up the answer's tokens, so it is switched off, or low where it cannot be."""
    ollama = OllamaStandIn(tags=(tag,))
    ollama.capabilities = capabilities
    server = serve(ollama)
    open_provider(settings_for(server), f"ollama/{tag}").chat_model(max_tokens=7).invoke(QUESTION)
    [body] = server.bodies("/api/chat")
    assert body.get("think") == think


def test_ollama_alone_takes_the_largest_coder(stand_in):
    """The bare provider takes the Qwen coder with the most parameters, not the largest model of all."""
    assert open_provider(settings_for(stand_in[1]), "ollama").model == "ollama/qwen2.5-coder:32b"


def test_ollama_alone_without_a_coder_names_a_pull_line(serve):
    """An Ollama without any Qwen coder is answered with a line that fetches one."""
    with pytest.raises(ModelMissing, match=r"ollama pull qwen2\.5-coder"):
        open_provider(settings_for(serve(OllamaStandIn(tags=("llama3:70b",)))), "ollama")


@pytest.mark.parametrize("written", ["{host}", "http://{host}/"])
def test_address_may_be_written_like_ollama_host(stand_in, written):
    """The address is understood as OLLAMA_HOST is: with or without a scheme."""
    host = stand_in[1].url.removeprefix("http://")
    settings = AssistantSettings(ollama_url=written.format(host=host))
    assert open_provider(settings, "ollama/qwen2.5-coder:7b").chat_model(max_tokens=3).invoke(QUESTION).content


def test_listing_shows_what_ollama_has(stand_in, tmp_path):
    """The list has Ollama's models with their size, the family's others as not pulled, and marks auto's choice."""
    found = {listing.name: listing for listing in list_models(settings_for(stand_in[1], home=tmp_path))}
    assert found["ollama/qwen2.5-coder:7b"].state == "ready"
    assert found["ollama/qwen2.5-coder:7b"].n_bytes == 4_000_000_000
    assert found["ollama/qwen2.5-coder:14b"].state == "not pulled"
    assert [name for name, listing in found.items() if listing.is_auto] == ["ollama/qwen2.5-coder:32b"]


def test_auto_takes_no_cloud_model():
    """A cloud tag is listed like a local one, but would send the prompt away: `auto` passes it over."""
    from assistant.models.ollama_server import OllamaModel, best_coder

    cloud, local = OllamaModel("qwen3-coder:480b-cloud", 0, 480.0), OllamaModel("qwen2.5-coder:7b", 5, 7.0)
    assert best_coder([cloud, local]) == local
    assert best_coder([cloud]) is None


@pytest.mark.parametrize("model", ["ollama/qwen2.5-coder:7b", "ollama", "auto"])
def test_nothing_is_pulled_of_an_ollama_that_answers(stand_in, tmp_path, monkeypatch, model):
    """`quarry models pull` asks the server before it says that there is nothing to download."""
    set_environment(monkeypatch, tmp_path, stand_in[1].url, model)
    done = CliRunner().invoke(models, ["pull"])
    tag = "7b" if ":7b" in model else "32b"
    assert (done.exit_code, done.output) == (
        0,
        f"ollama/qwen2.5-coder:{tag} answers: there is nothing to download\n",
    )


def test_pulling_says_that_ollama_lacks_the_model(stand_in, tmp_path, monkeypatch):
    """A model that the server does not have is named with the line that fetches it; serving goes on without it."""
    set_environment(monkeypatch, tmp_path, stand_in[1].url, "ollama/qwen2.5-coder:14b")
    done = CliRunner().invoke(models, ["pull"])
    assert done.exit_code == 0 and "ollama pull qwen2.5-coder:14b" in done.output
    assert "answers:" not in done.output


def test_pulling_says_that_ollama_does_not_run(tmp_path, monkeypatch):
    """Nobody answers, so nothing is said to."""
    set_environment(monkeypatch, tmp_path, "http://127.0.0.1:9", "ollama/qwen2.5-coder:7b")
    done = CliRunner().invoke(models, ["pull"])
    assert done.exit_code == 0 and "ollama serve" in done.output
    assert "answers:" not in done.output


def set_environment(monkeypatch, home, url, model):
    """Settings as a command reads them."""
    for name, value in {"QUARRY_HOME": str(home), "QUARRY_OLLAMA_URL": url, "QUARRY_MODEL": model}.items():
        monkeypatch.setenv(name, value)
