"""The names that an answer speaks of: in code spans, code blocks and prose, with the file paths and the parameters.

Whether a name exists is decided in ``vocabulary``. A name that the answer's own code defines is not listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, String, Token, _TokenType
from pygments.token import Literal as LiteralToken
from pygments.util import ClassNotFound

from indexer.words import NAME_SEPARATOR

from .terms import IDENTIFIER, PATH, PROSE_NAME, SPAN, STRING

MentionKind = Literal["name", "path", "option"]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as the answer spells it. ``parts`` are the names of a dotted one, the last one being what is meant."""

    kind: MentionKind
    text: str
    parts: tuple[str, ...]


_FENCED = re.compile(
    r"^[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+)?(`{3,}|~{3,})([^`\n]*)\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_URL = re.compile(r"\b[a-z]{2,8}://[^\s)>`\"']+|\bwww\.\S+", re.I)
_DOTTED = re.compile(r"(?<![\w$])(?:[A-Za-z_$][\w$]*(?:\.|::|#|->))*[A-Za-z_$][\w$]*")
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]+")
_PLAIN_WORDS = re.compile(r"[\w'’ ,.-]+")  # a span of words is prose in code's clothes
_CODEISH = re.compile(r"_|[a-z0-9][A-Z]|^[A-Z]{2,}[a-z]|\.|::")
_PLURAL = re.compile(r"^[A-Z]{2,}s$")
# Written like names, but of products and terms that answers speak of.
_NO_NAMES = frozenset(
    "GitHub GitLab JavaScript TypeScript CoffeeScript PyPI NumPy SciPy PyTorch OpenAI ChatGPT PostgreSQL MySQL MongoDB "
    "GraphQL WebSocket WebSockets LaTeX macOS iOS YouTube DevOps OAuth OAuth2 JSONPath NodeJS DateTime LinkedIn "
    "StackOverflow WebAssembly IPv4 IPv6 UTF8 e.g i.e a.k.a etc. Node.js Next.js Vue.js Express.js README.md".split()
)
_DEFINING = frozenset(
    "def class function func fun fn type struct interface trait enum impl module namespace protocol object record let "
    "const var val mut static defmodule defp macro sub alias".split()
)


def find_mentions(text: str, language: str = "") -> list[Mention]:
    """Names in the order of the text, each once. ``language`` is that of code without one of its own."""
    found: dict[str, Mention] = {}
    defined: set[str] = set()
    last = 0
    for fence in _FENCED.finditer(text):
        for mention in _in_prose(text[last : fence.start()]):
            found.setdefault(mention.text, mention)
        last = fence.end()
        named = fence[2].strip().split(" ", 1)[0]
        mentions, bound = _in_block(fence[3], named or language)
        defined |= bound
        for mention in mentions:
            found.setdefault(mention.text, mention)
    for mention in _in_prose(text[last:]):
        found.setdefault(mention.text, mention)
    return [mention for mention in found.values() if mention.parts[-1] not in defined]


def names_in(text: str) -> set[str]:
    """Every identifier and path in a text, such as a question: what it says is no invention of the answer."""
    return {*IDENTIFIER.findall(text), *(match[0] for match in PATH.finditer(text)), *_OPTION.findall(text)}


def _in_prose(text: str) -> Iterator[Mention]:
    text = _URL.sub(lambda found: " " * len(found[0]), text)
    last = 0
    for span in SPAN.finditer(text):
        yield from _in_words(text[last : span.start()])
        yield from _in_span(span[2])
        last = span.end()
    yield from _in_words(text[last:])


def _in_words(text: str) -> Iterator[Mention]:
    """Of plain prose: what can be no English word."""
    mentions = []
    for path in PATH.finditer(text):
        text = text[: path.start()] + " " * len(path[0]) + text[path.end() :]
        mentions.append((path.start(), _to_path(path[0])))
    for found in PROSE_NAME.finditer(text):
        name = found[0]
        if name in _NO_NAMES or _PLURAL.match(name) or text.startswith(("(s)", "(es)"), found.end()):
            continue
        parts = tuple(part for part in NAME_SEPARATOR.split(name) if part)
        if len(parts) > 1 and max(map(len, parts)) < 3:
            continue  # an abbreviation
        mentions.append((found.start(), Mention("name", name, parts)))
    for _, mention in sorted(mentions, key=lambda placed: placed[0]):
        if mention.text not in _NO_NAMES:
            yield mention


def _in_span(code: str) -> Iterator[Mention]:
    stripped = code.strip()
    if PATH.fullmatch(stripped):
        if stripped not in _NO_NAMES:
            yield _to_path(stripped)
        return
    if stripped.startswith(("/", "<", "@", "http")) or "/" in stripped.split("(")[0]:
        return  # a route, a tag, a package, an address
    rest = STRING.sub(lambda found: " " * len(found[0]), code)
    for option in _OPTION.finditer(rest):
        rest = rest[: option.start()] + " " * len(option[0]) + rest[option.end() :]
        yield Mention("option", option[0], (option[0],))
    is_words = " " in stripped and bool(_PLAIN_WORDS.fullmatch(stripped))
    for found in _DOTTED.finditer(rest):
        name = found[0]
        before, after = rest[: found.start()][-1:], rest[found.end() :][:1]
        if (before == "-" or after == "-") and not rest[found.end() :].startswith("->"):
            continue  # a word with hyphens is no identifier
        if name in _NO_NAMES or len(name) < 2 or (is_words and not _CODEISH.search(name)):
            continue
        parts = tuple(part for part in NAME_SEPARATOR.split(name) if part)
        yield Mention("name", name, parts)


def _to_path(path: str) -> Mention:
    return Mention("path", path, (path,))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    kind: _TokenType


def _in_block(code: str, language: str) -> tuple[list[Mention], set[str]]:
    """The names that a code block uses and does not define, and those that it defines.

    Used are: what is called, imported, passed by name, or taken from something; and what is spelled like no plain
    variable. Other words may be placeholders of an example.
    """
    words = [
        _Word(part, kind)
        for kind, value in lexer_of(language).get_tokens(code)
        if kind not in Comment and kind not in String and kind not in LiteralToken and value.strip(" \t\r")
        for part in _pieces(value)
    ]
    bound: set[str] = set()
    used: list[Mention] = []
    depth = 0
    in_signature = -1  # the depth at which a definition's parameters began
    chain: list[str] = []
    for at, word in enumerate(words):
        before = words[at - 1].text if at else "\n"
        after = words[at + 1].text if at + 1 < len(words) else "\n"
        if word.text in "([{":
            depth += 1
            chain = []
            continue
        if word.text in ")]}":
            depth -= 1
            if depth <= in_signature:
                in_signature = -1
            chain = []
            continue
        if word.text == "\n" and depth == 0:
            in_signature = -1
        if not IDENTIFIER.fullmatch(word.text):
            if word.text not in (".", "::", "->"):
                chain = []
            continue
        is_member = before in (".", "::", "->", "?.")
        chain = [*chain, word.text] if is_member else [word.text]
        if word.kind in Keyword or word.kind in Name.Builtin.Pseudo:
            if word.text in ("def", "fn", "func", "function", "fun", "lambda"):
                in_signature = depth
            continue
        defines = before in _DEFINING or word.kind in Name.Class
        is_alias = before in ("as", "for")
        if not is_member and (defines or is_alias or after == ":=" or (after == "=" and depth == 0)):
            bound.add(word.text)
            if before in ("def", "fn", "func", "function", "fun", "defp"):
                in_signature = depth
            continue
        if (
            in_signature >= 0
            and not is_member
            and (depth > in_signature)
            and before in ("(", ",", "*", "\n", "&", "mut", "**")
        ):
            bound.add(word.text)
            continue
        if not is_member and after == "," and depth == 0 and before in ("\n", ","):
            bound.add(word.text)
            continue
        is_passed = after == "=" and depth > 0
        is_imported = _is_imported(words, at)
        if after in (".", "::", "->") and not is_imported:
            continue  # the whole chain is one name
        if is_member or is_imported or is_passed or after == "(" or _CODEISH.search(word.text):
            used.append(Mention("name", ".".join(chain), tuple(chain)))
    kept = [m for m in used if (len(m.text) > 1 and m.parts[0] not in bound) or len(m.parts) > 1]
    return [m for m in kept if m.parts[-1] not in bound], bound


def _pieces(value: str) -> Sequence[str]:
    """A token's text in the pieces that are told apart here: lexers give ``os.path`` and ``):`` whole."""
    return re.findall(r"[A-Za-z_$][\w$]*|::|->|:=|\?\.|==|[<>!+*/-]=|\n|\S", value)


def _is_imported(words: Sequence[_Word], at: int) -> bool:
    for word in reversed(words[max(0, at - 12) : at]):
        if word.text == "\n":
            return False
        if word.text in ("import", "from", "use", "using", "require"):
            return True
    return False


@lru_cache(maxsize=64)
def lexer_of(language: str) -> Lexer:
    """Pygments' lexer of a language by any of its names; Python's where there is none."""
    try:
        return get_lexer_by_name(language or "python")
    except ClassNotFound:
        return get_lexer_by_name("python")


@lru_cache(maxsize=20_000)
def is_word_of(language: str, name: str) -> bool:
    """Whether a language's lexer knows ``name``: a keyword, a built-in, an exception."""
    known = (Keyword, Name.Builtin, Name.Exception, Token.Operator.Word, Name.Variable.Magic, Name.Function.Magic)
    for code in (name, f"{name}("):  # some lexers tell a built-in function only where it is called
        tokens = [(kind, value) for kind, value in lexer_of(language).get_tokens(code) if value.strip(" \n(")]
        if len(tokens) == 1 and any(tokens[0][0] in each for each in known):
            return True
    return False
