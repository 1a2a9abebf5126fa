"""The whole product once, with the real 0.5B model: index, serve, ask over HTTP, hang up."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from assistant.models.catalogue import find_model
from assistant.models.download import pull_model
from assistant.models.embedded import EmbeddedProvider

QUESTION = "What is the default value of the parameter quantity of add_to_cart? Answer with the number only."


@pytest.fixture(scope="module")
def provider(model_home: Path) -> Iterator[EmbeddedProvider]:
    """The real engine with the real small model, fetched and verified if it is not there yet."""
    model = find_model("qwen2.5-coder-0.5b")
    pull_model(model_home, model)
    engine = EmbeddedProvider(model_home, model, window_tokens=4096)
    yield engine
    engine.close()


def test_real_answer_comes_from_the_right_file(served: Callable[..., str], provider: EmbeddedProvider) -> None:
    """The real model, given the repository, knows a default that it cannot have learned, from the right file."""
    body = {"repo": "shop", "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 32}
    answer = httpx.post(f"{served(provider)}/chat", json=body, timeout=280).json()
    assert "shop/cart.py" in [source["path"] for source in answer["sources"]]
    assert "3" in answer["answer"]
    assert answer["usage"]["prompt_tokens"] > answer["usage"]["context_tokens"] > 0


def look_at(provider: EmbeddedProvider, what: str) -> httpx.Response:
    """What the engine says of itself."""
    url = f"{provider.engine.url.removesuffix('/v1')}/{what}"
    return httpx.get(url, headers={"Authorization": f"Bearer {provider.engine.api_key}"}, timeout=60)


def n_generated(provider: EmbeddedProvider) -> float:
    """Tokens of the answers that the engine has brought to an end."""
    name = "llamacpp:tokens_predicted_total "
    [line] = [line for line in look_at(provider, "metrics").text.splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def test_real_stream_and_hang_up(served: Callable[..., str], provider: EmbeddedProvider) -> None:
    """A real stream gives tokens one by one; after a hang-up in its middle the engine does not write on."""
    url = served(provider)
    before = n_generated(provider)
    body = {
        "repo": "shop",
        "messages": [{"role": "user", "content": "Write a very long story about a cart."}],
        "stream": True,
        "max_tokens": 2000,
        "retrieval": "off",
    }
    n_tokens = 0
    with httpx.stream("POST", f"{url}/chat", json=body, timeout=280) as response:
        for line in response.iter_lines():
            n_tokens += line.startswith("event: token")
            if n_tokens == 5:
                break
    short = {
        "repo": "shop",
        "messages": [{"role": "user", "content": "Say hello."}],
        "max_tokens": 2,
        "retrieval": "off",
    }
    answer = httpx.post(f"{url}/chat", json=short, timeout=280).json()
    assert n_tokens == 5 and answer["usage"]["completion_tokens"] == 2
    while any(slot["is_processing"] for slot in look_at(provider, "slots").json()):
        time.sleep(0.1)
    assert n_generated(provider) - before < 200  # of the 2,000 that were asked for


def test_a_killed_engine_ends_the_stream_and_is_back(served: Callable[..., str], provider: EmbeddedProvider) -> None:
    """An engine that is killed in mid-answer ends the stream with an error event, and is back for the next question."""
    url = served(provider)
    body = {
        "repo": "shop",
        "messages": [{"role": "user", "content": "Write a very long story about a cart."}],
        "stream": True,
        "max_tokens": 2000,
        "retrieval": "off",
    }
    names = []
    with httpx.stream("POST", f"{url}/chat", json=body, timeout=280) as response:
        for line in response.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
                if names.count("token") == 5 and "killed" not in names:
                    names.append("killed")
                    pid = provider.engine.pid
                    assert pid is not None
                    os.kill(pid, signal.SIGKILL)
            elif line.startswith("data: "):
                last = json.loads(line.removeprefix("data: "))
    assert names[-1] == "error" and last["status"] == 503 and "ask again" in last["detail"]
    again = {**body, "stream": False, "max_tokens": 2, "messages": [{"role": "user", "content": "Say hello."}]}
    assert httpx.post(f"{url}/chat", json=again, timeout=280).status_code == 200
    assert provider.engine.pid not in (None, pid)


def test_real_answer_and_completion_to_the_openai_client(
    served: Callable[..., str], provider: EmbeddedProvider
) -> None:
    """The official client gets a real answer from the right file, and real code at the cursor that uses it."""
    client = OpenAI(base_url=f"{served(provider)}/v1", api_key="none", max_retries=0, timeout=280)
    answer = client.chat.completions.create(
        model="quarry/shop", messages=[{"role": "user", "content": QUESTION}], max_tokens=32
    )
    assert "3" in (answer.choices[0].message.content or "")
    assert "shop/cart.py" in [source["path"] for source in answer.model_dump()["quarry"]["sources"]]
    completion = client.completions.create(
        model="quarry/shop",
        prompt="# shop/order.py\nfrom shop.cart import add_to_cart\n\n\ndef order(cart, item):\n    cart = add_to_",
        suffix="\n    return cart\n",
        max_tokens=24,
    )
    text = completion.choices[0].text
    assert text.startswith("cart(") and "<|" not in text and "return cart" not in text
