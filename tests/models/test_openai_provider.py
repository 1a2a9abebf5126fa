"""The provider `openai`: against our own engine as a real server, and against one that only chats."""

from __future__ import annotations

import json
import re
import ssl
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langchain_core.messages import HumanMessage

from assistant.errors import ModelUnavailable, UnknownModel
from assistant.models import chat
from assistant.models.counting import keep_exact
from assistant.models.openai_server import list_openai
from assistant.models.providers import explain_model_error, open_provider
from assistant.records import TokenCount
from assistant.settings import AssistantSettings

QUESTION = [HumanMessage("Say hello.")]


def standing_in(names: tuple[str, ...] = ("some-model",), *, finish: bool = True):
    """A server with /v1/models and /v1/chat/completions and nothing else."""

    def answer(request: Any) -> None:
        if request.path == "/v1/models":
            data = [{"id": name, "object": "model", "max_model_len": 4096} for name in names]
            return request.send_json({"object": "list", "data": data})
        if request.path != "/v1/chat/completions":
            return request.send_json({"error": "not found"}, 404)
        common = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": names[0]}
        first = {"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}
        chunks: list[dict[str, Any]] = [{"choices": [first]}]
        if finish:
            chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            chunks.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}})
        lines = [b"data: " + json.dumps(common | chunk).encode() + b"\n\n" for chunk in chunks]
        request.send_chunks("text/event-stream", [*lines, b"data: [DONE]\n\n"])

    return answer


def settings_for(url: str, key: str | None = None, **changes: Any) -> AssistantSettings:
    """Settings whose OpenAI-compatible server is at this address."""
    return AssistantSettings(openai_url=url, openai_api_key=key, **changes)


def test_real_server_answers_and_counts_exactly(embedded):
    """llama.cpp's own server as an outside one: it answers, its one model is taken, its tokeniser counts."""
    engine = embedded.engine
    provider = open_provider(settings_for(engine.url, engine.api_key, window_tokens=9999), "openai")
    assert provider.model == f"openai/{embedded.model}"
    answer = provider.chat_model(max_tokens=3).invoke(QUESTION)
    assert answer.usage_metadata["output_tokens"] == 3
    assert provider.count_text("def f(x):") == embedded.count_text("def f(x):")
    assert provider.count_prompt(QUESTION).n_tokens >= answer.usage_metadata["input_tokens"]
    assert provider.window_tokens == embedded.window_tokens  # as the server says
    provider.close()


def test_wrong_key_is_one_clear_line(embedded):
    """A server that refuses the key is answered with the setting to change."""
    with pytest.raises(ModelUnavailable, match="QUARRY_OPENAI_API_KEY"):
        open_provider(settings_for(embedded.engine.url, "wrong"), "openai")


def test_server_without_tokenizer_gets_a_bound(serve):
    """Without /tokenize counts are a bound, and the server is asked for it only once."""
    server = serve(standing_in())
    provider = open_provider(settings_for(server.url + "/v1"), "openai/some-model")
    assert (provider.count_text("abc").n_tokens, provider.count_text("abc").exact) == (3, False)
    assert not provider.count_prompt(QUESTION).exact
    assert len(server.bodies("/tokenize")) == 1


def test_stream_carries_usage_and_reason(serve):
    """Usage is asked for and delivered on the stream, with the cap under the name that every server knows."""
    server = serve(standing_in())
    provider = open_provider(settings_for(server.url + "/v1/"), "openai/some-model")
    pieces = list(provider.chat_model(max_tokens=9, seed=4).stream(QUESTION))
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert (whole.content, whole.usage_metadata["input_tokens"]) == ("Hello", 5)
    assert whole.response_metadata["finish_reason"] == "stop"
    (body,) = server.bodies("/v1/chat/completions")
    assert (body["max_tokens"], body["seed"], body["stream_options"]) == (9, 4, {"include_usage": True})


def test_environments_key_is_not_sent_elsewhere(serve, monkeypatch):
    """A key for another service in OPENAI_API_KEY never reaches this server."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-somebody-else")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody-else")
    server = serve(standing_in())
    list(open_provider(settings_for(server.url + "/v1"), "openai").chat_model(max_tokens=9).stream(QUESTION))
    assert "somebody-else" not in str(server.requests)


def test_stream_without_an_end_is_an_error(serve):
    """A stream that ends without a reason to finish is no shorter answer."""
    provider = open_provider(settings_for(serve(standing_in(finish=False)).url + "/v1"), "openai")
    with pytest.raises(ModelUnavailable, match="stopped in mid-answer"):
        list(provider.chat_model(max_tokens=9).stream(QUESTION))


def test_server_gone_is_explained(serve):
    """A server that went away after opening gives one clear line."""
    server = serve(standing_in())
    provider = open_provider(settings_for(server.url + "/v1"), "openai")
    server.close()
    with pytest.raises(Exception) as caught:
        list(provider.chat_model(max_tokens=9).stream(QUESTION))
    explained = explain_model_error(caught.value, provider)
    assert isinstance(explained, ModelUnavailable) and "QUARRY_OPENAI_URL" in str(explained)


def test_without_address_the_setting_is_named():
    """The provider without its address names QUARRY_OPENAI_URL."""
    with pytest.raises(ModelUnavailable, match="QUARRY_OPENAI_URL"):
        open_provider(AssistantSettings(openai_url=None), "openai/x")


@pytest.mark.parametrize("url", ["http://localhost:8o00/v1", "http://[zz]/v1"])
def test_an_address_that_is_none_is_one_clear_line(url):
    """A slip in the address is reported with it and the setting, to who asks and to who lists."""
    for use in (lambda: open_provider(settings_for(url), "openai"), lambda: list_openai(url, None)):
        with pytest.raises(ModelUnavailable, match=rf"{re.escape(url)} is no address.*QUARRY_OPENAI_URL") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_nobody_at_the_address_is_one_clear_line():
    """A server that does not run is reported with its address."""
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9/v1 does not answer"):
        open_provider(settings_for("http://127.0.0.1:9/v1"), "openai")


def test_several_models_need_a_name(serve):
    """Of several models none is picked silently."""
    server = serve(standing_in(("alpha", "beta")))
    with pytest.raises(ModelUnavailable, match="openai/alpha, openai/beta"):
        open_provider(settings_for(server.url + "/v1"), "openai")
    with pytest.raises(UnknownModel, match="did you mean openai/alpha"):
        open_provider(settings_for(server.url + "/v1"), "openai/alpa")


def with_tokenizer(is_busy: list[bool]):
    """A server that says that every text has two tokens, while it is not busy."""

    def answer(request: Any) -> None:
        if request.path != "/tokenize":
            return standing_in()(request)
        return request.send_json({}, 503) if is_busy else request.send_json({"tokens": [1, 2]})

    return answer


def test_a_passing_failure_to_count_is_not_kept(serve, monkeypatch):
    """A server that is busy at the first question counts the later ones; the bound of a text is not remembered."""
    monkeypatch.setattr("assistant.models.openai_server.RETRY_SECONDS", 0.0)
    is_busy = [True]
    provider = open_provider(settings_for(serve(with_tokenizer(is_busy)).url + "/v1"), "openai")
    count = keep_exact(provider.count_text, 8)
    assert count("abc") == TokenCount(3, exact=False)
    is_busy.clear()
    assert count("abc") == TokenCount(2, exact=True)
    provider.close()
    assert count("abc") == TokenCount(2, exact=True)


def test_a_server_that_does_not_count_now_is_left_alone_for_a_while(serve):
    """Each try may take until it times out, and a prompt has many texts."""
    server = serve(with_tokenizer([True]))
    provider = open_provider(settings_for(server.url + "/v1"), "openai")
    assert not provider.count_prompt([*QUESTION, *QUESTION]).exact
    assert len(server.bodies("/tokenize")) == 1


def test_answers_share_their_connections(serve):
    """Cap, seed and temperature are each answer's own, the HTTP clients are all answers'."""
    server = serve(standing_in())
    provider = open_provider(settings_for(server.url + "/v1"), "openai")
    one = provider.chat_model(max_tokens=9, seed=1)
    other = provider.chat_model(max_tokens=5, seed=2, temperature=0.5)
    assert one.root_async_client is other.root_async_client
    for each in (one, other):
        list(each.stream(QUESTION))
    bodies = server.bodies("/v1/chat/completions")
    assert [(b["max_tokens"], b["seed"], b["temperature"]) for b in bodies] == [(9, 1, 0.0), (5, 2, 0.5)]


def test_chats_trust_whom_listings_trust(monkeypatch):
    """A server that is listed can be asked: there is one store of certificates."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    chat._tls_context.cache_clear()
    trusted = chat.network_options("https://models.example/v1")["verify"].get_ca_certs()
    assert trusted and trusted == httpx.create_ssl_context().get_ca_certs()


def test_a_certificate_that_is_not_trusted_is_named():
    """It is no server that does not run."""
    error = httpx.ConnectError("connection error")
    error.__cause__ = ssl.SSLCertVerificationError("certificate verify failed: self-signed certificate")
    explained = explain_model_error(error, SimpleNamespace(model="openai/m"))
    assert "self-signed certificate" in str(explained) and "SSL_CERT_FILE" in str(explained)
