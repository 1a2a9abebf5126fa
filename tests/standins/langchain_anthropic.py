"""A stand-in for the package ``langchain-anthropic``: ``init_chat_model`` finds it under its name, and nothing is sent.

It streams as the real class does: usage and the reason for the end come late and in words of Anthropic's. What is asked
and how the model was opened is kept in ``ASKED``, and as lines of the file that ``STANDIN_LOG`` names. The model's name
says what goes wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field, model_validator

ASKED: list[dict[str, Any]] = []
CLOSED: list[str] = []
LOOPS: list[asyncio.AbstractEventLoop] = []


class RefusedError(Exception):
    """As the real client's errors: a status, and the server's own words in the body."""

    def __init__(self, status: int, message: str) -> None:
        self.status_code, self.body = status, {"type": "error", "error": {"type": "some_error", "message": message}}
        super().__init__(f"Error code: {status} - {self.body}\nand more lines")


class ChatAnthropic(BaseChatModel):
    """Says ``STANDIN_REPLY`` in two pieces, 10 unless that is set."""

    model_config = ConfigDict(populate_by_name=True)

    model: str = Field(alias="model_name")
    max_tokens: int | None = None
    temperature: float | None = None
    default_request_timeout: float | None = Field(None, alias="timeout")
    max_retries: int = 2
    # The real class reads them when it is made, too.
    anthropic_api_key: str | None = Field(default_factory=lambda: os.environ.get("ANTHROPIC_API_KEY"))
    anthropic_api_url: str | None = Field(default_factory=lambda: os.environ.get("ANTHROPIC_API_URL"))

    @model_validator(mode="after")
    def _look_up_profile(self) -> ChatAnthropic:
        if self.model == "claude-strict":
            self.profile = {"temperature": False, "max_input_tokens": 900}
        if self.model == "claude-odd":
            raise ValueError("odd is no model of ours")
        return self

    @property
    def _llm_type(self) -> str:
        return "stand-in"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise AssertionError("a hosted model is streamed")

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        LOOPS.append(asyncio.get_running_loop())
        opened = self.model_dump(include={"model", "max_tokens", "temperature", "default_request_timeout"})
        asked = opened | {"messages": [[each.type, each.text] for each in messages], "stop": stop}
        asked |= {"key": self.anthropic_api_key, "url": self.anthropic_api_url}
        ASKED.append(asked)
        if log := os.environ.get("STANDIN_LOG"):
            with Path(log).open("a") as file:
                file.write(json.dumps(asked) + "\n")
        if self.model == "claude-refused":
            raise RefusedError(401, "invalid x-api-key")
        if self.model == "claude-failing":
            raise RefusedError(529, "Overloaded\nin two lines")
        if self.model == "claude-keyless":
            raise TypeError("Anthropic authentication failed: no API key")
        reply = os.environ.get("STANDIN_REPLY", "10")
        try:
            yield _chunk("", {"model_name": self.model})
            yield _chunk(reply[:1])
            if self.model == "claude-silent":
                await asyncio.sleep(60)
            yield _chunk(reply[1:])
        finally:
            CLOSED.append(self.model)
        if self.model == "claude-cut":
            return
        reason = "max_tokens" if self.max_tokens == 1 else "end_turn"
        if self.model != "claude-uncounted":
            for usage in ((50, 0), (0, 3)):  # the sum counts
                yield _chunk("", usage=usage)
        yield _chunk("", {"stop_reason": reason})


def _chunk(text: str, said: dict[str, Any] | None = None, usage: tuple[int, int] | None = None) -> ChatGenerationChunk:
    counted = {"input_tokens": usage[0], "output_tokens": usage[1], "total_tokens": sum(usage)} if usage else None
    content: Any = [{"type": "text", "text": text, "index": 0}] if text else ""
    message = AIMessageChunk(content=content, response_metadata=said or {}, usage_metadata=counted)  # type: ignore[arg-type]
    return ChatGenerationChunk(message=message)
