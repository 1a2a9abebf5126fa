"""An answer's Markdown as safe HTML: citations become links, names that exist nowhere are marked.

What a model or a repository wrote is never trusted: raw HTML, links and images of theirs stay text, and all that
is rendered goes through nh3 with a short list of what may stand in it.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from assistant.records import Citation, Passage

from .highlighting import highlight_fence

_MARKER = re.compile(r"\[(\d{1,3})\]")
# Spaces before a marker belong to it: with the marker they go.
_MARKERS_WITH_SPACE = re.compile(r"[ \t]*\[(\d{1,3})\]")
# `api/app.py:44-72`, which a model copies from the head of a passage, says that it had one.
_LINES_OF_PATH = re.compile(r"(\.\w{1,10}):L?\d+(?:\s*[-–]\s*L?\d+)?(?:@[0-9a-f]{7,40})?\b")
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
    """What an answer's text is marked with. Without ``passages`` its markers stay text; ``hidden`` takes them out."""

    passages: Sequence[Passage] = ()
    citations: Sequence[Citation] = ()
    unknown_names: Sequence[str] = ()
    hidden: bool = False


NO_MARKS = Marks()


def file_url(
    repo: str, path: str, *, commit: str | None, start_line: int, end_line: int, ref: str | None = None
) -> str:
    """The page's address of lines of an indexed file."""
    wanted = {"ref": ref, "commit": commit, "lines": f"{start_line}-{end_line}"}
    query = urlencode({name: value for name, value in wanted.items() if value is not None})
    return f"/files/{quote(repo, safe='')}/{quote(path)}?{query}#L{start_line}"


def render_blocks(text: str, marks: Marks = NO_MARKS) -> list[str]:
    """The top-level blocks of Markdown as HTML, one string each.

    While an answer grows only its last blocks change, so a page needs to replace only those.
    """
    if marks.hidden:
        text = hide_sources(text)
    env: dict[str, Any] = {"marks": marks, "seen": {}}
    tokens = _MARKDOWN.parse(text, env)
    blocks, block = [], []
    for token in tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            html = _mark_unknown(_MARKDOWN.renderer.render(block, _MARKDOWN.options, env), marks.unknown_names)
            blocks.append(sanitise(html))
            block = []
    return blocks


def sanitise(html: str) -> str:
    """``html`` with nothing in it but the tags and attributes that the renderer makes."""
    return nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), link_rel=None)


def hide_sources(text: str) -> str:
    """``text`` without citation markers, and without the lines of paths, outside of blocks of code."""
    parts = _FENCES.split(text)
    return "".join(part if number % 2 else _hide_in_prose(part) for number, part in enumerate(parts))


def _hide_in_prose(text: str) -> str:
    parts = re.split(r"(`[^`\n]*`)", _LINES_OF_PATH.sub(r"\1", text))
    return "".join(part if number % 2 else _MARKERS_WITH_SPACE.sub("", part) for number, part in enumerate(parts))


def _cite(state: StateInline, silent: bool) -> bool:
    """markdown-it rule: ``[n]`` is a citation where there is a passage of that number."""
    match = _MARKER.match(state.src, state.pos)
    if match is None:
        return False
    number = int(match[1])
    passage = next((each for each in state.env["marks"].passages if each.number == number), None)
    if passage is None:
        return False
    if not silent:
        token = state.push("citation", "a", 0)
        token.meta = {"passage": passage}
    state.pos = match.end()
    return True


def _render_citation(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    passage: Passage = tokens[idx].meta["passage"]
    # The n-th marker of a passage stands for the n-th statement that it supports.
    supported = [citation for citation in env["marks"].citations if citation.passage == passage.number]
    seen = env["seen"].get(passage.number, 0)
    env["seen"][passage.number] = seen + 1
    lines = supported[min(seen, len(supported) - 1)] if supported else passage
    url = file_url(lines.repo, lines.path, commit=lines.commit, start_line=lines.start_line, end_line=lines.end_line)
    where = f"{lines.path}, lines {lines.start_line} to {lines.end_line}"
    return (
        f'<a class="cite" href="{escape(url)}" title="{escape(where)}" aria-label="Source {passage.number}: '
        f'{escape(where)}">{passage.number}</a>'
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
