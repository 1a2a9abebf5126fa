"""Hits become passages within a budget of tokens, and what does not fit is named with its reason.

By rank: a hit is taken whole, merged with a passage that it adjoins, while it fits; for what does not fit whole, its
signature and the lines that matter for the question. A passage begins with the signatures of what encloses it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from indexer.records import Hit

from .excerpts import ELISION, NumberedLine, keep_lines, order_lines, weigh_terms
from .prompts import choose_mark, format_passage
from .records import PackedPassage, Packing, Passage, TokenCount
from .signals import read_query
from .surroundings import NoSurroundings, Surroundings
from .targets import label_sources

# Part of an evaluation's configuration: raise it when the same hits and budget would give other passages.
CONTEXT_VERSION = 2

_MIN_TOKENS = 40  # an excerpt shorter than this says nothing beside its frame
_MAX_BLANK_LINES = 5  # between two chunks that adjoin
_NOTHING = TokenCount(0, exact=True)


@dataclass(frozen=True, slots=True)
class PackedContext:
    """What goes into the prompt. ``passages``, ``packed`` and ``counts`` are parallel; ``left_out`` has reasons."""

    passages: Sequence[Passage]
    packed: Sequence[PackedPassage]
    counts: Sequence[TokenCount]
    left_out: Sequence[tuple[Hit, str]]

    @property
    def tokens(self) -> TokenCount:
        """What the passages take, with their frames."""
        return TokenCount(sum(count.n_tokens for count in self.counts), all(count.exact for count in self.counts))

    @property
    def hits(self) -> Sequence[Hit]:
        """The hits of all passages, in the order of the passages."""
        return [hit for packed in self.packed for hit in packed.hits]

    def without_last(self, reason: str) -> PackedContext:
        """The same without its last passage, which is left out for ``reason``."""
        left_out = [*((hit, reason) for hit in self.packed[-1].hits), *self.left_out]
        return PackedContext(self.passages[:-1], self.packed[:-1], self.counts[:-1], left_out)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A passage before it has a number: its hits in the order of their lines, and the lines that it shows."""

    hits: tuple[Hit, ...]
    heads: tuple[NumberedLine, ...]
    body: tuple[NumberedLine, ...]
    count: TokenCount
    how: Packing


def pack_context(
    hits: Sequence[Hit],
    budget_tokens: int,
    count_tokens: Callable[[str], TokenCount],
    *,
    question: str = "",
    surroundings: Surroundings | None = None,
) -> PackedContext:
    """The passages for ``hits``, best first. They take at most ``budget_tokens``, as they stand in the prompt.

    ``question`` tells which lines of a hit matter where it does not fit whole; without it the first ones do.
    """
    hits = _distinct(hits)
    packer = _Packer(hits, budget_tokens, count_tokens, surroundings or NoSurroundings())
    weights = weigh_terms(question, [hit.chunk.text for hit in hits])
    return packer.pack(weights, by_words=bool(read_query(question).names))


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    """Each place once, and what stands in a file unchanged at several refs by its best hit."""
    places: dict[tuple[str, str, str], Hit] = {}
    texts: dict[tuple[str, str, str], str] = {}  # the ref at which each is shown
    for hit in hits:
        if texts.setdefault((hit.repo, hit.chunk.path, hit.chunk.text), hit.ref) == hit.ref:
            places.setdefault((hit.repo, hit.ref, hit.chunk.location), hit)
    return list(places.values())


class _Packer:
    """The state of one packing: what is taken, and the room that is left."""

    def __init__(
        self,
        hits: Sequence[Hit],
        budget_tokens: int,
        count_tokens: Callable[[str], TokenCount],
        surroundings: Surroundings,
    ) -> None:
        self._hits = hits
        self._room = budget_tokens
        self._count_tokens = count_tokens
        self._surroundings = surroundings
        # A passage is counted in its frame. The mark of all of them is never shorter than the mark of some.
        self._mark = choose_mark([hit.chunk.text for hit in hits])
        self._labels = label_sources([(hit.repo, hit.ref) for hit in hits])
        self._drafts: list[_Draft] = []

    def pack(self, weights: Mapping[str, float], *, by_words: bool) -> PackedContext:
        """Hits by rank, whole where they fit; then excerpts of the others, by rank, in the room that is left.

        ``by_words``: the question spells out names, which tell the lines that matter. Then an excerpt is as good as
        the whole, and is taken in its turn, before what fits whole further down.
        """
        left: list[tuple[_Draft, str]] = []
        for hit in self._hits:
            if self._extend(hit):
                continue
            whole = self._draft((hit,), self._surroundings.find_heads(hit), "whole")
            reason = f"needs {whole.count.n_tokens} tokens, {self._room} are left"
            if whole.count.n_tokens <= self._room:
                self._take(whole)
            # The best hit is worth all the room.
            elif not ((by_words or not self._drafts) and self._take_excerpt(whole, weights)):
                left.append((whole, reason))
        still_left = [(whole.hits[0], reason) for whole, reason in left if not self._take_excerpt(whole, weights)]
        return self._number(still_left)

    def _extend(self, hit: Hit) -> bool:
        """Merge ``hit`` with the passages that it adjoins, if the room allows."""
        beside = [draft for draft in self._drafts if draft.how != "excerpt" and self._adjoins(draft, hit)]
        if not beside:
            return False
        hits = sorted((hit, *(other for draft in beside for other in draft.hits)), key=lambda h: h.chunk.start_line)
        merged = self._draft(tuple(hits), self._surroundings.find_heads(hits[0]), "merged")
        freed = sum(draft.count.n_tokens for draft in beside)
        if merged.count.n_tokens > self._room + freed:
            return False
        place = self._drafts.index(beside[0])
        self._drafts[place] = merged
        self._drafts = [draft for draft in self._drafts if draft not in beside[1:]]
        self._room += freed - merged.count.n_tokens
        return True

    def _adjoins(self, draft: _Draft, hit: Hit) -> bool:
        return self._follows(draft.hits[-1], hit) or self._follows(hit, draft.hits[0])

    def _follows(self, first: Hit, second: Hit) -> bool:
        """Whether nothing but blank lines stands between the two."""
        if (first.repo, first.commit, first.chunk.path) != (second.repo, second.commit, second.chunk.path):
            return False
        n_between = second.chunk.start_line - first.chunk.end_line - 1
        if not 0 < n_between <= _MAX_BLANK_LINES:
            return n_between == 0
        following = self._surroundings.find_beside(first, 1)
        return following is not None and following.chunk.start_line == second.chunk.start_line

    def _take(self, draft: _Draft) -> None:
        self._drafts.append(draft)
        self._room -= draft.count.n_tokens

    def _take_excerpt(self, whole: _Draft, weights: Mapping[str, float]) -> bool:
        """Take what matters of ``whole``, of the best hit as much more as fits, unless that is next to nothing."""
        if self._room < _MIN_TOKENS:
            return False
        matter, rest = order_lines([text for _, text in whole.body], weights)
        order = matter if self._drafts else [*matter, *rest]
        n_chars = sum(len(text) + 1 for _, text in whole.body)
        n_fitting = self._room * n_chars / max(1, whole.count.n_tokens)  # characters, as far as lines are alike
        n_kept = bisect_right(list(accumulate(len(whole.body[i][1]) + 1 for i in order)), n_fitting)
        while n_kept > 0:
            draft = self._draft(whole.hits, whole.heads, "excerpt", keep_lines(whole.body, order[:n_kept]))
            n_over = draft.count.n_tokens - self._room
            if n_over <= 0:
                is_worth_it = n_kept == len(order) or draft.count.n_tokens >= _MIN_TOKENS
                if is_worth_it:
                    self._take(draft)
                return is_worth_it
            n_kept -= max(1, n_kept * n_over // draft.count.n_tokens)
        return False

    def _draft(
        self,
        hits: tuple[Hit, ...],
        heads: Sequence[NumberedLine],
        how: Packing,
        body: Sequence[NumberedLine] | None = None,
    ) -> _Draft:
        draft = _Draft(hits, tuple(heads), tuple(body if body is not None else _join_lines(hits)), _NOTHING, how)
        passage = _to_passage(draft, len(self._hits))  # no number that it will get is longer
        text = format_passage(passage, self._mark, self._labels[passage.repo, passage.ref]) + "\n"
        return replace(draft, count=self._count_tokens(text))

    def _number(self, left_out: Sequence[tuple[Hit, str]]) -> PackedContext:
        """The passages in the order of their best hits."""
        rank = {id(hit): rank for rank, hit in enumerate(self._hits)}
        drafts = sorted(self._drafts, key=lambda draft: min(rank[id(hit)] for hit in draft.hits))
        packed = [
            PackedPassage(number, draft.hits, draft.how, draft.count.n_tokens, _count_left_out(draft))
            for number, draft in enumerate(drafts, 1)
        ]
        passages = [_to_passage(draft, number) for number, draft in enumerate(drafts, 1)]
        return PackedContext(passages, packed, [draft.count for draft in drafts], left_out)


def _join_lines(hits: Sequence[Hit]) -> list[NumberedLine]:
    """The lines of adjoining hits, with the blank ones between them."""
    lines: list[NumberedLine] = []
    for hit in hits:
        if lines and lines[-1][0] is not None:
            lines += [(number, "") for number in range(lines[-1][0] + 1, hit.chunk.start_line)]
        lines += enumerate(hit.chunk.text.split("\n"), hit.chunk.start_line)
    return lines


def _to_passage(draft: _Draft, number: int) -> Passage:
    hit = draft.hits[0]
    numbered = [n for n, _ in draft.body if n is not None]
    lines = [*draft.heads, *_gap_after(draft.heads, draft.body), *draft.body]
    is_contiguous = not draft.heads and numbered == list(range(numbered[0], numbered[0] + len(draft.body)))
    return Passage(
        number=number,
        repo=hit.repo,
        ref=hit.ref,
        commit=hit.commit,
        path=hit.chunk.path,
        start_line=numbered[0],
        end_line=numbered[-1],
        text="\n".join(text for _, text in lines),
        symbol=", ".join(dict.fromkeys(hit.chunk.symbol for hit in draft.hits if hit.chunk.symbol)),
        lines=None if is_contiguous else tuple(n for n, _ in lines),
    )


def _gap_after(heads: Sequence[NumberedLine], body: Sequence[NumberedLine]) -> list[NumberedLine]:
    """A mark where lines between the enclosing signatures and the body are left out."""
    first, text = body[0]
    if not heads or first is None or first == (heads[-1][0] or 0) + 1:
        return []
    return [(None, text[: len(text) - len(text.lstrip())] + ELISION)]


def _count_left_out(draft: _Draft) -> int:
    shown = {number for number, _ in draft.body if number is not None}
    return sum(
        number not in shown and bool(text.strip())
        for hit in draft.hits
        for number, text in enumerate(hit.chunk.text.split("\n"), hit.chunk.start_line)
    )
