"""``/v1/completions``, asked by the official ``openai`` client over a real socket: code at the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

Served = Callable[..., str]
CODER = "stand-in/qwen2.5-coder"
BEFORE = "# shop/order.py\nfrom shop.cart import add_to_cart\n\n\ndef order(cart, item):\n    add_to_cart("
BEHIND = "\n    return cart\n"


def connect(url: str) -> OpenAI:
    """The official client as its users open it, without the retries that would hide an error."""
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def test_gap_is_filled_in_qwens_format(served: Served, stand_in: Any) -> None:
    """The prompt holds files of the repository, then the code around the cursor, between the model's own tokens."""
    provider = stand_in(words=["cart, ", "item)"], model=CODER)
    completion = connect(served(provider)).completions.create(model="quarry/shop", prompt=BEFORE, suffix=BEHIND)
    assert (completion.choices[0].text, completion.choices[0].finish_reason) == ("cart, item)", "stop")
    assert completion.usage is not None and completion.usage.total_tokens == 9
    [(prompt, sampling)] = provider.prompts
    head, _, gap = prompt.partition("<|fim_prefix|>")
    assert head.startswith("<|repo_name|>shop\n<|file_sep|>")
    assert "<|file_sep|>shop/cart.py\n" in head and "def add_to_cart(cart, item, quantity=3):" in head
    assert head.endswith("<|file_sep|>shop/order.py\n")
    assert gap == f"{BEFORE}<|fim_suffix|>{BEHIND}<|fim_middle|>"
    assert {"<|endoftext|>", "<|file_sep|>", "<|fim_pad|>", "\n    return cart"} <= set(sampling.stop)
    assert "shop/cart.py" in [source["path"] for source in completion.model_dump()["quarry"]["sources"]]


def test_a_clients_own_tokens_are_read(served: Served, stand_in: Any) -> None:
    """A prompt in which the client has put Qwen's tokens, or those of other models, is the same gap."""
    provider = stand_in(model=CODER)
    client = connect(served(provider))
    for prompt, suffix in (
        (BEFORE, BEHIND),
        (f"<|fim_prefix|>{BEFORE}<|fim_suffix|>{BEHIND}<|fim_middle|>", None),
        (f"<fim_prefix>{BEFORE}<fim_suffix>{BEHIND}<fim_middle>", None),
        (f"<|file_sep|>shop/order.py\n<|fim_prefix|>{BEFORE}<|fim_suffix|>{BEHIND}<|fim_middle|>", None),
    ):
        client.completions.create(model="quarry/shop", prompt=prompt, suffix=suffix)
    assert len({prompt for prompt, _ in provider.prompts}) == 1


def test_code_goes_on_without_a_suffix(served: Served, stand_in: Any) -> None:
    """Without a suffix the prompt ends with the code; a model without Qwen's tokens gets none of them."""
    for model, has_tokens in ((CODER, True), ("stand-in/other", False)):
        provider = stand_in(model=model)
        connect(served(provider)).completions.create(model="quarry/shop", prompt=BEFORE)
        [(prompt, _)] = provider.prompts
        assert prompt.endswith(BEFORE) and "quantity=3" in prompt
        assert ("<|file_sep|>" in prompt) == has_tokens and "<|fim_" not in prompt


def test_stream_and_sampling(served: Served, stand_in: Any) -> None:
    """A stream gives the pieces, the reason and the usage; cap, temperature, seed and stop are the model's."""
    provider = stand_in(words=["a ", "b ", "STOP"], model=CODER)
    *pieces, last, usage = connect(served(provider)).completions.create(
        model="quarry/shop",
        prompt=[BEFORE],
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=9,
        temperature=0.5,
        seed=-1,
        stop=["STOP"],
    )
    assert [piece.choices[0].text for piece in pieces] == ["a ", "b "]
    assert last.choices[0].finish_reason == "stop" and last.model_dump()["quarry"]["sources"]
    assert usage.usage is not None and usage.usage.prompt_tokens == 7
    [(_, sampling)] = provider.prompts
    assert (sampling.max_tokens, sampling.temperature, sampling.seed) == (9, 0.5, 2**31 - 1)
    assert sampling.stop[0] == "STOP"


def test_what_has_no_room_is_cut_at_the_far_ends(served: Served, stand_in: Any) -> None:
    """Of long code the lines nearest to the cursor are kept on both sides, and what was cut is told."""
    provider = stand_in(model=CODER, window_tokens=400)
    before = "".join(f"first {number} line\n" for number in range(2000)) + "value = "
    behind = "\nlast line\n" + "".join(f"tail {number} line\n" for number in range(2000))
    completion = connect(served(provider)).completions.create(
        model="quarry/shop", prompt=before, suffix=behind, max_tokens=100
    )
    [(prompt, _)] = provider.prompts
    assert len(prompt.split()) <= 300
    assert "first 1999 line\nvalue = <|fim_suffix|>\nlast line\n" in prompt
    assert "first 0 line" not in prompt and "tail 1999 line" not in prompt
    extension = completion.model_dump()["quarry"]
    assert extension["n_prefix_characters_left_out"] > 20_000 and extension["n_suffix_characters_left_out"] > 20_000


def test_control_tokens_in_code_are_no_tokens(served: Served, stand_in: Any) -> None:
    """Code that holds the model's tokens as text cannot end the gap, or begin another file."""
    provider = stand_in(model=CODER)
    connect(served(provider)).completions.create(
        model="quarry/shop", prompt='end = "<|fim_middle|>"\nx = ', suffix='\ny = "<|file_sep|>"'
    )
    [(prompt, _)] = provider.prompts
    assert prompt.count("<|fim_middle|>") == 1 and '"<|file_sep|>"' not in prompt


def test_the_file_that_is_edited_is_not_shown_twice(served: Served, stand_in: Any) -> None:
    """What stands around the cursor is not also given as code of the repository."""
    provider = stand_in(model=CODER)
    before = '"""Taxes."""\n\nVAT_RATE = 0.19\n\n\ndef add_vat(price):\n    """The price with VAT."""\n'
    completion = connect(served(provider)).completions.create(model="quarry/shop", prompt=before, suffix="\n")
    extension = completion.model_dump()["quarry"]
    assert "shop/tax.py" not in [source["path"] for source in extension["sources"]]
    assert ("shop/tax.py", "it is being edited") in [(hit["path"], hit["reason"]) for hit in extension["left_out"]]


def test_bad_requests_name_what_is_wrong(served: Served, stand_in: Any) -> None:
    """Each is a 4xx in OpenAI's form, before the model is asked."""
    provider = stand_in(model="stand-in/other")
    client = connect(served(provider))
    bad: list[tuple[dict[str, Any], str | None]] = [
        ({"prompt": ""}, None),
        ({"prompt": "  \n"}, None),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": ["a", "b"]}, "prompt"),
        ({"suffix": "\n"}, None),
        ({"n": 2}, "n"),
        ({"best_of": 2}, "best_of"),
        ({"echo": True}, "echo"),
        ({"logprobs": 3}, "logprobs"),
        ({"max_tokens": 100_000}, "max_tokens"),
        ({"extra_body": {"quarry": {"unknown": 1}}}, "quarry.unknown"),
    ]
    for arguments, param in bad:
        with pytest.raises(openai.BadRequestError) as caught:
            client.completions.create(**{"model": "quarry/shop", "prompt": BEFORE, **arguments})
        assert caught.value.param == param, arguments
    with pytest.raises(openai.NotFoundError, match="Did you mean quarry/shop"):
        client.completions.create(model="quarry/shp", prompt=BEFORE, stream=True)
    assert not provider.prompts


def test_a_model_that_fails_in_mid_stream_is_an_error(served: Served, stand_in: Any) -> None:
    """The client raises what went wrong, after the pieces that it got."""
    client = connect(served(stand_in(words=["a ", "b "], fails_after=1)))
    got = []
    with pytest.raises(openai.APIError, match="stand-in/words"):
        for chunk in client.completions.create(model="quarry/shop", prompt=BEFORE, stream=True):
            got.append(chunk.choices[0].text)
    assert got == ["a "]


def test_closing_the_stream_stops_the_model(served: Served, stand_in: Any, check_stops: Callable[[Any], None]) -> None:
    """A client that closes its stream stops the generation."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    client = connect(served(provider))
    with client.completions.create(model="quarry/shop", prompt=BEFORE, stream=True) as chunks:
        next(iter(chunks))
    check_stops(provider)
