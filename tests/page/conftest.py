"""A service with a stand-in model, and a headless Chromium that looks at its page and misses nothing that is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from api.app import create_app
from api.settings import ApiSettings
from assistant.models.providers import Provider
from assistant.records import TokenCount

FILES = {
    "shop/cart.py": '"""The cart."""\n\n\ndef add_to_cart(cart, item, quantity=3):\n'
    '    """Put an item into the cart."""\n    cart.append((item, quantity))\n    return cart\n',
    "shop/tax.py": '"""Taxes."""\n\nVAT_RATE = 0.19\n\n\ndef add_vat(price):\n    """The price with VAT."""\n'
    "    return price * (1 + VAT_RATE)\n",
    "README.md": "# Shop\n\nSells things.\n",
}
# Supported by the first passage; the marker is the one that an answer about it carries.
WITH_CODE = (
    "`add_to_cart` puts an item into the cart, with `quantity=3` by default [1].\n\n"
    "```python\nadd_to_cart(cart, item)\n```\n\nThat is all."
)
WITHOUT_CODE = "I do not know this shop. <img src=x onerror=alert(1)>\n\n[a link](http://outside.example/)"

CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_TIMEOUT_MS = 30_000  # the machine may be busy; what is looked for is there within a second


class StandInModel(BaseChatModel):
    """Streams one text where the prompt holds code, another where it does not."""

    provider: Any

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("the service streams")

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        has_code = "def add_to_cart" in str([message.content for message in messages])
        self.provider.asked.append([str(message.content) for message in messages])
        words = (self.provider.with_code if has_code else self.provider.without_code).split(" ")
        for number, word in enumerate(words):
            if number == self.provider.fails_after:
                raise ConnectionError("the server is gone")
            await asyncio.sleep(self.provider.pause_seconds)
            self.provider.given.append(word)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word if number == 0 else f" {word}"))
        usage = UsageMetadata(input_tokens=7, output_tokens=len(words), total_tokens=7 + len(words))
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


@dataclass
class StandInProvider:
    """A provider that counts a token a word."""

    with_code: str = WITH_CODE
    without_code: str = WITHOUT_CODE
    pause_seconds: float = 0.0
    fails_after: int | None = None
    model: str = "stand-in/words"
    window_tokens: int = 4096
    asked: list[list[str]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        return StandInModel(provider=self)

    def count_text(self, text: str) -> TokenCount:
        return TokenCount(len(text.split()), exact=True)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        return TokenCount(sum(len(str(message.content).split()) for message in messages), exact=True)

    def check(self) -> None:
        pass

    def close(self) -> None:
        pass


@contextmanager
def serve(settings: ApiSettings, provider: Provider | None) -> Iterator[str]:
    """The service on a free port; its address."""
    server = uvicorn.Server(uvicorn.Config(create_app(settings, provider), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it listened"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def shop(make_repo: Callable[..., Any]) -> Any:
    """A git repository of three files, with one commit."""
    return make_repo(FILES, "shop")


@pytest.fixture(scope="session")
def indexed_home(make_home: Callable[[], Path], shop: Any, build: Callable[..., Any]) -> Path:
    """A home in which ``shop`` is indexed; tests copy it."""
    home = make_home()
    build(home, shop.path, "shop")
    return home


@pytest.fixture
def shop_home(indexed_home: Path, tmp_path: Path) -> Path:
    """A home of this test's own in which ``shop`` is indexed."""
    return Path(shutil.copytree(indexed_home, tmp_path / "home"))


@pytest.fixture
def served(shop_home: Path) -> Iterator[Callable[..., str]]:
    """Starts services over ``shop_home``: ``served(provider)`` gives an address."""
    with ExitStack() as stack:

        def start(provider: Provider | None = None, **settings: Any) -> str:
            return stack.enter_context(serve(ApiSettings(**{"home": shop_home, **settings}), provider))

        yield start


@pytest.fixture
def provider() -> StandInProvider:
    """The model of this test; set how it behaves before it is asked."""
    return StandInProvider()


# For a module and no longer: while it lives, its event loop runs in this thread, and others cannot.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail(
            "Chromium is not installed: run scripts/install-debian-packages, or leave the page's tests out with "
            "-m 'not browser'."
        )
    expect.set_options(timeout=_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages. When the test ends, none of them may have asked another address or complained on its console."""
    with ExitStack() as stack:
        wrong: list[str] = []

        def start(url: str, path: str = "/", **options: Any) -> Page:
            context: BrowserContext = browser.new_context(**options)
            stack.callback(context.close)
            context.set_default_timeout(_TIMEOUT_MS)
            page = context.new_page()

            def on_console(message: ConsoleMessage) -> None:
                # That a request was refused is said by the browser itself; tests of errors want just that.
                if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
                    wrong.append(f"console: {message.text}")

            page.on("console", on_console)
            page.on("pageerror", lambda error: wrong.append(f"script: {error}"))
            page.on("request", lambda request: None if request.url.startswith(url) else wrong.append(request.url))
            page.goto(url + path)
            return page

        yield start
        assert wrong == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the browser are marked as such, so that they can be left out where there is none."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def model_home() -> Path:
    """Where the tests keep the real small model, over several runs."""
    default = Path(__file__).resolve().parents[2] / ".cache" / "test-home"
    return Path(os.environ.get("QUARRY_TEST_HOME", default))
