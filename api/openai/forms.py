"""Answers in OpenAI's forms: the list of sources in the message, annotations, usage, and the extension ``quarry``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from assistant.records import Answer, Citation, Usage
from assistant.serialise import answer_as_json, passage_as_json

from ..pages.addresses import file_url

if TYPE_CHECKING:
    from assistant.completion import Completion  # it imports LangChain, and MCP's searches must not

_HEAD = "\n\nSources:\n\n"
_ITEM = re.compile(r"- \[\d+\] `[^`]+`")


def sources_list(answer: Answer, stops: Sequence[str] = ()) -> str:
    """The cited lines as markdown to append to the text, each once, by number; empty where nothing is cited.

    Also empty where one of ``stops``, which clients do not expect in what they get, would come with the list.
    """
    with_repo = len({citation.repo for citation in answer.citations}) > 1
    cited = {(citation.passage, _place(citation, with_repo)) for citation in answer.citations}
    lines = [f"- [{number}] `{place}`" for number, place in sorted(cited)]
    listed = _HEAD + "\n".join(lines) if lines else ""
    return "" if any(_comes_with(listed, answer.text, stop) for stop in stops) else listed


def without_sources(text: str) -> str:
    """``text`` without the list that ``sources_list`` has appended to it: the model need not read it again."""
    answer, found, listed = text.rpartition(_HEAD)
    items = listed.strip().split("\n")
    return answer if found and all(_ITEM.fullmatch(item) for item in items) else text


def annotations_of(answer: Answer, base_url: str) -> list[dict[str, Any]]:
    """The citations in OpenAI's form. Indexes are characters of the message."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": citation.start,
                "end_index": citation.end,
                "title": citation.location,
                "url": base_url.rstrip("/") + file_url(citation),
            },
        }
        for citation in answer.citations
    ]


def extension_of(answer: Answer, trace_id: str) -> dict[str, Any]:
    """What ``/chat`` gives beside the text: sources, citations, unknown names, confidence, times.

    ``trace_id`` is the request's id, as it stands in the log and in the header ``X-Request-ID``. The trace itself, with
    all signals of all hits, is many times the answer: ``/chat`` has it.
    """
    said = answer_as_json(answer)
    del said["answer"], said["trace"]
    return {"trace_id": trace_id, **said}


def completion_extension(done: Completion) -> dict[str, Any]:
    """What the model was given to read, what had no room, and the times."""
    return {
        "sources": [passage_as_json(passage) for passage in done.passages],
        "left_out": [
            {
                "path": hit.chunk.path,
                "start_line": hit.chunk.start_line,
                "end_line": hit.chunk.end_line,
                "reason": reason,
            }
            for hit, reason in done.left_out
        ],
        "n_prefix_characters_left_out": done.n_prefix_left_out,
        "n_suffix_characters_left_out": done.n_suffix_left_out,
        "context_tokens": done.context_tokens.n_tokens,
        "timings_ms": dict(done.timings_ms),
    }


def usage_of(usage: Usage) -> dict[str, int]:
    """Tokens under OpenAI's names."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }


def finish_reason_of(answer: Answer) -> Literal["stop", "length"]:
    """Why it ended, as OpenAI calls it."""
    return "length" if answer.finish_reason == "length" else "stop"


def _comes_with(listed: str, text: str, stop: str) -> bool:
    """Whether ``stop`` stands in ``listed`` where that follows ``text``; it may begin in the text."""
    return stop in text[max(0, len(text) - len(stop) + 1) :] + listed


def _place(citation: Citation, with_repo: bool) -> str:
    """``path:L3-L9@commit``, with the repository where there are several. A backquote would end the code span."""
    place = f"{citation.repo}: {citation.location}" if with_repo else citation.location
    return place.replace("`", "'")
