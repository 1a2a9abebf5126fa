"""Stand-ins for what evaluations rest on: a model that answers by a function, and a small repository."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistant.models.completion import CompletionPiece, Sampling
from assistant.models.counting import as_openai
from assistant.records import TokenCount
from eval.errors import SandboxMissing
from eval.sandbox import Sandbox, open_sandbox

Messages = list[dict[str, str]]
Reply = Callable[[Messages], str]


class StandInChat(BaseChatModel):
    """Streams what its provider's function says, half by half."""

    provider: Any

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("an evaluation streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        sent = as_openai(messages)
        self.provider.asked.append(sent)
        text = self.provider.reply(sent)
        half = len(text) // 2
        for piece in (text[:half], text[half:]):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        n_tokens = sum(len(message["content"].split()) for message in sent)
        usage = UsageMetadata(input_tokens=n_tokens, output_tokens=5, total_tokens=n_tokens + 5)
        last = AIMessageChunk(content="", usage_metadata=usage, response_metadata={"finish_reason": "stop"})
        yield ChatGenerationChunk(message=last)


@dataclass
class StandInProvider:
    """A provider that counts a token a word, and remembers what it was asked. ``reply`` may raise."""

    reply: Reply
    model: str = "stand-in/model"
    window_tokens: int = 8192
    asked: list[Messages] = field(default_factory=list)

    def chat_model(self, *, max_tokens: int, temperature: float = 0.0, seed: int = 0) -> BaseChatModel:
        return StandInChat(provider=self)

    def complete(self, prompt: str, sampling: Sampling) -> AsyncGenerator[CompletionPiece, None]:
        raise AssertionError("an evaluation chats")

    def check(self) -> None:
        pass

    def count_text(self, text: str) -> TokenCount:
        return TokenCount(len(text.split()), exact=True)

    def count_prompt(self, messages: Sequence[BaseMessage]) -> TokenCount:
        return TokenCount(sum(len(message["content"].split()) for message in as_openai(messages)), exact=True)

    def close(self) -> None:
        pass


@pytest.fixture
def make_provider() -> type[StandInProvider]:
    """The class of the stand-in."""
    return StandInProvider


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """A package in a src layout that gives a few questions, with files that have nothing to do with them."""
    folder = tmp_path / "garden" / "src" / "garden"
    folder.mkdir(parents=True)
    (folder / "gate.py").write_text(
        "SIZE = 33\nWIDTH = 44\n\n\nclass Gate(Barrier):\n    def open(self, speed=7): ...\n"
    )
    for number, name in enumerate(["pond", "shed", "hedge", "lawn", "path"], 1):
        lines = [f"def {name}_step_{step}(value):\n    return value * {step}{number}\n" for step in range(4)]
        (folder / f"{name}.py").write_text("\n\n".join(lines))
    return tmp_path / "garden"


@pytest.fixture
def commit_as() -> Callable[..., str]:
    """Write files into a repository and commit them with a message."""

    def commit(repo: Any, message: str, files: Mapping[str, str]) -> str:
        for path, text in files.items():
            repo.write(path, text)
        repo.git("add", "--all")
        repo.git("commit", "--quiet", "--message", message)
        return str(repo.git("rev-parse", "HEAD"))

    return commit


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """What this machine confines by."""
    try:
        return open_sandbox()
    except SandboxMissing as error:
        pytest.fail(f"{error}; or leave these tests out with -m 'not sandboxed'.")
