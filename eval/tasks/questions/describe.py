"""Questions that do not name what they are about: the symbol is described by its comment or by where it stands.

A description fits one symbol of the repository, and holds neither its name nor the answer.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from .askable import is_asked_file, path_is_told
from .records import Kind, Question, identify
from .symbols import Outline, Symbol
from .words import gives_away, split_words

_MIN_DOC_CHARS, _MAX_DOC_CHARS, _MIN_DOC_WORDS = 18, 140, 4
_MIN_CALLEE_CHARS = 6
_MAX_PARAMETERS = 5
_DULL = re.compile(
    r"^(?:todo|fixme|see\b|note\b|inherit|overrid|copyright|auto-?generated|constructor\b|eslint|@|define\b|if\b.*\bdefined|-)",
    re.I,
)
_THROWS = re.compile(r"\b(?:raise|throw)\b")
_DULL_CALLS = frozenset(
    "require static import defined sizeof typeof method parent return function lambda include append format extend "
    "insert remove replace length concat println printf isinstance".split()
)
_NOUNS = {
    "method": "method",
    "constructor": "constructor",
    "initializer": "initialiser",
    "macro": "macro",
    "test": "function",
    "assignment": "function",
    "definition": "function",
}


class Describer:
    """Describes the symbols of one repository."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._docs = Counter(_plain(symbol.doc) for symbol in outline.symbols if symbol.doc)
        by_file: dict[str, list[Symbol]] = defaultdict(list)
        for symbol in outline.symbols:
            by_file[symbol.path].append(symbol)
        self._by_file = by_file
        self._heirs = Counter(
            (base, symbol.kind) for symbol in outline.symbols if symbol.is_type for base in symbol.bases[:1]
        )
        self._methods: dict[str, list[str]] = defaultdict(list)
        for symbol in outline.symbols:
            if symbol.is_function and symbol.owner and symbol.kind != "constructor":
                self._methods[symbol.owner].append(symbol.last_name)
        self._parameters = Counter(
            tuple(parameter.name for parameter in symbol.parameters) for symbol in outline.symbols if symbol.parameters
        )
        self._latest: tuple[str, list[str]] = ("", [])
        self._ways: list[Callable[[Symbol, Kind], Iterator[str]]] = [
            self._by_doc,
            self._by_thrown,
            self._by_callee,
            self._by_parameters,
            self._by_base,
            self._by_method,
            self._by_user,
        ]

    def describe(self, question: Question) -> Question | None:
        """The same question about a symbol that is described; None where no description fits it alone."""
        symbol = self._outline.find(question.symbol)
        if symbol is None:
            return None
        for way in self._ways:
            for phrase in way(symbol, question.kind):
                text = _put(phrase, question)
                if text is None or self._tells(phrase, text, symbol, question):
                    continue
                identity = identify(question.kind, question.path, text)
                return replace(question, id=identity, text=text, is_named=False)
        return None

    def _tells(self, phrase: str, text: str, symbol: Symbol, question: Question) -> bool:
        """Whether a description names the symbol, or says the answer."""
        if _says(phrase, symbol.last_name) or f"`{symbol.name}`" in text:
            return True
        if question.form == "path":
            return question.path in phrase or path_is_told(question.path, phrase)
        answer = question.answer.strip("'\"")
        return _says(phrase, answer) or any(
            gives_away(span, question.answer) for span in re.findall(r"`([^`]+)`", phrase)
        )

    def _by_doc(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        words = symbol.doc.split()
        if words and words[0].strip("`'\"()*,") == symbol.last_name:  # Go's begin with the name
            words = words[1:]
        sentence = " ".join(words)
        if (
            self._docs[_plain(symbol.doc)] == 1
            and len(words) >= _MIN_DOC_WORDS
            and _MIN_DOC_CHARS <= len(sentence) <= _MAX_DOC_CHARS
            and not _DULL.match(sentence)
            and not set('"`{}|=') & set(sentence)
            and " ," not in sentence  # something was taken out
            and not _spells(symbol.last_name, sentence)
            and not (symbol.kind == "constant" and self._is_in_group(symbol))
        ):
            yield f'the {_noun(symbol)} that is described as "{sentence}"'

    def _is_in_group(self, symbol: Symbol) -> bool:
        """Whether another constant follows at once: a comment above may be meant for all of them."""
        near = (symbol.end_line + 1, symbol.end_line + 2)
        return any(o.kind == "constant" and o.head_line in near for o in self._by_file[symbol.path])

    def _by_thrown(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        if kind in ("raises", "file") or not symbol.thrown:
            return
        word = "raises" if symbol.language in ("python", "ruby", "elixir") else "throws"
        for name in sorted({each.name for each in symbol.thrown if each is not None}):
            if self._is_only_in(symbol, name, _THROWS.search):
                yield f"the {_noun(symbol)} in `{symbol.path}` that {word} `{name}`"

    def _by_callee(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        if not symbol.is_function:
            return
        for name in sorted(symbol.calls, key=lambda each: (-len(each), each)):
            if len(name) < _MIN_CALLEE_CHARS or name == symbol.last_name or _spells(symbol.last_name, name):
                continue
            if name in _DULL_CALLS or (kind == "environment" and "env" in name.lower()):
                continue
            if kind == "file":
                if self._is_only_in(symbol, name, None) and self._is_in_one_file(name):
                    yield f"the only {_noun(symbol)} that calls `{name}`"
            elif self._is_only_in(symbol, name, None):
                yield f"the {_noun(symbol)} in `{symbol.path}` that calls `{name}`"

    def _by_parameters(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        if kind == "parameter" or not symbol.parameters:
            return
        names = [parameter.name for parameter in symbol.parameters]
        if len(names) > _MAX_PARAMETERS or len(names[0]) < 2:
            return
        listed = "parameters are " + ", ".join(f"`{name}`" for name in names[:-1]) + f" and `{names[-1]}`"
        if len(names) == 1:
            listed = f"only parameter is `{names[0]}`"
        if kind == "file":
            if self._parameters[tuple(names)] == 1:
                yield f"the only {_noun(symbol)} whose {listed}"
            return
        same = [o for o in self._functions(symbol.path) if o.parameters and [p.name for p in o.parameters] == names]
        if same == [symbol]:
            yield f"the {_noun(symbol)} in `{symbol.path}` whose {listed}"

    def _by_base(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        if kind in ("base", "overrides") or not symbol.is_type or not symbol.bases:
            return
        base = symbol.bases[0]
        if self._heirs[base, symbol.kind] == 1:
            yield f"the only {_noun(symbol)} that inherits from `{base}`"

    def _by_method(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        """A type by a method that no other has."""
        if kind in ("overrides", "caller") or not symbol.is_type:
            return
        for name in self._methods.get(symbol.name, ()):
            if len(name) >= _MIN_CALLEE_CHARS and self._outline.last_names[name] == 1:
                yield f"the only {_noun(symbol)} that defines the method `{name}`"

    def _by_user(self, symbol: Symbol, kind: Kind) -> Iterator[str]:
        """A constant by the one function that reads it, if that reads no other constant of the file."""
        if symbol.kind != "constant" or kind != "constant":
            return
        users = {use.within for use in self._outline.mentions.get(symbol.last_name, ()) if use.line != symbol.head_line}
        if len(users) != 1 or (user := users.pop()) is None:
            return
        function = self._outline.find(user)
        if function is None or not is_asked_file(function.path):
            return
        for other in self._by_file[symbol.path]:
            uses = self._outline.mentions.get(other.last_name, ()) if other.kind == "constant" else ()
            if other is not symbol and any(use.within == user for use in uses):
                return
        yield f"the constant in `{symbol.path}` that is used in `{user}`"

    def _is_only_in(self, symbol: Symbol, name: str, on_line: Callable[[str], object] | None) -> bool:
        """Whether all calls of a name in the symbol's file, or its mentions on such lines, are within the symbol."""
        lines = self._lines(symbol.path)
        uses = [use for use in self._outline.mentions.get(name.rpartition(".")[2], ()) if use.path == symbol.path]
        told = [use for use in uses if (use.is_call if on_line is None else on_line(lines[use.line - 1]))]
        return bool(told) and all(symbol.start_line <= use.line <= symbol.end_line for use in told)

    def _is_in_one_file(self, name: str) -> bool:
        """Whether a name stands in one file of the repository, and is defined in none."""
        uses = self._outline.mentions.get(name, ())
        return not self._outline.last_names[name] and len({use.path for use in uses}) == 1

    def _lines(self, path: str) -> list[str]:
        if self._latest[0] != path:
            self._latest = (path, self._outline.texts[path].split("\n"))
        return self._latest[1]

    def _functions(self, path: str) -> list[Symbol]:
        return [symbol for symbol in self._by_file[path] if symbol.is_function]


def _put(phrase: str, question: Question) -> str | None:
    """The question with the phrase where the symbol was named."""
    name = f"`{question.symbol}`"
    owner = f"`{question.symbol.rpartition('.')[0]}`"
    for named in (
        f"the class {name}",
        f"the enumeration {name}",
        f"the type {name}",
        f"the constant {name}",
        f"the constructor of {owner}",
        f"the module attribute `@{question.symbol.rpartition('.')[2]}` of {owner}",
        name,
    ):
        if named in question.text:
            return question.text.replace(named, phrase, 1)
    return None


def _noun(symbol: Symbol) -> str:
    if symbol.is_function:
        if symbol.language == "python" and symbol.owner:
            return "method"
        return _NOUNS.get(symbol.kind, "function")
    return symbol.kind


def _plain(sentence: str) -> str:
    return re.sub(r"\W+", " ", sentence).lower().strip()


def _says(phrase: str, word: str) -> bool:
    """Whether a word stands in a phrase as one of its own, whatever its capitals."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", phrase, re.I) is not None


def _spells(name: str, sentence: str) -> bool:
    """Whether all words of a name are in a sentence: `parse_header` is as good as named by "Parses a header"."""
    words = [word.lower() for word in split_words(name) if len(word) > 1]
    said = [word.lower() for word in split_words(sentence) if word]
    return bool(words) and all(any(each.startswith(word[:4]) for each in said) for word in words)
