"""A service on a real socket, with a stand-in model or the real small one, over a small real repository."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from api.app import create_app
from api.keys import KeyStore
from api.settings import ApiSettings
from assistant.models.completion import CompletionPiece, Sampling
from assistant.models.providers import Provider
from assistant.records import TokenCount, Usage
from indexer.home import list_repositories

FILES = {
    "shop/cart.py": '"""The cart."""\n\n\ndef add_to_cart(cart, item, quantity=3):\n'
    '    """Put an item into the cart."""\n    cart.append((item, quantity))\n    return cart\n',
    "shop/tax.py": '"""Taxes."""\n\nVAT_RATE = 0.19\n\n\ndef add_vat(price):\n    """The price with VAT."""\n'
    "    return price * (1 + VAT_RATE)\n",
    "README.md": "# Shop\n\nSells things.\n",
}


class StandInModel(BaseChatModel):
    """Streams fixed words, a little apart, up to a stop word, and counts how many it was let go on with."""

    words: list[str]
    pause_seconds: float = 0.0
    fails_after: int | None = None
    asked: list[list[BaseMessage]]
    given: list[str]

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("the service streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append(messages)
        for number, word in enumerate(self.words):
            if number == self.fails_after:
                raise ConnectionError("the server is gone")
            if any(text in word for text in stop or []):
                break
            await asyncio.sleep(self.pause_seconds)
            self.given.append(word)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        usage = UsageMetadata(input_tokens=7, output_tokens=len(self.words), total_tokens=7 + len(self.words))
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


@dataclass
class StandInProvider:
    """A provider that counts a token a word."""

    words: Sequence[str] = ("The ", "answer.")
    pause_seconds: float = 0.0
    fails_after: int | None = None
    model: str = "stand-in/words"
    window_tokens: int = 4096
    asked: list[list[BaseMessage]] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    sampling: list[tuple[int, float, int]] = field(default_factory=list)
    prompts: list[tuple[str, Sampling]] = field(default_factory=list)

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        self.sampling.append((max_tokens, temperature, seed))
        return StandInModel(
            words=list(self.words),
            pause_seconds=self.pause_seconds,
            fails_after=self.fails_after,
            asked=self.asked,
            given=self.given,
        ).model_copy(update={"asked": self.asked, "given": self.given})

    def count_text(self, text: str) -> TokenCount:
        return TokenCount(len(text.split()), exact=True)

    async def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        self.prompts.append((prompt, sampling))
        for number, word in enumerate(self.words):
            if number == self.fails_after:
                raise ConnectionError("the server is gone")
            if any(text in word for text in sampling.stop):
                break
            await asyncio.sleep(self.pause_seconds)
            self.given.append(word)
            yield CompletionPiece(word)
        yield CompletionPiece("", "stop", Usage(7, len(self.words)))

    def check(self) -> None:
        pass

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        return TokenCount(sum(len(str(message.content).split()) for message in messages), exact=True)

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def shop(make_repo: Callable[..., Any]) -> Path:
    """A git repository with one commit."""
    return Path(make_repo(FILES, "shop").path)


@pytest.fixture(scope="session")
def home(make_home: Callable[[], Path], shop: Path, build: Callable[..., Any]) -> Iterator[Path]:
    """The home of all tests, in which ``shop`` is indexed. What indexes, removes or makes keys takes ``own_home``."""
    path = make_home()
    build(path, shop, "shop")
    yield path
    assert [repository.name for repository in list_repositories(path)] == ["shop"]
    assert KeyStore(path).list_keys() == []


@pytest.fixture
def own_home(home: Path, tmp_path: Path) -> Path:
    """A copy of ``home`` for this test alone."""
    return Path(shutil.copytree(home, tmp_path / "home"))


@pytest.fixture
def latin_home(own_home: Path, shop: Path, tmp_path: Path, build: Callable[..., Any]) -> Path:
    """A home in which ``shop`` is indexed, and as ``cafe`` once more from a folder whose name is no UTF-8."""
    build(own_home, shutil.copytree(shop, tmp_path / os.fsdecode(b"caf\xe9")), "cafe", worktree=True)
    return own_home


def serve(settings: ApiSettings, provider: Provider | None) -> AbstractContextManager[str]:
    """The service on a free port; its address."""
    return run_app(create_app(settings, provider))


@contextmanager
def run_app(app: FastAPI) -> Iterator[str]:
    """``app`` on a free port; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
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


@pytest.fixture
def many_home(make_home: Callable[[], Path], build: Callable[..., Any], tmp_path: Path) -> Path:
    """A home of this test's own with the repository `many`, of which a question can be refused: it has 80 files."""
    source, many = tmp_path / "many", make_home()
    source.mkdir()
    for number in range(80):  # smaller repositories are not judged
        (source / f"module_{number}.py").write_text(f"def compute_{number}(x):\n    return x + {number}\n")
    build(many, source, "many")
    return many


@pytest.fixture
def served(home: Path) -> Iterator[Callable[..., str]]:
    """Starts services over the session's home: ``served(provider)`` gives an address."""

    with ExitStack() as stack:

        def start(provider: Provider | None = None, **settings: Any) -> str:
            chosen = ApiSettings(**{"home": home, **settings})
            return stack.enter_context(serve(chosen, provider))

        yield start


@pytest.fixture(scope="session")
def model_home() -> Path:
    """Where the tests keep the real small model, over several runs."""
    default = Path(__file__).resolve().parents[2] / ".cache" / "test-home"
    return Path(os.environ.get("QUARRY_TEST_HOME", default))


@pytest.fixture(scope="session")
def stand_in() -> type[StandInProvider]:
    """The class, for tests that set how it behaves."""
    return StandInProvider


@pytest.fixture(scope="session")
def hang_up() -> Callable[[StandInProvider, Coroutine[Any, Any, Any]], None]:
    """``hang_up(provider, asking)`` asks, and gives it up as soon as the model has begun to answer."""

    async def run(provider: StandInProvider, asking: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(asking)
        while not provider.given:
            assert not task.done(), await task
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    return lambda provider, asking: asyncio.run(asyncio.wait_for(run(provider, asking), 60))


@pytest.fixture(scope="session")
def check_stops() -> Callable[[StandInProvider], None]:
    """``check_stops(provider)``: the model has begun to answer, and is not let go on to its last word."""

    def check(provider: StandInProvider) -> None:
        n_given = -1
        while n_given != len(provider.given):
            n_given = len(provider.given)
            time.sleep(0.3 + 10 * provider.pause_seconds)
        assert 0 < n_given < len(provider.words)

    return check


@pytest.fixture(scope="session")
def running_app() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """``running_app(app)`` serves an app of the test's own making, and gives its address."""
    return run_app
