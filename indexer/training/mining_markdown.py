"""Pairs out of Markdown: what a page says before a code block, and the block.

Headings and such sentences are the nearest thing to people's questions that packages carry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.training.prose import MAX_QUERY_WORDS, is_prose, make_pair
from indexer.training.records import Pair, Source

_FENCE = re.compile(r"^ {0,3}(```+|~~~+)\s*\{?\.?([\w+#-]*)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_MARKUP = re.compile(r"<[^>]*>|!\[[^\]]*\]\([^)]*\)|[`*]|&\w+;")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z])")
# Headings that say where on the page one is, not what the code does.
_IDLE = re.compile(
    r"^(usage|examples?|install(ation|ing)?|getting started|quick ?start|api|options|license|todo|\d.*|v\d.*)$", re.I
)
_INSTALLS = re.compile(
    r"^\s*[$#>]?\s*"
    r"(npm|npx|yarn|pnpm|pip|gem|bundle|composer|go get|cargo add|brew|apt|sudo|cabal|stack|luarocks|git clone)\b"
)
_TITLES = frozenset({"", "text", "console", "output", "diff", "json", "yaml", "toml", "xml", "html", "txt", "css"})
_LANGUAGE = {
    "js": "javascript",
    "jsx": "javascript",
    "ts": "typescript",
    "tsx": "typescript",
    "rb": "ruby",
    "sh": "bash",
    "shell": "bash",
    "hs": "haskell",
    "rs": "rust",
    "c++": "cpp",
    "cs": "csharp",
    "c#": "csharp",
    "kt": "kotlin",
    "golang": "go",
    "objc": "c",
    "objectivec": "c",
}


def mine_markdown(source: Source) -> Iterator[Pair]:
    """One pair a code block: the last sentence before it with its heading, or the heading alone."""
    heading, sentence = "", ""
    block: list[str] | None = None
    fence, language = "", ""
    for line in source.text.split("\n"):
        if block is not None:
            if line.lstrip().startswith(fence):
                yield from _pairs(source, heading, sentence, block, language)
                block, sentence = None, ""
            else:
                block.append(line)
        elif found := _FENCE.match(line):
            fence, language, block = found[1], found[2].lower(), []
        elif found := _HEADING.match(line):
            heading, sentence = _plain(found[1]), ""
        elif line.strip():
            sentence = _SENTENCE.split(_plain(line))[-1].rstrip(":. ")


def _pairs(source: Source, heading: str, sentence: str, block: list[str], language: str) -> Iterator[Pair]:
    code = [line for line in block if line.strip()][:60]
    if len(code) < 3 or _INSTALLS.match(code[0]) or language in _TITLES:
        return
    titled = "" if _IDLE.match(heading) else heading
    text = "\n".join(code)
    name = _LANGUAGE.get(language, language)
    if len(titled.split()) >= 2 and is_prose(titled + " x"):
        yield make_pair(source, titled, text, "readme", text, name)
    if is_prose(sentence) and len(sentence.split()) <= MAX_QUERY_WORDS:
        yield make_pair(source, sentence, text, "readme", text, name)


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub("", _LINK.sub(r"\1", text)).split()).lstrip("->*+ ")
