"""Assistant: search, prompts, models and answers, on top of the indexer.

``QuarryRetriever`` and ``QuarryChat`` are the same for LangChain. They are loaded when they are asked for: a search
imports neither LangChain nor a model's client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .retriever import QuarryRetriever
    from .runnable import QuarryChat

__all__ = ["QuarryChat", "QuarryRetriever"]


def __getattr__(name: str) -> Any:
    if name == "QuarryRetriever":
        from .retriever import QuarryRetriever

        return QuarryRetriever
    if name == "QuarryChat":
        from .runnable import QuarryChat

        return QuarryChat
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
