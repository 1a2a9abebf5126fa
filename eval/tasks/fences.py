"""The fenced blocks of an answer, read as models write them: unclosed, glued to the code, within lists, on one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent

from indexer.languages import LANGUAGES

_FENCE = re.compile(r"(?P<indent>[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
_ALIASES = {
    "py": "python",
    "python3": "python",
    "pycon": "python",
    "js": "javascript",
    "jsx": "javascript",
    "mjs": "javascript",
    "node": "javascript",
    "nodejs": "javascript",
    "ts": "typescript",
    "c++": "cpp",
    "cc": "cpp",
    "cxx": "cpp",
    "rs": "rust",
    "golang": "go",
    "htm": "html",
    "sh": "bash",
    "shell": "bash",
    "c#": "csharp",
    "cs": "csharp",
}
_LANGUAGES = frozenset(language.name for language in LANGUAGES)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``language`` is that of its tag, as ``indexer.languages`` calls it; empty without a known tag."""

    code: str
    language: str
    is_closed: bool


def find_blocks(text: str) -> list[Block]:
    """The fenced blocks of ``text`` in order; one without an end reaches to the next tagged fence or the text's end."""
    blocks: list[Block] = []
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.split("\n"):
        fence = _FENCE.match(line)
        if opened is None:
            one_line = _one_line_block(line)
            if one_line is not None:
                blocks.append(one_line)
            else:
                opened, lines = fence or _fence_behind_words(line), []
            continue
        if fence is not None and _closes(fence, opened):
            blocks.append(_make_block(opened, lines, is_closed=True))
            opened = None
        elif fence is not None and _reopens(fence, opened):
            blocks.append(_make_block(opened, lines, is_closed=False))
            opened, lines = fence, []
        else:
            lines.append(line)
    if opened is not None:
        mark = opened["fence"]
        for number, line in enumerate(lines):  # `return x```, the fence glued to the last line
            if line.rstrip().endswith(mark):
                kept = [*lines[:number], line.rstrip().removesuffix(mark)]
                return [*blocks, _make_block(opened, kept, is_closed=True)]
        blocks.append(_make_block(opened, lines, is_closed=False))
    return blocks


def _fence_behind_words(line: str) -> re.Match[str] | None:
    """The fence that opens at the end of a line of prose, with its tag."""
    before, fence, info = line.rpartition("```")
    return _FENCE.match(fence + info) if fence and "`" not in before and len(info.split()) <= 1 else None


def _one_line_block(line: str) -> Block | None:
    """A block whose fences and code stand on one line."""
    line = line.strip()
    if len(line) < 7 or not line.startswith("```") or not line.endswith("```") or "`" in line[3:-3]:
        return None
    tag, _, code = line[3:-3].partition(" ")
    language = _language_of(tag)
    return Block(code if language else line[3:-3], language, is_closed=True)


def _closes(fence: re.Match[str], opened: re.Match[str]) -> bool:
    """Whether it ends the block. A fence that is indented more is one within, such as in a docstring."""
    return (
        fence["fence"].startswith(opened["fence"]) and not fence["info"].strip() and _width(fence) <= _width(opened) + 3
    )


def _reopens(fence: re.Match[str], opened: re.Match[str]) -> bool:
    """Whether it begins the next block, before which the model forgot to end this one."""
    return bool(_language_of(fence["info"])) and _width(fence) <= _width(opened) and opened["fence"] == fence["fence"]


def _width(fence: re.Match[str]) -> int:
    return len(fence["indent"].expandtabs(4))


def _language_of(info: str) -> str:
    tag = info.strip().strip("{.}").split(" ", 1)[0].split(":", 1)[0].lower()
    tag = _ALIASES.get(tag, tag)
    return tag if tag in _LANGUAGES else ""


def _make_block(opened: re.Match[str], lines: Sequence[str], *, is_closed: bool) -> Block:
    code = "\n".join(lines)
    if opened["indent"]:  # of a list item
        code = dedent(code)
    return Block(code, _language_of(opened["info"]), is_closed)
