"""Questions about definitions in any language with a grammar, out of the outline. Python's own five are in ``harvest``.

Only what is unambiguous becomes a question: the name means one thing in the repository, the answer is one, and the
question does not give it away.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from .askable import is_askable, is_asked_file, path_is_told, refer
from .literals import is_literal
from .records import Form, Kind, Question, identify
from .symbols import Mention, Outline, Symbol
from .words import gives_away

_SPECIAL_NAMES = frozenset(
    "constructor init main new initialize __construct toString equals hashCode setup teardown finalize index "
    "default".split()
)
_IMPORT_LINE = re.compile(
    r"^\s*(?:import\b|export\s*[{*]|from\b.*\bimport\b|use\b|using\b|alias\b|@spec\b|require\b|package\b|open\b)"
)
_SELF = frozenset(("", "self", "this", "cls", "Self", "static", "super", "parent"))
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_REASSIGNED = frozenset(("bash", "lua"))  # where a name in capitals may get another value any time
_MIN_CALLEE_CHARS = 4
_MAX_HEAD_LINES = 15


def find_code_questions(outline: Outline) -> Iterator[Question]:
    """Every question about a definition, in the order of the files; the five Python kinds for other languages only."""
    for symbol in outline.symbols:
        if not is_askable(symbol, outline):
            continue
        is_python = symbol.language == "python"
        if symbol.is_function:
            yield from _ask_parameter(symbol)
            yield from _ask_returns(symbol, outline)
            yield from _ask_environment(symbol)
            if not is_python:
                yield from _ask_defaults(symbol)
                yield from _ask_raises(symbol)
                yield from _ask_caller(symbol, outline)
        elif symbol.kind == "constant":
            if not is_python:
                yield from _ask_constant(symbol, outline)
        else:
            yield from _ask_member(symbol)
            if not is_python:
                yield from _ask_base(symbol, outline)
        if symbol.kind != "constant":
            yield from _ask_file(symbol)
    yield from _ask_overrides(outline)


def _ask_parameter(symbol: Symbol) -> Iterator[Question]:
    parameters = symbol.parameters
    if parameters is None or not 2 <= len(parameters) <= len(_ORDINALS) or _is_special(symbol):
        return
    nth = _pick(symbol.name, len(parameters))
    answer = parameters[nth]
    if len(answer.name) < 2 or answer.name.startswith("_"):
        return
    text = f"What is the name of the {_ORDINALS[nth]} parameter of {refer(symbol)}{_without_receiver(symbol)}?"
    yield from _make("parameter", text, answer.name, symbol, (answer.line, answer.line))


def _without_receiver(symbol: Symbol) -> str:
    if symbol.language == "python" and symbol.owner:
        return ", not counting `self` or `cls`"
    return ", not counting `self`" if symbol.language == "rust" and symbol.owner else ""


def _ask_returns(symbol: Symbol, outline: Outline) -> Iterator[Question]:
    if not symbol.returns or symbol.returns.strip("'\"") in ("Self", "self", "this"):
        return
    text = f"What is the declared return type of {refer(symbol)}?"
    lines = (symbol.head_line, _find_line(symbol, symbol.returns, outline))
    yield from _make("returns", text, symbol.returns, symbol, lines, form="type")


def _ask_environment(symbol: Symbol) -> Iterator[Question]:
    names = {each.name for each in symbol.environment}
    if len(names) == 1:
        first = symbol.environment[0]
        text = f"Which environment variable does {refer(symbol)} read?"
        yield from _make("environment", text, first.name, symbol, (first.line, first.line))


def _ask_defaults(symbol: Symbol) -> Iterator[Question]:
    for parameter in symbol.parameters or ():
        if is_literal(parameter.default) and len(parameter.name) > 1:
            text = f"What is the default value of the parameter `{parameter.name}` of {refer(symbol)}?"
            lines = (parameter.line, parameter.line)
            yield from _make("default", text, parameter.default, symbol, lines, form="value", detail=parameter.name)


def _ask_raises(symbol: Symbol) -> Iterator[Question]:
    names = {each.name if each is not None else None for each in symbol.thrown}
    first = symbol.thrown[0] if len(names) == 1 else None
    if first is not None:
        word = "raise" if symbol.language in ("ruby", "elixir") else "throw"
        text = f"Which exception does {refer(symbol)} {word}?"
        yield from _make("raises", text, _dotted(first.name), symbol, (first.line, first.line))


def _ask_base(symbol: Symbol, outline: Outline) -> Iterator[Question]:
    if len(symbol.bases) != 1 or symbol.n_bases != 1:
        return
    what = "class" if symbol.language in ("javascript", "typescript", "tsx", "java", "php", "ruby") else "type"
    text = f"Which {what} does {refer(symbol)} inherit from?"
    lines = (symbol.head_line, _find_line(symbol, symbol.bases[0], outline))
    yield from _make("base", text, _dotted(symbol.bases[0]), symbol, lines)


def _ask_member(symbol: Symbol) -> Iterator[Question]:
    members = symbol.members
    if len(members) < 3 or len({member.name for member in members}) != len(members):
        return
    nth = _pick(symbol.name, len(members) - 1)
    before, after = members[nth], members[nth + 1]
    if re.sub(r"\d+", "", before.name) == re.sub(r"\d+", "", after.name):  # numbered: anybody can count
        return
    what = "type" if symbol.kind == "type" else "enumeration"
    text = f"Which member comes directly after `{before.name}` in the {what} `{symbol.name}`?"
    yield from _make("member", text, after.name, symbol, (before.line, after.line), detail=before.name)


def _ask_constant(symbol: Symbol, outline: Outline) -> Iterator[Question]:
    if not symbol.value or (symbol.language in _REASSIGNED and _is_reassigned(symbol, outline)):
        return
    text = f"What is the value of {refer(symbol)}?"
    yield from _make("constant", text, symbol.value, symbol, (symbol.head_line, symbol.head_line), form="value")


def _ask_file(symbol: Symbol) -> Iterator[Question]:
    """Where it is defined, unless its name is the file's."""
    if (
        symbol.kind in ("module", "namespace", "package")
        or _is_special(symbol)
        or path_is_told(symbol.path, symbol.name)
    ):
        return
    text = f"Which file defines {refer(symbol)}?"
    lines = (symbol.head_line, symbol.head_line)
    yield from _make("file", text, symbol.path, symbol, lines, form="path")


def _ask_caller(symbol: Symbol, outline: Outline) -> Iterator[Question]:
    name = symbol.last_name
    if len(name) < _MIN_CALLEE_CHARS or outline.last_names[name] != 1 or _is_special(symbol):
        return
    uses = [use for use in outline.mentions.get(name, ()) if not _is_no_use(use, symbol, outline)]
    callers = {use.within if use.is_call and _is_of(use, symbol, outline) else None for use in uses}
    caller = callers.pop() if len(callers) == 1 else None
    calling = outline.find(caller) if caller is not None else None
    if calling is None or calling is symbol or not is_askable(calling, outline) or _is_special(calling):
        return
    text = f"Which function or method calls {refer(symbol)}?"
    yield from _make("caller", text, calling.name, symbol, (uses[0].line, uses[0].line), path=uses[0].path)


def _is_no_use(use: Mention, symbol: Symbol, outline: Outline) -> bool:
    """Whether a mention is the definition itself, or an import."""
    if use.path == symbol.path and use.line == symbol.head_line:
        return True
    return _IMPORT_LINE.match(_line_of(use, outline)) is not None


def _line_of(use: Mention, outline: Outline) -> str:
    return outline.texts[use.path].split("\n", use.line)[use.line - 1]


def _is_of(use: Mention, symbol: Symbol, outline: Outline) -> bool:
    """Whether a call is certainly one of this symbol, and not of another object's method of the name."""
    if f"{symbol.last_name}(...)" in _line_of(use, outline):  # PHP's way to hand a function on
        return False
    owner = symbol.owner.rpartition(".")[2]
    home = PurePosixPath(symbol.path)
    return use.receiver in _SELF or use.receiver in (owner, home.stem, home.parent.name)


def _ask_overrides(outline: Outline) -> Iterator[Question]:
    """Which of several subclasses defines a method of the class anew."""
    children: dict[str, list[Symbol]] = defaultdict(list)
    methods: dict[str, list[Symbol]] = defaultdict(list)
    for symbol in outline.symbols:
        if symbol.is_type:
            for base in symbol.bases:
                children[_dotted(base).rpartition(".")[2]].append(symbol)
        elif symbol.is_function and symbol.owner and not symbol.is_local:
            methods[symbol.owner].append(symbol)
    for symbol in outline.symbols:
        if not symbol.is_type or symbol.last_name not in children or not is_askable(symbol, outline):
            continue
        if outline.last_names[symbol.last_name] != 1:
            continue
        below = _descendants(symbol, children)
        if len(below) < 2 or len({each.last_name for each in below}) != len(below):
            continue
        for method in methods[symbol.name]:
            if method.last_name.startswith("_") or _is_special(method):
                continue
            found = [m for each in below for m in methods[each.name] if m.last_name == method.last_name]
            if len(found) == 1 and is_asked_file(found[0].path):
                answer = found[0]
                text = f"Which subclass or implementation of `{symbol.name}` overrides its method `{method.last_name}`?"
                lines = (answer.head_line, answer.head_line)
                yield from _make(
                    "overrides", text, answer.owner, symbol, lines, detail=method.last_name, path=answer.path
                )


def _descendants(symbol: Symbol, children: dict[str, list[Symbol]]) -> list[Symbol]:
    found: dict[str, Symbol] = {}
    pending = list(children[symbol.last_name])
    while pending:
        each = pending.pop()
        if each.name not in found:
            found[each.name] = each
            pending += children.get(each.last_name, [])
    return list(found.values())


def _make(
    kind: Kind,
    text: str,
    answer: str,
    about: Symbol,
    lines: tuple[int, int],
    *,
    form: Form = "name",
    detail: str = "",
    path: str | None = None,
) -> Iterator[Question]:
    """The question, or nothing if its own words give the answer away."""
    if form != "path" and any(gives_away(name, answer) for name in re.findall(r"`([^`]+)`", text)):
        return
    place = path or about.path
    identity = identify(kind, place, text)
    yield Question(identity, kind, text, answer, (), place, *lines, about.name, detail, about.language, form)


def _pick(name: str, n: int) -> int:
    """A number below ``n`` that depends on the name alone."""
    return int(hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8], 16) % n


def _is_special(symbol: Symbol) -> bool:
    return symbol.last_name in _SPECIAL_NAMES or symbol.kind in ("constructor", "initializer")


def _is_reassigned(symbol: Symbol, outline: Outline) -> bool:
    assigned = re.compile(rf"(?<![\w.]){re.escape(symbol.last_name)}\s*=(?!=)")
    suffix = PurePosixPath(symbol.path).suffix
    return sum(len(assigned.findall(text)) for path, text in outline.texts.items() if path.endswith(suffix)) != 1


def _find_line(symbol: Symbol, words: str, outline: Outline) -> int:
    """The line of a definition's head where ``words`` stand."""
    lines = outline.texts[symbol.path].split("\n")
    first = re.split(r"\s", words)[0]
    last = min(symbol.end_line, symbol.head_line + _MAX_HEAD_LINES, len(lines))
    return next((n for n in range(symbol.head_line, last + 1) if first in lines[n - 1]), symbol.head_line)


def _dotted(name: str) -> str:
    return name.replace("::", ".").replace("\\", ".").strip(".")
