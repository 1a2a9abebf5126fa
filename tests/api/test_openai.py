"""``/v1/chat/completions`` and ``/v1/models``, asked by the official ``openai`` client over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from api.openai import model_ids
from indexer.overview import describe_repositories

Served = Callable[..., str]
QUESTION: list[Any] = [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]


def connect(url: str) -> OpenAI:
    """The official client as its users open it, without the retries that would hide an error."""
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def test_models_are_repositories_at_refs(served: Served, stand_in: Any) -> None:
    """Each repository is a model, at each indexed ref too, and so are all of them together."""
    client = connect(served(stand_in()))
    models = {model.id: model for model in client.models.list()}
    assert list(models) == ["quarry/shop", "quarry/shop@HEAD", "quarry/all"]
    assert all(model.object == "model" and model.created > 1_600_000_000 for model in models.values())
    assert client.models.retrieve("quarry/shop@HEAD").id == "quarry/shop@HEAD"


def test_unknown_model_is_404_with_near_names(served: Served, stand_in: Any) -> None:
    """A model that is not there is `model_not_found`, with the name that was meant, in a list, a ref and a question."""
    client = connect(served(stand_in()))
    asked: list[Callable[[], object]] = [
        lambda: client.models.retrieve("quarry/shp"),
        lambda: client.chat.completions.create(model="quarry/shp", messages=QUESTION),
        lambda: client.chat.completions.create(model="quarry/shop@v9", messages=QUESTION),
        lambda: client.chat.completions.create(model="shop", messages=QUESTION),
        lambda: client.chat.completions.create(model="quarry/", messages=QUESTION, stream=True),
        lambda: client.chat.completions.create(model="quarry/../shop", messages=QUESTION),
    ]
    for ask in asked:
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
        assert "quarry/shop" in caught.value.message or "/v1/models" in caught.value.message


def test_models_are_looked_up_beside_the_event_loop(
    served: Served, stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown model is looked for in every manifest: on a thread, so that no stream waits for that."""
    on_loop: list[bool] = []

    def describe(home: Path) -> Any:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            on_loop.append(False)
        else:
            on_loop.append(True)
        return describe_repositories(home)

    monkeypatch.setattr(model_ids, "describe_repositories", describe)
    client = connect(served(stand_in()))
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="quarry/shp", messages=QUESTION)
    with pytest.raises(openai.NotFoundError):
        client.completions.create(model="quarry/shp", prompt="def order(cart):")
    assert on_loop == [False, False]


def test_whole_answer(served: Served, stand_in: Any) -> None:
    """A whole answer has text, reason, usage and the model that answered, and what is ours under `quarry`."""
    client = connect(served(stand_in()))
    answer = client.chat.completions.create(model="quarry/shop", messages=QUESTION)
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "The answer.")
    assert (choice.finish_reason, answer.model) == ("stop", "quarry/shop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 2, 9)
    assert answer.system_fingerprint == "stand-in/words"
    extension = answer.model_dump()["quarry"]
    assert "shop/cart.py" in [source["path"] for source in extension["sources"]]
    assert {"citations", "unknown_names", "confidence", "abstained", "trace_id"} <= set(extension)


def test_stream(served: Served, stand_in: Any) -> None:
    """A stream gives the pieces, then one chunk with the reason and what is ours; usage only where it is asked for."""
    client = connect(served(stand_in()))
    chunks = list(client.chat.completions.create(model="quarry/shop", messages=QUESTION, stream=True))
    first, *pieces, last = [chunk.choices[0].delta.content for chunk in chunks]
    assert (first, last) == ("", None) and len(pieces) == 2 and "".join(map(str, pieces)) == "The answer."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "stop"]
    assert chunks[-1].model_dump()["quarry"]["sources"]
    assert len({chunk.id for chunk in chunks}) == 1 and all(chunk.usage is None for chunk in chunks)


def test_stream_with_usage(served: Served, stand_in: Any) -> None:
    """With `include_usage` one more chunk follows, without a choice, with the tokens."""
    client = connect(served(stand_in()))
    *_, last, usage = client.chat.completions.create(
        model="quarry/shop", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    assert last.choices[0].finish_reason == "stop" and last.usage is None
    assert usage.choices == [] and usage.usage is not None and usage.usage.total_tokens == 9


def test_system_messages_are_heard_wherever_they_stand(served: Served, stand_in: Any) -> None:
    """Clients' instructions join ours in the one system message, also from behind the question; ours come first."""
    provider = stand_in()
    client = connect(served(provider))
    messages: list[Any] = [
        {"role": "system", "content": "Answer in French."},
        {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
        {"role": "assistant", "content": "Bonjour."},
        *QUESTION,
        {"role": "developer", "content": "No lists."},
    ]
    client.chat.completions.create(model="quarry/shop", messages=messages)
    first, *turns = provider.asked[0]
    assert [turn.type for turn in turns] == ["human", "ai", "human"]
    assert first.type == "system" and first.text.startswith("You are Quarry")
    assert first.text.endswith("Answer in French.\n\nNo lists.")


def test_sampling_reaches_the_model(served: Served, stand_in: Any) -> None:
    """Temperature, seed, cap and stop are the model's; by either name of the cap."""
    provider = stand_in(words=["one ", "two ", "three "])
    client = connect(served(provider))
    answer = client.chat.completions.create(
        model="quarry/shop", messages=QUESTION, temperature=0.7, seed=11, max_tokens=40, stop="two"
    )
    assert answer.choices[0].message.content == "one "
    client.chat.completions.create(model="quarry/shop", messages=QUESTION, max_completion_tokens=30, stop=["three"])
    assert provider.sampling == [(40, 0.7, 11), (30, 0.0, 0)]
    assert len(provider.given) == 1 + 2


def test_without_a_seed_each_answer_has_its_own(served: Served, stand_in: Any) -> None:
    """Seeds are drawn where chance decides and none is given: a seed of 0 is one, and temperature 0 needs none."""
    provider = stand_in()
    client = connect(served(provider))
    ask: Callable[..., object]
    for ask in (
        partial(client.chat.completions.create, model="quarry/shop", messages=QUESTION),
        partial(client.completions.create, model="quarry/shop", prompt="def total(prices):"),
    ):
        for arguments in ({"temperature": 0.7}, {"temperature": 0.7}, {"temperature": 0.7, "seed": 0}, {}):
            ask(**arguments)
    for first, second, *others in (
        [seed for _, _, seed in provider.sampling],
        [sampling.seed for _, sampling in provider.prompts],
    ):
        assert first != second and others == [0, 0]
        assert all(0 <= seed < 2**31 for seed in (first, second))


def test_retrieval_can_be_switched_off(served: Served, stand_in: Any) -> None:
    """`quarry.retrieval` off gives the model no code to read."""
    provider = stand_in()
    client = connect(served(provider))
    client.chat.completions.create(
        model="quarry/shop", messages=QUESTION, extra_body={"quarry": {"retrieval": "off", "abstain": False}}
    )
    assert "quantity=3" not in str(provider.asked[0])


def test_abstention(served: Served, stand_in: Any, many_home: Path) -> None:
    """Where the hits are too weak the model is not asked; but if the client wants it, or sends code of its own."""
    provider = stand_in()
    url = served(provider, home=many_home, min_confidence=0.999)
    client = connect(url)
    foreign: list[Any] = [{"role": "user", "content": "How does the Kubernetes scheduler evict pods under pressure?"}]
    answer = client.chat.completions.create(model="quarry/many", messages=foreign)
    assert answer.model_dump()["quarry"]["abstained"] and answer.choices[0].finish_reason == "stop"
    assert not provider.asked
    assert 'quarry_answers_total{outcome="abstained"} 1.0' in httpx.get(f"{url}/metrics").text
    client.chat.completions.create(model="quarry/many", messages=foreign, extra_body={"quarry": {"abstain": False}})
    code = "```python\nevict(pods)\n```"
    edit: list[Any] = [{"role": "user", "content": f"{foreign[0]['content']}\n{code}"}]
    client.chat.completions.create(model="quarry/many", messages=edit)
    assert len(provider.asked) == 2


def test_what_clients_send_and_does_not_apply_is_ignored(served: Served, stand_in: Any) -> None:
    """What Continue, aider and Open WebUI send beside the conversation is taken without an error."""
    client = connect(served(stand_in()))
    answer = client.chat.completions.create(
        model="quarry/shop",
        messages=QUESTION,
        n=1,
        top_p=0.9,
        user="someone",
        logprobs=False,
        presence_penalty=0,
        frequency_penalty=0,
        response_format={"type": "text"},
        tools=[{"type": "function", "function": {"name": "f"}}],
        tool_choice="none",
        store=False,
        extra_body={"keep_alive": 1, "chat_id": "x", "metadata": None},
    )
    assert answer.choices[0].message.content == "The answer."


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no messages": ({"messages": []}, "messages"),
    "empty question": ({"messages": [{"role": "user", "content": "  "}]}, "messages"),
    "null question": ({"messages": [{"role": "user", "content": None}]}, "messages"),
    "answer last": ({"messages": [*QUESTION, {"role": "assistant", "content": "It is"}]}, "messages"),
    "system alone": ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
    "unknown role": ({"messages": [{"role": "nobody", "content": "x"}]}, "messages.0.role"),
    "tool result": ({"messages": [{"role": "tool", "content": "x"}, *QUESTION]}, "messages.0.role"),
    "picture": (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "messages.0.content",
    ),
    "two answers": ({"n": 2}, "n"),
    "tools": ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
    "log probabilities": ({"logprobs": True}, "logprobs"),
    "JSON": ({"response_format": {"type": "json_object"}}, "response_format"),
    "hot": ({"temperature": 9}, "temperature"),
    "no tokens": ({"max_tokens": 0}, "max_tokens"),
    "unknown extension": ({"extra_body": {"quarry": {"retrival": "off"}}}, "quarry.retrival"),
}


def test_bad_requests_name_what_is_wrong(served: Served, stand_in: Any) -> None:
    """Each is a 400 of one line that names the field, as the official client reads it, before the model is asked."""
    provider = stand_in()
    client = connect(served(provider))
    for case, (arguments, param) in BAD.items():
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(**{"model": "quarry/shop", "messages": QUESTION, **arguments})
        assert (caught.value.param, caught.value.type) == (param, "invalid_request_error"), case
        assert "\n" not in caught.value.message and len(caught.value.message) < 300, case
    assert not provider.asked


def test_what_does_not_fit_the_window_says_so(served: Served, stand_in: Any) -> None:
    """A cap beyond the window, and a question that is longer, are `context_length_exceeded`; a stream's status too."""
    client = connect(served(stand_in()))
    long: list[Any] = [{"role": "user", "content": "word " * 5000}]
    for stream in (False, True):
        for arguments, param in (({"max_tokens": 100_000}, "max_tokens"), ({"messages": long}, "messages")):
            with pytest.raises(openai.BadRequestError) as caught:
                client.chat.completions.create(
                    **{"model": "quarry/shop", "messages": QUESTION, "stream": stream, **arguments}  # type: ignore[arg-type]
                )
            assert (caught.value.code, caught.value.param) == ("context_length_exceeded", param)


def test_ten_megabytes_are_refused(served: Served, stand_in: Any) -> None:
    """A message of 10 MB is a 4xx of one short line, which does not hold the message."""
    provider = stand_in()
    client = connect(served(provider))
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="quarry/shop", messages=[{"role": "user", "content": "x" * 10_000_000}])
    assert caught.value.status_code in (400, 413)
    assert len(caught.value.response.content) < 1000 and not provider.asked


def test_no_json_is_an_error_in_the_same_form(served: Served, stand_in: Any) -> None:
    """A body that is no JSON, and a path that is not there, are told in OpenAI's form too."""
    url = served(stand_in())
    for response in (
        httpx.post(f"{url}/v1/chat/completions", content=b"{", headers={"Content-Type": "application/json"}),
        httpx.get(f"{url}/v1/nothing"),
        httpx.get(f"{url}/v1/chat/completions"),
    ):
        assert 400 <= response.status_code < 500
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_a_model_that_fails_in_mid_stream_is_an_error(served: Served, stand_in: Any) -> None:
    """The client raises what went wrong, after the pieces that it got; the stream does not end as if it were whole."""
    client = connect(served(stand_in(words=["a ", "b ", "c "], fails_after=2)))
    got: list[str | None] = []
    with pytest.raises(openai.APIError, match="stand-in/words") as caught:
        for chunk in client.chat.completions.create(model="quarry/shop", messages=QUESTION, stream=True):
            got.append(chunk.choices[0].delta.content)
    assert "".join(map(str, got)).strip() == "a b" and len(got) == 3
    assert caught.value.type == "server_error"


def test_a_model_that_fails_is_503(served: Served, stand_in: Any) -> None:
    """A whole answer that fails in its middle is a 503 with the reason, not a shorter answer."""
    client = connect(served(stand_in(words=["a ", "b "], fails_after=1)))
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="quarry/shop", messages=QUESTION)
    assert (caught.value.status_code, caught.value.code) == (503, "model_unavailable")


def test_closing_the_stream_stops_the_model(served: Served, stand_in: Any, check_stops: Callable[[Any], None]) -> None:
    """A client that closes its stream stops the generation."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    client = connect(served(provider))
    with client.chat.completions.create(model="quarry/shop", messages=QUESTION, stream=True) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    check_stops(provider)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.chat.completions.create(model="quarry/shop", messages=QUESTION),
        lambda client: client.completions.create(model="quarry/shop", prompt="def total(prices):\n    return "),
    ],
    ids=["chat", "completion"],
)
def test_a_client_that_gives_up_stops_the_model(
    served: Served,
    stand_in: Any,
    hang_up: Callable[..., None],
    check_stops: Callable[[Any], None],
    ask: Callable[[AsyncOpenAI], Awaitable[Any]],
) -> None:
    """A client that does not wait for a whole answer, or a whole completion, stops the generation."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    url = served(provider)

    async def give_up() -> None:
        async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            await ask(client)

    hang_up(provider, give_up())
    check_stops(provider)


CITED = ["`add_to_cart` takes ", "`quantity=3` by default."]


def test_citations_are_in_the_text_and_annotations(served: Served, stand_in: Any) -> None:
    """Cited lines follow the text as a list; annotations point at the statement, and at the page of the lines."""
    url = served(stand_in(words=CITED))
    client = connect(url)
    message = client.chat.completions.create(model="quarry/shop", messages=QUESTION).choices[0].message
    assert message.content is not None and message.annotations
    text, _, sources = message.content.partition("\n\nSources:\n\n")
    citation = message.annotations[0].url_citation
    assert message.annotations[0].type == "url_citation"
    assert "quantity=3" in text[citation.start_index : citation.end_index]
    assert citation.title.startswith("shop/cart.py:L")
    marker = text[text.index("[") : text.index("]") + 1]
    assert f"- {marker} `{citation.title}`" in sources.split("\n")
    assert citation.url.startswith(f"{url}/files/shop/shop/cart.py?commit=")
    page = httpx.get(citation.url)
    assert page.status_code == 200 and "add_to_cart" in page.text


@pytest.mark.parametrize(("proxy", "scheme"), [("127.0.0.1", "https"), ("192.0.2.1", "http")])
def test_a_proxy_is_believed_where_it_is_named(
    served: Served, stand_in: Any, monkeypatch: pytest.MonkeyPatch, proxy: str, scheme: str
) -> None:
    """Links to citations begin as the proxy of FORWARDED_ALLOW_IPS says that clients came."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", proxy)
    answer = connect(served(stand_in(words=CITED))).chat.completions.create(
        model="quarry/shop", messages=QUESTION, extra_headers={"X-Forwarded-Proto": "https"}
    )
    [annotation] = answer.choices[0].message.annotations or []
    assert annotation.url_citation.url.startswith(f"{scheme}://")


def test_citations_of_a_stream(served: Served, stand_in: Any) -> None:
    """The pieces of a stream make the same text as a whole answer; the last has the same annotations."""
    client = connect(served(stand_in(words=CITED)))
    message = client.chat.completions.create(model="quarry/shop", messages=QUESTION).choices[0].message
    chunks = list(client.chat.completions.create(model="quarry/shop", messages=QUESTION, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == message.content
    annotations = chunks[-1].choices[0].delta.model_dump()["annotations"]
    assert annotations == [annotation.model_dump() for annotation in message.annotations or []]


def test_no_stop_comes_with_the_sources(served: Served, stand_in: Any) -> None:
    """The list of sources is left out where a stop stands in it, or begins before it; the citations are not."""
    client = connect(served(stand_in(words=CITED)))
    ask: Any = partial(client.chat.completions.create, model="quarry/shop", messages=QUESTION)
    text, listed, _ = str(ask(stop="never").choices[0].message.content).partition("\n\nSources:\n\n")
    assert text and listed
    for stop in ("\n", ["never", "\n\n"], "Sources", f"{text[-2:]}\n"):
        message = ask(stop=stop).choices[0].message
        assert message.content == text and message.annotations, stop
        chunks = list(ask(stop=stop, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text, stop
        assert chunks[-1].choices[0].delta.model_dump()["annotations"], stop


def test_sources_that_come_back_are_not_read_again(served: Served, stand_in: Any) -> None:
    """The list of sources that a client sends back with our answer is not in the next prompt; the answer is."""
    provider = stand_in(words=CITED)
    client = connect(served(provider))
    content = client.chat.completions.create(model="quarry/shop", messages=QUESTION).choices[0].message.content
    assert content is not None and "Sources:" in content
    follow_up: list[Any] = [*QUESTION, {"role": "assistant", "content": content}, *QUESTION]
    client.chat.completions.create(model="quarry/shop", messages=follow_up)
    sent_back = provider.asked[-1][2].text
    assert "by default." in sent_back and "Sources:" not in sent_back


def test_a_key_sees_its_own_repositories_only(own_home: Path, served: Served, stand_in: Any) -> None:
    """Without a key 401; with one for another repository the shop is in no list, no model and no hint."""
    from api.keys import KeyStore

    keys = KeyStore(own_home)
    own, other = keys.create("own", repos=["shop"]), keys.create("other", repos=["elsewhere"])
    keys.close()
    provider = stand_in()
    client = connect(served(provider, home=own_home, require_keys=True))
    with pytest.raises(openai.AuthenticationError) as refused:
        client.models.list()
    assert refused.value.code == "invalid_api_key"
    assert "quarry/shop" in [model.id for model in client.with_options(api_key=own).models.list()]
    stranger = client.with_options(api_key=other)
    assert list(stranger.models.list()) == []
    asked: list[Callable[[], object]] = [
        lambda: stranger.models.retrieve("quarry/shop"),
        lambda: stranger.chat.completions.create(model="quarry/shop", messages=QUESTION),
        lambda: stranger.chat.completions.create(model="quarry/all", messages=QUESTION),
        lambda: stranger.chat.completions.create(model="quarry/shop@HEAD", messages=QUESTION, stream=True),
        lambda: stranger.completions.create(model="quarry/shop", prompt="x = "),
    ]
    for ask in asked:
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert "Did you mean" not in caught.value.message and "HEAD," not in caught.value.message
    assert not provider.asked and not provider.prompts
    client.with_options(api_key=own).chat.completions.create(model="quarry/all", messages=QUESTION)
    assert provider.asked


def test_a_full_line_is_429(served: Served, stand_in: Any) -> None:
    """Past the line the client gets OpenAI's rate limit error, with the time to come again."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    client = connect(served(provider, model_slots=1, queue_length=0))
    with client.chat.completions.create(model="quarry/shop", messages=QUESTION, stream=True) as stream:
        next(iter(stream))
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model="quarry/shop", messages=QUESTION)
    assert caught.value.code == "rate_limit_exceeded"
    assert int(caught.value.response.headers["Retry-After"]) >= 1
