"""A chat model's stream without LangChain's tracing, which would send each prompt, and its code, to LangSmith.

Who develops with LangChain asks for it in their environment (``LANGSMITH_TRACING``, and a key), for programs of their
own. Where code goes is for Quarry's settings to say.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import RunnableConfig


_NO_CALLBACKS: RunnableConfig = {"callbacks": []}  # none of a chain that this is called in, such as its tracer


async def stream_untraced(
    chat_model: BaseChatModel, prompt: Sequence[BaseMessage], stop: Sequence[str] = ()
) -> AsyncGenerator[Any, None]:
    """What ``chat_model.astream`` gives. Closing it closes the model's stream. Raises the model's errors."""
    from langsmith import tracing_context  # LangChain has imported it by then, in a tenth of a second

    stream = cast("AsyncGenerator[Any, None]", chat_model.astream(list(prompt), _NO_CALLBACKS, stop=list(stop) or None))
    async with aclosing(stream) as chunks:
        # LangChain looks when the stream begins. For longer it would be switched off in the caller's own chains, too.
        with tracing_context(enabled=False):
            chunk = await anext(chunks, None)
        while chunk is not None:
            yield chunk
            chunk = await anext(chunks, None)
