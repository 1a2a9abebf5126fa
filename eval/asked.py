"""What a case asked, as its prompt says it: the user's message without the code that stood before it."""

from __future__ import annotations

from assistant.prompts import format_passages

from .cases import Result


def find_asked(result: Result) -> str:
    """The last user's message of the first attempt without its passages; empty where there is none."""
    messages = result.attempts[0].messages if result.attempts else ()
    users = [message["content"] for message in messages if message.get("role") == "user"]
    return _without_passages(users[-1]) if users else ""


def _without_passages(message: str) -> str:
    """The message behind the passages, whose last line is the mark of all of them."""
    mark = message.partition(" ")[0]
    if not mark.startswith("=====CODE="):
        return message.removeprefix(format_passages([])).lstrip("\n")
    return message.rpartition(f"\n{mark}\n\n")[2]
