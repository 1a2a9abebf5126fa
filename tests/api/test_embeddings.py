"""``/v1/embeddings``, asked by the official ``openai`` client over a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai import OpenAI

from indexer.embedding import BUILT_IN, open_encoder

Served = Callable[..., str]
TEXTS = ["def add_to_cart(cart, item): ...", "how is VAT added to a price"]


def connect(url: str) -> OpenAI:
    """The official client as its users open it, without the retries that would hide an error."""
    return OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def test_vectors_are_the_encoders(served: Served, stand_in: Any) -> None:
    """Both wire formats, and the client's own default, give what the encoder gives, to the last bit."""
    client = connect(served(stand_in()))
    expected = open_encoder(BUILT_IN).encode(TEXTS)
    for options in ({}, {"encoding_format": "float"}, {"dimensions": expected.shape[1]}):
        answer = client.embeddings.create(model=BUILT_IN, input=TEXTS, **options)  # type: ignore[arg-type]
        assert np.array_equal(np.array([each.embedding for each in answer.data], dtype=np.float32), expected)
        assert [each.index for each in answer.data] == [0, 1]
        assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10


def test_one_text_is_a_list_of_one(served: Served, stand_in: Any) -> None:
    """A text alone gives one vector, of unit length."""
    answer = connect(served(stand_in())).embeddings.create(model=BUILT_IN, input=TEXTS[0])
    [vector] = answer.data
    assert np.linalg.norm(vector.embedding) == pytest.approx(1, abs=1e-5)


def test_base64_is_sent_only_where_it_is_asked_for(served: Served, stand_in: Any) -> None:
    """A client that names no format gets numbers, as from OpenAI."""
    url = served(stand_in())
    body = {"model": BUILT_IN, "input": "x = 1"}
    plain = httpx.post(f"{url}/v1/embeddings", json=body).json()
    assert isinstance(plain["data"][0]["embedding"], list)
    encoded = httpx.post(f"{url}/v1/embeddings", json={**body, "encoding_format": "base64"}).json()
    assert isinstance(encoded["data"][0]["embedding"], str)


def test_bad_requests_name_what_is_wrong(served: Served, stand_in: Any) -> None:
    """Tokens, empty and too many texts, and other dimensions are a 400 that names the field; another model a 404."""
    client = connect(served(stand_in()))
    bad: list[tuple[dict[str, Any], str]] = [
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": ["a", None]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"dimensions": 7}, "dimensions"),
        ({"encoding_format": "int8"}, "encoding_format"),
    ]
    for arguments, param in bad:
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(**{"model": BUILT_IN, "input": TEXTS, **arguments})
        assert caught.value.param == param, arguments
    with pytest.raises(openai.NotFoundError, match=BUILT_IN) as missing:
        client.embeddings.create(model="text-embedding-3-small", input=TEXTS)
    assert missing.value.code == "model_not_found"


def test_text_that_is_no_unicode_is_refused(served: Served, stand_in: Any) -> None:
    """Half a character, which JSON can hold and no text can, is a 400."""
    content = b'{"model": "%s", "input": "\\ud800"}' % BUILT_IN.encode()
    headers = {"Content-Type": "application/json"}
    response = httpx.post(f"{served(stand_in())}/v1/embeddings", content=content, headers=headers)
    assert response.status_code == 400
