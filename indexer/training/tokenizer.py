"""The encoder's tokenizer: WordPiece over words that its normaliser has split where identifiers are joined.

All of it is in tokenizer.json, so the Rust tokenizer does it alone and no Python runs for a text.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

UNKNOWN = "[UNK]"
# getUser|By|Id|2, HTTP|Server, utf|8: before lowercasing, which loses the boundaries.
_JOINTS = r"(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[A-Z])(?=[0-9]|[A-Z][a-z])"
# Of punctuation, what a mean of token vectors cannot use: it is everywhere, and half of code's tokens.
_NOISE = r"[\x00-\x20!-/:-@\[-`{-~\u0080-\u00bf\u2000-\u206f\u3000-\u303f]+"


def build_tokenizer(vocabulary: Iterable[str]) -> Tokenizer:
    """A tokenizer over ``vocabulary`` in that order; the first entry must be ``[UNK]``."""
    ids = {token: row for row, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=100))
    # One pass of the regular expression, and no BERT normaliser and pre-tokeniser: that is half of the time.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(f"{_NOISE}|{_JOINTS}"), " "),
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def read_vocabulary(tokenizer_json: Path) -> dict[str, int]:
    """The teacher's tokens and their ids."""
    vocabulary: dict[str, int] = json.loads(tokenizer_json.read_text(encoding="utf-8"))["model"]["vocab"]
    return vocabulary


def prune_vocabulary(tokens: Iterable[str]) -> list[str]:
    """The tokens that code and English questions can need: Latin words and digits, ``[UNK]`` first."""
    return [UNKNOWN, *(token for token in tokens if _is_useful(token))]


def choose_vocabulary(teacher_tokens: Iterable[str], texts: Sequence[str], n_tokens: int) -> list[str]:
    """The tokens that ``texts`` use: whole words that are frequent in them, and the teacher's tokens they fall into.

    Code's own words (``kwargs``, ``nullptr``) come in where the teacher cuts them in pieces; of the teacher's
    tokens those that code and questions hardly use go out first, letters and digits stay.
    """
    known = prune_vocabulary(teacher_tokens)
    new = find_new_words(texts, known)
    counts = _count_tokens([*known, *new], texts)
    always = [token for token in known if len(token.removeprefix("##")) == 1 or token == UNKNOWN]
    ranked = sorted((token for token in (*known, *new) if token not in set(always)), key=lambda t: -counts[t])
    return [*always, *ranked[: n_tokens - len(always)]]


def find_new_words(texts: Iterable[str], known: Sequence[str], min_count: int = 10) -> list[str]:
    """The frequent words of ``texts`` that the vocabulary cuts in pieces, most frequent first."""
    tokenizer = build_tokenizer(known)
    assert tokenizer.normalizer is not None
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(tokenizer.normalizer.normalize_str(text).split()))
    taken = set(known)
    by_count = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))  # by word too: the same in every run
    frequent = (word for word, count in by_count if count >= min_count)
    return [word for word in frequent if word not in taken and re.fullmatch(r"[a-z]{2,20}", word)]


def _count_tokens(tokens: Sequence[str], texts: Sequence[str]) -> dict[str, int]:
    """In how many of ``texts`` each token is."""
    tokenizer = build_tokenizer(tokens)
    counts: Counter[int] = Counter()
    for start in range(0, len(texts), 4096):
        for encoding in tokenizer.encode_batch_fast(list(texts[start : start + 4096]), add_special_tokens=False):
            counts.update(set(encoding.ids))
    return {token: counts[row] for row, token in enumerate(tokens)}


def _is_useful(token: str) -> bool:
    if token.startswith("["):
        return token == "["
    text = token.removeprefix("##")
    if text.isascii():
        return text.isalnum()  # punctuation never reaches the model, see _NOISE
    return all(unicodedata.name(character, "").startswith("LATIN") for character in text)
