"""Counting tokens where the server offers no tokeniser: a bound that is never too low, and says so. And counts kept.

And an estimate, for answers of which nobody says how many tokens they took.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from langchain_core.messages import BaseMessage

from assistant.records import TokenCount

_MESSAGE_TOKENS = 8  # <|im_start|>, role, line break, <|im_end|>, line break are 5 in ChatML; other templates need more
_PROMPT_TOKENS = 40  # the answer's opening, and a system prompt that a template adds of itself (Qwen's is 24)

ESTIMATE_KEY = "usage_is_estimate"  # in the metadata of a stream's last piece, where its usage is by estimate_tokens
_BYTES_PER_TOKEN = 3.5  # code has 3 to 4

RETRY_SECONDS = 30.0  # after which a server that did not answer is asked again for what it counts by


def bound_of_text(text: str) -> TokenCount:
    """UTF-8 bytes: a byte-level BPE starts from bytes and only merges, so it never makes more tokens."""
    return TokenCount(len(text.encode("utf-8", errors="surrogatepass")), exact=False)


def bound_of_prompt(text_tokens: Sequence[int]) -> TokenCount:
    """The prompt of messages with these counts, with room for what a chat template adds to each."""
    return TokenCount(sum(text_tokens) + len(text_tokens) * _MESSAGE_TOKENS + _PROMPT_TOKENS, exact=False)


def estimate_tokens(text: str) -> int:
    """About as many tokens as ``text`` has; too few or too many by a third are common."""
    return math.ceil(len(text.encode("utf-8", errors="surrogatepass")) / _BYTES_PER_TOKEN)


class _Bound(Exception):
    """A count that is not kept."""

    def __init__(self, count: TokenCount) -> None:
        super().__init__()
        self.count = count


def keep_exact(count_text: Callable[[str], TokenCount], n_kept: int) -> Callable[[str], TokenCount]:
    """``count_text`` with the last ``n_kept`` exact counts kept. A bound may be all that there is for the moment."""

    @lru_cache(maxsize=n_kept)
    def count_exactly(text: str) -> TokenCount:
        count = count_text(text)
        if not count.exact:
            raise _Bound(count)
        return count

    def count(text: str) -> TokenCount:
        try:
            return count_exactly(text)
        except _Bound as bound:
            return bound.count

    return count


def text_of(message: BaseMessage) -> str:
    """The message's text, parts joined."""
    return str(message.text)


def role_of(message: BaseMessage) -> str:
    """The role as the OpenAI protocol calls it."""
    return {"human": "user", "ai": "assistant"}.get(message.type, message.type)


def as_openai(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """The messages in the OpenAI protocol's form."""
    return [{"role": role_of(message), "content": text_of(message)} for message in messages]
