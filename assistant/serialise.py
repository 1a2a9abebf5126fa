"""Answers, passages and hits as plain JSON values: one form for the command line and the service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from indexer.records import Hit

from .records import Answer, Citation, Passage, Trace
from .search import SearchedRef, SearchResult


def search_as_json(result: SearchResult) -> dict[str, Any]:
    """A search result with all signals of each hit."""
    return {
        "query": result.query,
        "repositories": [searched_as_json(searched) for searched in result.searched],
        "stale": is_stale(result.searched),
        "hits": [hit_as_json(hit) for hit in result.hits],
        "timings_ms": dict(result.timings_ms),
    }


def searched_as_json(searched: SearchedRef) -> dict[str, Any]:
    """One ref that was searched: at which commit, and whether its source has moved on since."""
    return {
        "repo": searched.repo,
        "ref": searched.ref,
        "commit": searched.commit,
        "indexed_at": searched.indexed_at,
        "stale": searched.staleness.stale,
        "n_changed_files": searched.staleness.n_changed_files,
    }


def is_stale(searched: Sequence[SearchedRef]) -> bool | None:
    """Whether any source has moved on since it was indexed; None where none is known to, but not of all is it known."""
    states = [each.staleness.stale for each in searched]
    return True if True in states else None if None in states else False


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """One hit with its lines, text, score and signals."""
    chunk = hit.chunk
    return {
        "repo": hit.repo,
        "ref": hit.ref,
        "commit": hit.commit,
        "path": chunk.path,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "symbol": chunk.symbol,
        "kind": chunk.kind,
        "language": chunk.language,
        "score": hit.score,
        "text": chunk.text,
        "signals": dict(hit.signals),
    }


def passage_as_json(passage: Passage) -> dict[str, Any]:
    """Where a passage stands in its repository."""
    return {
        "repo": passage.repo,
        "ref": passage.ref,
        "commit": passage.commit,
        "path": passage.path,
        "start_line": passage.start_line,
        "end_line": passage.end_line,
    }


def citation_as_json(citation: Citation) -> dict[str, Any]:
    """A citation with its lines, and the characters of the answer that they support."""
    return {**asdict(citation), "location": citation.location}


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """An answer with its sources, tokens and times."""
    return {
        "answer": answer.text,
        "sources": [passage_as_json(passage) for passage in answer.passages],
        "citations": [citation_as_json(citation) for citation in answer.citations],
        "n_citations_removed": answer.n_citations_removed,
        "unknown_names": list(answer.unknown_names),
        "confidence": answer.confidence,
        "abstained": answer.abstained,
        "session_error": answer.session_error,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "usage": {
            "prompt_tokens": answer.usage.prompt_tokens,
            "completion_tokens": answer.usage.completion_tokens,
            "context_tokens": answer.trace.context_tokens.n_tokens,
            "is_estimate": answer.usage.is_estimate,
        },
        "timings_ms": dict(answer.timings_ms),
        "left_out": [
            {
                "path": hit.chunk.path,
                "start_line": hit.chunk.start_line,
                "end_line": hit.chunk.end_line,
                "reason": reason,
            }
            for hit, reason in answer.trace.left_out
        ],
        "n_turns_left_out": answer.trace.n_turns_left_out,
        "trace": trace_as_json(answer.trace),
    }


def trace_as_json(trace: Trace) -> dict[str, Any]:
    """Why the prompt is what it is: each passage with the hits that it is made of, what was left out, the budget."""
    rank = {id(hit): rank for rank, hit in enumerate(sorted(_all_hits(trace), key=lambda hit: -hit.score), 1)}
    return {
        "query": trace.query,
        "prompt_version": trace.prompt_version,
        "budget": None
        if trace.budget is None
        else {
            "tokens": trace.budget.n_tokens,
            "reason": trace.budget.reason,
            "prompt_tokens_per_second": trace.budget.prompt_tokens_per_second,
            "first_token_seconds": trace.budget.first_token_seconds,
        },
        "context_tokens": trace.context_tokens.n_tokens,
        "prompt_tokens": trace.prompt_tokens.n_tokens,
        "tokens_are_exact": trace.prompt_tokens.exact,
        "passages": [
            {
                "number": packed.number,
                "how": packed.how,
                "tokens": packed.n_tokens,
                "n_lines_left_out": packed.n_lines_left_out,
                "hits": [_judged_as_json(hit, rank[id(hit)]) for hit in packed.hits],
            }
            for packed in trace.passages
        ],
        "left_out": [{**_judged_as_json(hit, rank[id(hit)]), "reason": reason} for hit, reason in trace.left_out],
    }


def _all_hits(trace: Trace) -> list[Hit]:
    return [*trace.packed, *(hit for hit, _ in trace.left_out)]


def _judged_as_json(hit: Hit, rank: int) -> dict[str, Any]:
    """A hit without its text, with its rank among all of the question and what spoke for it."""
    return {"rank": rank, **{key: value for key, value in hit_as_json(hit).items() if key not in ("text", "language")}}
