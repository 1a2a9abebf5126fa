"""The encoder's tokenizer: WordPiece over words that its normaliser has split where identifiers are joined.

All of it is in tokenizer.json, so the Rust tokenizer does it alone and no Python runs for a text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

UNKNOWN = "[UNK]"
# getUser|By|Id|2, HTTP|Server, utf|8: before lowercasing, which loses the boundaries.
_JOINTS = r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z])(?=[0-9]|[A-Z][a-z])|_+"
# Of ASCII punctuation, what a mean of token vectors cannot use: it is everywhere, and half of code's tokens.
_NOISE = r"[\x00-\x20!-/:-@\[-`{-~]+"


def build_tokenizer(vocabulary: Iterable[str]) -> Tokenizer:
    """A tokenizer over ``vocabulary`` in that order; the first entry must be ``[UNK]``."""
    ids = {token: row for row, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_JOINTS), " "),
            normalizers.Replace(Regex(_NOISE), " "),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def read_vocabulary(tokenizer_json: Path) -> dict[str, int]:
    """The teacher's tokens and their ids."""
    vocabulary: dict[str, int] = json.loads(tokenizer_json.read_text(encoding="utf-8"))["model"]["vocab"]
    return vocabulary


def prune_vocabulary(tokens: Iterable[str]) -> list[str]:
    """The tokens that code and English questions can need: Latin words and digits, ``[UNK]`` first."""
    return [UNKNOWN, *(token for token in tokens if _is_useful(token))]


def find_new_words(texts: Iterable[str], known: list[str], n_words: int, min_count: int = 50) -> list[str]:
    """The most frequent words of ``texts`` that the vocabulary cuts in pieces: ``kwargs``, ``config``."""
    tokenizer = build_tokenizer(known)
    assert tokenizer.normalizer is not None and tokenizer.pre_tokenizer is not None
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(tokenizer.normalizer.normalize_str(text).split())
    taken = set(known)
    frequent = (word for word, count in counts.most_common() if count >= min_count)
    new = (word for word in frequent if word not in taken and re.fullmatch(r"[a-z]{3,20}", word))
    return [word for word, _ in zip(new, range(n_words), strict=False)]


def _is_useful(token: str) -> bool:
    if token.startswith("["):
        return token == "["
    text = token.removeprefix("##")
    if text.isascii():
        return text.isalnum()  # punctuation never reaches the model, see _NOISE
    return all(unicodedata.name(character, "").startswith("LATIN") for character in text)
