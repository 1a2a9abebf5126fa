"""What the arms without a search are given to read: the oracle's sources, and the placebo's irrelevant code.

Both come out of the index that the other arms search, so nothing that is hidden from those is in them.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property

from assistant.answer import Assistant
from assistant.events import AskRequest, PassagesFound
from assistant.preparing import DEFAULT_K
from assistant.prompts import choose_mark, format_passage
from assistant.records import Message, Passage, TokenCount
from assistant.search import FOR_CONTEXT, Searcher
from eval.arms import Arm
from eval.cases import Case, ShownPassage, Span
from indexer.errors import InputError
from indexer.home import OpenedIndex
from indexer.reading import read_lines
from indexer.records import Chunk, Hit

# Part of a run's configuration: raised when the same case would be given other code.
CONTEXTS_VERSION = 4

_N_NEAR, _NEAR_SHARE = 50, 0.2  # hits for the case's query that no placebo may hold: so many, or that part of all
_RARE_SHARE = 0.02  # a name in fewer of the chunks says what a case is about
_MIN_RARE_CHUNKS = 2
_NO_CODE = frozenset({"markdown", "html", "css", "json", "yaml", "toml", "text", "sql"})
_IDENTIFIER = re.compile(r"[^\W\d]\w{2,}")
_SPARE = 3.0  # times what is wanted, so that the packing finds pieces for all the room


@dataclass(frozen=True, slots=True)
class Given:
    """Hits that stand in for what would be found, best first, and the cap on the tokens that they take.

    ``passes`` says of a placebo's chunks, by their ids, how near to the case they may be (see ``ContextMaker``'s
    ``placebo``); it is empty for an oracle.
    """

    hits: Sequence[Hit]
    context_tokens: int
    passes: Mapping[str, int] = field(default_factory=dict)

    def find_pass(self, shown: Sequence[Hit]) -> int:
        """The highest pass of those hits that were shown; 0 where none was."""
        return max((self.passes.get(hit.chunk.id, 0) for hit in shown), default=0)


class ContextMaker:
    """Makes the contexts of one index. Deterministic by ``seed``. ``max_tokens`` is the cap on answers of the run."""

    def __init__(
        self,
        assistant: Assistant,
        searcher: Searcher,
        index: OpenedIndex,
        *,
        count_text: Callable[[str], TokenCount],
        context_tokens: int,
        max_tokens: int,
        seed: int,
    ) -> None:
        self._assistant, self._searcher, self._index = assistant, searcher, index
        self._count_text, self._context_tokens, self._seed = count_text, context_tokens, seed
        self._max_tokens = max_tokens

    def oracle(self, case: Case, arm: Arm) -> Given:
        """The lines of the case's sources, each once: no method behind the class that shows it. Empty without any.

        For what is answered in words the chunks that hold them: a default alone does not say whose it is.
        """
        spans = [span for number, span in enumerate(case.sources) if not _lies_in(span, case.sources[:number])]
        read = self._chunks_with if case.purpose == "answer" else self._read_span
        hits = [hit for number, span in enumerate(spans) for hit in read(span, 1 / (1 + number))]
        return Given(hits, arm.budget or self._context_tokens)

    async def placebo(self, case: Case, arm: Arm) -> Given:
        """Code of other files that shares no telling name with the case, for as many tokens as ``retrieval`` takes.

        Less than that where the index holds too little of it. Pass 0 is code far from the query that shares no rare
        name with query or prompt; where that is too little, pass 1 may be near the query, and pass 2 may share a rare
        name with the prompt.
        """
        retrieved = await self.retrieve(case, arm)
        n_tokens = self.count_passages(retrieved)
        drawn = list(self._draw(case, n_tokens, retrieved)) if n_tokens else []
        return Given([hit for hit, _ in drawn], n_tokens, {hit.chunk.id: number for hit, number in drawn})

    async def retrieve(self, case: Case, arm: Arm) -> Sequence[Passage]:
        """The passages of ``retrieval`` with the same options for this case. No model is asked."""
        request = AskRequest(
            self._index.name,
            [Message("user", case.prompt)],
            k=arm.k,
            max_tokens=self._max_tokens,  # what the answer is left takes from the room for code
            ref=self._index.manifest.ref,
            abstain=False,
            purpose=case.purpose,
            query=case.query,
            context_tokens=arm.budget or self._context_tokens,
        )
        async with aclosing(self._assistant.stream(request)) as events:
            async for event in events:
                if isinstance(event, PassagesFound):
                    return event.passages
        raise AssertionError("a stream begins with PassagesFound")

    def count_passages(self, passages: Sequence[Passage]) -> int:
        """Tokens of passages in their frames, as packing counts them."""
        mark = choose_mark([passage.text for passage in passages])
        return sum(self._count_text(format_passage(passage, mark) + "\n").n_tokens for passage in passages)

    def _chunks_with(self, span: Span, score: float) -> Iterator[Hit]:
        for chunk in self._chunks_of(span.path):
            if _overlap(chunk, span):
                yield self._to_hit(chunk, score)

    def _read_span(self, span: Span, score: float) -> Iterator[Hit]:
        """The span as a hit; nothing where the index does not have the file."""
        try:
            lines = read_lines(self._index, span.path, span.start_line, span.end_line)
        except InputError:
            return
        around = next((chunk for chunk in self._chunks_of(span.path) if _overlap(chunk, span)), None)
        if around is None or not lines.text.strip():
            return
        chunk = Chunk(
            id=f"{span.path}:{lines.start_line}-{lines.end_line}",
            path=span.path,
            start_line=lines.start_line,
            end_line=lines.end_line,
            symbol=around.symbol,
            kind=around.kind,
            language=around.language,
            text=lines.text,
            blob=around.blob,
        )
        yield self._to_hit(chunk, score)

    def _to_hit(self, chunk: Chunk, score: float) -> Hit:
        manifest = self._index.manifest
        return Hit(
            repo=self._index.name, ref=manifest.ref, commit=manifest.commit, chunk=chunk, score=score, signals={}
        )

    def _chunks_of(self, path: str) -> Iterator[Chunk]:
        file = next((file for file in self._index.manifest.files if file.path == path), None)
        if file is not None:
            yield from map(self._index.chunk_at, range(file.first_chunk, file.first_chunk + file.n_chunks))

    def _draw(self, case: Case, n_tokens: int, retrieved: Sequence[Passage]) -> Iterator[tuple[Hit, int]]:
        """Chunks by chance until there is more than enough to fill ``n_tokens``, each with the pass that it is from.

        First those that the search does not find near the query, and that share no rare name with query or prompt. In
        a small index they may be too few: then those that were not shown, then those that share none with the query.
        """
        n_near = max(DEFAULT_K, min(_N_NEAR, int(_NEAR_SHARE * len(self._index.manifest.rows))))
        near = self._searcher.search(
            self._index.name, case.query, k=n_near, ref=self._index.manifest.ref, options=FOR_CONTEXT
        ).hits
        near_ids = frozenset(hit.chunk.id for hit in near)
        closed_paths = {case.path, *(span.path for span in case.sources)}
        shown = [Span(passage.path, passage.start_line, passage.end_line) for passage in retrieved]
        order = list(range(len(self._index.manifest.rows)))
        random.Random(f"{self._seed}/{case.id}").shuffle(order)
        of_query = self._rare_names(case.query)
        of_both = of_query | self._rare_names(case.prompt)
        n_drawn, drawn = 0, set[int]()
        passes = ((near_ids, of_both), (frozenset[str](), of_both), (frozenset[str](), of_query))
        for number, (closed_ids, rare) in enumerate(passes):
            for position in order:
                chunk = self._index.chunk_at(position)
                if position in drawn or chunk.id in closed_ids or chunk.path in closed_paths:
                    continue
                if not self._is_code(chunk) or any(chunk.path == span.path and _overlap(chunk, span) for span in shown):
                    continue
                if not rare.isdisjoint(_IDENTIFIER.findall(chunk.text)):
                    continue
                drawn.add(position)
                yield self._to_hit(chunk, 0.0), number
                n_drawn += self._count_text(chunk.text).n_tokens
                if n_drawn >= _SPARE * n_tokens:
                    return

    def _rare_names(self, text: str) -> frozenset[str]:
        """Names in ``text`` that few chunks have."""
        n_most = max(_MIN_RARE_CHUNKS, int(_RARE_SHARE * len(self._index.manifest.rows)))
        return frozenset(name for name in _IDENTIFIER.findall(text) if 0 < self._n_chunks_with[name] <= n_most)

    @cached_property
    def _n_chunks_with(self) -> Counter[str]:
        """In how many chunks each name stands."""
        counts: Counter[str] = Counter()
        for row in self._index.manifest.rows:
            counts.update(set(_IDENTIFIER.findall(self._index.lexicon.get(int(row)).text)))
        return counts

    def _is_code(self, chunk: Chunk) -> bool:
        return chunk.language not in _NO_CODE or not self._has_code

    @cached_property
    def _has_code(self) -> bool:
        """Whether anything of the index is code: prose stands in where there is nothing else."""
        return any(self._index.lexicon.get(int(row)).language not in _NO_CODE for row in self._index.manifest.rows)


def shows(passage: Passage, sources: Sequence[Span]) -> bool:
    """Whether a passage shows a line of the sources. Lines that an excerpt leaves out are not shown."""
    shown = passage.lines if passage.lines is not None else range(passage.start_line, passage.end_line + 1)
    return any(
        passage.path == span.path
        and any(line is not None and span.start_line <= line <= span.end_line for line in shown)
        for span in sources
    )


def to_shown(passage: Passage) -> ShownPassage:
    """Where a passage came from."""
    return ShownPassage(passage.path, passage.start_line, passage.end_line)


def _lies_in(span: Span, others: Sequence[Span]) -> bool:
    """Whether one of the others has all of its lines."""
    return any(
        span.path == other.path and other.start_line <= span.start_line and span.end_line <= other.end_line
        for other in others
    )


def _overlap(chunk: Chunk, span: Span) -> bool:
    return chunk.start_line <= span.end_line and span.start_line <= chunk.end_line
