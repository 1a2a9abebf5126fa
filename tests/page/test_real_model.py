"""The page once with the real 0.5B model: what it says is shown, with the lines that it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assistant.models.catalogue import find_model
from assistant.models.download import pull_model
from assistant.models.embedded import EmbeddedProvider

_ANSWER_MS = 280_000  # two cores that others may use, too


@pytest.fixture(scope="module")
def real_provider(model_home: Path) -> Iterator[EmbeddedProvider]:
    """The real engine with the real small model, fetched and verified if it is not there yet."""
    model = find_model("qwen2.5-coder-0.5b")
    pull_model(model_home, model)
    engine = EmbeddedProvider(model_home, model, window_tokens=4096)
    yield engine
    engine.close()


def test_real_answer_is_shown_and_its_source_opens(
    served: Callable[..., str], real_provider: Any, open_page: Callable[..., Page]
) -> None:
    """The real model, asked on the page, knows what it cannot have learned; the right file opens at its lines."""
    page = open_page(served(real_provider))
    page.fill("#question", "What is the default value of the parameter quantity of add_to_cart?")
    page.locator("#send").click()
    expect(page.locator("#stop")).to_be_hidden(timeout=_ANSWER_MS)
    expect(page.locator(".prose")).to_contain_text("3")
    page.locator(".chip", has_text="shop/cart.py").first.click()
    expect(page.locator("#panel .line.marked").first).to_be_in_viewport()
