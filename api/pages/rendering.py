"""An answer's Markdown as safe HTML: citations become links, names that exist nowhere are marked.

What a model or a repository wrote is never trusted: raw HTML, links and images of theirs stay text, and all that
is rendered goes through nh3 with a short list of what may stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import PurePosixPath
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from assistant.grounding.statements import without_citations
from assistant.records import Citation, Passage

from .addresses import file_url
from .highlighting import highlight_fence

# Which of an answer's `[1]` are citations is known by their places alone. So before Markdown is read, each gets a
# character for private use that numbers it, and nothing else has one; what is no citation then loses it again.
_FIRST, _LAST = 0x100000, 0x10FFFD
_MARKER = re.compile(rf"\[\d+([{chr(_FIRST)}-{chr(_LAST)}])\]")
_PRIVATE = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
_FENCES = re.compile(r"(```.*?(?:```|\Z))", re.DOTALL)
_HEADING_BELOW = 3  # the page's own headings end at h3: an answer's begin at h4

_TAGS = {
    *("p", "br", "hr", "pre", "code", "span", "a", "ul", "ol", "li", "strong", "em", "s", "blockquote"),
    *("h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {
    "a": {"href", "class", "title", "aria-label"},
    "span": {"class", "title"},
    "code": {"class"},
    "pre": {"tabindex", "class"},
    "ol": {"start"},
}


@dataclass(frozen=True, slots=True)
class Marks:
    """What an answer's text is marked with. A marker that is of no citation stays text."""

    citations: Sequence[Citation] = ()
    unknown_names: Sequence[str] = ()


NO_MARKS = Marks()


def render_blocks(text: str, marks: Marks = NO_MARKS) -> list[str]:
    """The top-level blocks of Markdown as HTML, one string each.

    While an answer grows only its last blocks change, so a page needs to replace only those.
    """
    env: dict[str, Any] = {"citations": marks.citations}
    tokens = _MARKDOWN.parse(_number_markers(text, marks.citations), env)
    blocks, block = [], []
    for token in tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            html = _PRIVATE.sub("", _MARKDOWN.renderer.render(block, _MARKDOWN.options, env))
            blocks.append(sanitise(_mark_unknown(html, marks.unknown_names)))
            block = []
    return blocks


def sanitise(html: str) -> str:
    """``html`` with nothing in it but the tags and attributes that the renderer makes."""
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), link_rel=None)


def hide_sources(text: str, passages: Iterable[Passage]) -> str:
    """``text`` without citations and, outside of blocks of code, without the lines behind the files of ``passages``.

    ``api/app.py:44-72``, which a model copies from the head of a passage, says that it had one.
    """
    text = without_citations(text)
    names = {re.escape(PurePosixPath(passage.path).name) for passage in passages}
    if not names:
        return text
    lines = re.compile(rf"(?<![\w.-])({'|'.join(names)}):L?\d+(?:\s*[-–]\s*L?\d+)?(?:@[0-9a-f]{{7,40}})?\b")
    parts = _FENCES.split(text)
    return "".join(part if number % 2 else lines.sub(r"\1", part) for number, part in enumerate(parts))


def _number_markers(text: str, citations: Sequence[Citation]) -> str:
    """``text`` with the number of its citation, from 0, in each marker: they stand behind what they support."""
    text = _PRIVATE.sub("\ufffd", text)
    found: list[tuple[int, str]] = []
    ends: dict[int, int] = {}
    for number, citation in enumerate(citations[: _LAST - _FIRST]):
        marker = re.compile(rf"\s*\[{citation.passage}(?=\])").match(text, ends.get(citation.end, citation.end))
        if marker is not None:
            ends[citation.end] = marker.end() + 1
            found.append((marker.end(), chr(_FIRST + number)))
    for place, mark in sorted(found, reverse=True):
        text = text[:place] + mark + text[place:]
    return text


def _cite(state: StateInline, silent: bool) -> bool:
    """markdown-it rule: ``[n]`` is a citation where it was numbered as one."""
    match = _MARKER.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        token = state.push("citation", "a", 0)
        token.meta = {"citation": state.env["citations"][ord(match[1]) - _FIRST]}
    state.pos = match.end()
    return True


def _render_citation(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    cited: Citation = tokens[idx].meta["citation"]
    where = escape(f"{cited.path}, lines {cited.start_line} to {cited.end_line}")
    return (
        f'<a class="cite" href="{escape(file_url(cited))}" title="{where}" '
        f'aria-label="Source {cited.passage}: {where}">{cited.passage}</a>'
    )


def _render_fence(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[idx]
    language = token.info.split()[0] if token.info.strip() else ""
    # Focusable, since a block that is wider than the screen must be scrolled by keyboard, too.
    return f'<pre class="code" tabindex="0"><code>{highlight_fence(token.content, language)}</code></pre>'


def _mark_unknown(html: str, names: Sequence[str]) -> str:
    """``html`` with each of ``names`` marked where it stands in the text, not in a tag."""
    if not names:
        return html
    longest_first = sorted(map(escape, names), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.&])(?<!&#)({'|'.join(map(re.escape, longest_first))})(?!\w)")
    mark = r'<span class="unknown" title="This name is not in the repository, nor in what it imports">\1</span>'
    parts = re.split(r"(<[^>]*>)", html)
    return "".join(part if number % 2 else pattern.sub(mark, part) for number, part in enumerate(parts))


def _lower_headings(state: Any) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _HEADING_BELOW)}"


def _make_markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # A link or an image that the code talked a model into would lead out of the machine: they stay text.
    markdown.disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
    markdown.inline.ruler.before("emphasis", "citation", _cite)
    markdown.core.ruler.push("lower_headings", _lower_headings)
    markdown.add_render_rule("citation", _render_citation)
    markdown.add_render_rule("fence", _render_fence)
    markdown.add_render_rule("code_block", _render_fence)
    return markdown


_MARKDOWN = _make_markdown()
