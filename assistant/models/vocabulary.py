"""A Qwen2 vocabulary as a tokeniser, from the metadata that Ollama shows of a model (`verbose`).

Exact for models whose metadata names the pre-tokeniser `qwen2`; for any other there is no vocabulary here, and
the caller takes the bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# How Qwen2 cuts text into words before merging (Qwen2 tokenizer.json; LLAMA_VOCAB_PRE_TYPE_QWEN2 in llama.cpp).
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CONTROL, _USER_DEFINED = 3, 4  # kinds of token in GGUF metadata that stand for themselves in the text


class Vocabulary:
    """Counts tokens as the model does."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def count(self, text: str) -> int:
        """Number of tokens of ``text``, special tokens in it counted as such."""
        clean = text.encode("utf-8", errors="replace").decode("utf-8")  # lone surrogates cannot be sent either
        return len(self._tokenizer.encode(clean, add_special_tokens=False))


def vocabulary_of_metadata(info: Mapping[str, Any]) -> Vocabulary | None:
    """The vocabulary in GGUF metadata (``tokenizer.ggml.*``), or None if it is not a whole one of Qwen2's kind."""
    tokens, merges = info.get("tokenizer.ggml.tokens"), info.get("tokenizer.ggml.merges")
    if info.get("tokenizer.ggml.model") != "gpt2" or info.get("tokenizer.ggml.pre") != "qwen2":
        return None
    if not tokens or not merges:
        return None
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    try:
        model = models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=pairs)
    except Exception:  # `tokenizers` raises bare Exception for a merge that is not in the vocabulary
        return None
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = info.get("tokenizer.ggml.token_type") or []
    whole = [token for token, kind in zip(tokens, kinds, strict=False) if kind in (_CONTROL, _USER_DEFINED)]
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in whole])
    return Vocabulary(tokenizer)
