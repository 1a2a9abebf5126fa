"""Plausible questions without an answer: real names put together as they are nowhere in the repository.

The right answer says that there is no such thing. None of them is about a thing that exists under another spelling:
what is asked about occurs in no file.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

from eval.tasks.ordering import take_turns

from .askable import is_askable, is_asked_file, refer
from .configuration import ConfigKey, is_configuration, read_keys
from .records import Form, Question, identify
from .symbols import Outline, Symbol

_T = TypeVar("_T")
_TRIES = 400  # a kind: most combinations of names exist or make no sense
_MAX_EACH = 60
_WORD = re.compile(r"[^\W\d]\w*")
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_CAMEL = re.compile(r"[A-Z][a-z0-9]+(?=[A-Z])|[A-Z][a-z0-9]+$")


def find_unanswerable(outline: Outline, seed: int) -> list[Question]:
    """Questions of five kinds in turns: parameters, constants, classes, methods and configuration keys."""
    maker = _Maker(outline, seed)
    ways = (maker.parameters, maker.constants, maker.types, maker.methods, maker.keys)
    return list(take_turns([list(_first(way())) for way in ways]))


def _first(questions: Iterator[Question]) -> Iterator[Question]:
    seen: set[str] = set()
    for question in questions:
        if question.id not in seen:
            seen.add(question.id)
            yield question
        if len(seen) == _MAX_EACH:
            return


class _Maker:
    def __init__(self, outline: Outline, seed: int) -> None:
        self._outline, self._seed = outline, seed
        self._symbols = [symbol for symbol in outline.symbols if is_askable(symbol, outline)]
        self._words = {word.lower() for text in outline.texts.values() for word in _WORD.findall(text)}

    def parameters(self) -> Iterator[Question]:
        """The default of a parameter that another function has."""
        by_language: dict[str, list[Symbol]] = defaultdict(list)
        for symbol in self._symbols:
            if symbol.is_function and symbol.parameters and not symbol.has_rest:
                by_language[symbol.language].append(symbol)
        defaults = {
            language: sorted({p.name for s in own for p in s.parameters or () if p.default and len(p.name) > 3})
            for language, own in by_language.items()
        }
        functions = [symbol for own in by_language.values() for symbol in own if defaults[symbol.language]]
        for symbol, chance in self._draw(functions, "parameters"):
            name = chance.choice(defaults[symbol.language])
            if not self._is_said(symbol, name):
                text = f"What is the default value of the parameter `{name}` of {refer(symbol)}?"
                yield _make(text, symbol.path, symbol.name, name, "value", symbol.language)

    def constants(self) -> Iterator[Question]:
        """The value of a constant with the head of one name and the tail of another."""
        named = [s for s in self._symbols if s.kind == "constant" and _CAPITALS.fullmatch(s.last_name)]
        for symbol, chance in self._draw(named, "constants"):
            other = chance.choice(named)
            cut = re.match(r"(.*_)([A-Z0-9]+)$", symbol.last_name)
            name = (cut[1] if cut else "") + other.last_name.rpartition("_")[2]
            if self._is_new(name):
                text = f"What is the value of the constant `{name}`?"
                yield _make(text, symbol.path, name, "", "value", symbol.language)

    def types(self) -> Iterator[Question]:
        """The base or the file of a class with the head of one name and the tail of another."""
        named = [s for s in self._symbols if s.is_type and s.kind != "module" and len(_CAMEL.findall(s.last_name)) >= 2]
        for symbol, chance in self._draw(named, "types"):
            other = chance.choice(named)
            last, tail = _CAMEL.findall(symbol.last_name)[-1], _CAMEL.findall(other.last_name)[-1]
            name = symbol.last_name.removesuffix(last) + tail
            if not self._is_new(name):
                continue
            if symbol.bases and chance.random() < 0.5:
                text, form = f"Which class does `{name}` inherit from?", "name"
            else:
                text, form = f"Which file defines `{name}`?", "path"
            yield _make(text, symbol.path, name, "", "name" if form == "name" else "path", symbol.language)

    def methods(self) -> Iterator[Question]:
        """Who calls a method that another class has. The class inherits from nothing, and its file has no such word."""
        owners = [s for s in self._symbols if s.kind in ("class", "struct", "interface", "trait") and not s.n_bases]
        methods: dict[str, list[str]] = defaultdict(list)
        for symbol in self._symbols:
            if symbol.is_function and symbol.owner and len(symbol.last_name) > 4 and symbol.kind != "constructor":
                methods[symbol.language].append(symbol.last_name)
        for symbol, chance in self._draw([s for s in owners if methods[s.language]], "methods"):
            method = chance.choice(methods[symbol.language])
            if re.search(rf"\b{re.escape(method)}\b", self._outline.texts[symbol.path]):
                continue
            name = f"{symbol.name}.{method}"
            if not self._outline.names[name]:
                text = f"Which function or method calls `{name}`?"
                yield _make(text, symbol.path, name, "", "name", symbol.language)

    def keys(self) -> Iterator[Question]:
        """The value of a key that another file of the same format has."""
        files: dict[str, list[tuple[str, Sequence[ConfigKey]]]] = defaultdict(list)
        for path, text in self._outline.texts.items():
            if is_configuration(path) and is_asked_file(path) and (found := read_keys(path, text)):
                files[path.rpartition(".")[2]].append((path, found))
        several = [(path, suffix) for suffix, own in files.items() if len(own) > 1 for path, _ in own]
        for (path, suffix), chance in self._draw(several, "keys"):
            key = chance.choice(chance.choice(files[suffix])[1])
            if len(key.last) > 3 and not re.search(rf"\b{re.escape(key.last)}\b", self._outline.texts[path]):
                text = f"What is the value of the key `{key.name}` in `{path}`?"
                yield _make(text, path, key.name, "", "value", "config")

    def _draw(self, among: Sequence[_T], what: str) -> Iterator[tuple[_T, random.Random]]:
        chance = random.Random(f"{self._seed}/{what}")
        for _ in range(_TRIES if among else 0):
            yield chance.choice(among), chance

    def _is_new(self, name: str) -> bool:
        """Whether a name of several words is none of the repository, in any capitals."""
        return name.lower() not in self._words and name.replace("_", "").lower() not in self._words

    def _is_said(self, symbol: Symbol, name: str) -> bool:
        """Whether a word stands in the lines of a definition or just above."""
        lines = self._outline.texts[symbol.path].split("\n")[max(0, symbol.start_line - 30) : symbol.end_line]
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", "\n".join(lines)) is not None


def _make(text: str, path: str, symbol: str, detail: str, form: Form, language: str) -> Question:
    identity = identify("unanswerable", path, text)
    return Question(identity, "unanswerable", text, "", (), path, 0, 0, symbol, detail, language, form)
