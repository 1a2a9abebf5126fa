"""What a model said that a call returns, and whether it is so: equality of values, not of their spelling.

The rules, the same for every arm:

1. An empty answer, or a plain sentence that declines, is ``unanswered``.
2. The first answer that is stated decides: the first code span or fenced block that repeats neither the call, a name of
   it nor one of its arguments (no case's value is an argument) and is no code that computes the value; or a line before
   it that says "It returns" and a literal. Without either it is the first line, or all of the text. Where there is
   nothing but an argument, that is the answer, and wrong.
3. What stands around a value is no part of it: openings such as "It returns", ``return``, ``name =``, ``print()``,
   prompts, comments, the full stop, and citations such as [1] unless nothing else is left. What stands behind the call
   and ``==``, ``->`` or "returns" is the answer, and so is what a comment says that the code of a block prints.
4. Literals are compared as values: ``1_000`` is ``1000``, ``30`` is ``30.0``, but ``True`` is not ``1``. A block that
   is no literal as a whole is read up to the end of the first one. Where a string is expected its quotes may be
   missing, with its escapes read or not, if what stands there is no literal of another type: `5` is not ``'5'``.
   Nothing is right because it contains the value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from eval.cases import Case, Score
from eval.tasks.questions.scoring import equal_values

SCORING_VERSION = 2  # raised when the same answer may get another verdict

_PIECE = re.compile(
    r"```(?P<info>[^\n`]*)\n(?P<block>.*?)(?:```|\Z)|(?<!`)(?P<ticks>`+)(?!`)(?P<span>.+?)(?<!`)(?P=ticks)(?!`)", re.S
)
_TAG = re.compile(r"\s*[\w+#.-]*\s*")
_MEANS = re.compile(r"^(?:==?|-+>|=+>|→|⇒|#+\s*(?:returns|->)?|returns?|evaluates to|is|gives|:)\s*")
_OPENING = re.compile(
    r"^(?:(?:so|therefore|thus|hence),?\s+)?(?:the\s+)?(?:(?:correct|returned?|return|output|final)\s+)*"
    r"(?:answer|value|result|output|return value|call|function|method|it|this|returns?|output)?\s*"
    r"(?:(?:will|would)\s+)?(?:is|are|be|returns?|evaluates to|gives|:|=+|->)\s*:?\s*",
    re.I,
)
_SUBJECT = (
    r"^(?:the\s+)?(?:(?:function|method|call)\s+(?:to\s+)?)?{name}(?:\(\))?\s+(?=(?:will|returns?|is|evaluates)\b)"
)
_NOUN = re.compile(r"^(?:an?|the)\s+(?:string|list|tuple|dict|dictionary|set|value|number|integer|float)\b:?\s*", re.I)
_HEADING = re.compile(
    r"^(?:expected\s+)?(?:the\s+)?(?:output|returns?|result|prints?|return value)[ \t]*(?::[ \t]*\n?|\n)", re.I
)
_ASSIGNED = re.compile(r"^(?:return\s+|[A-Za-z_][\w.]*\s*(?::[^=\n]+)?=(?!=)\s*)(?=\S)")
_PRINTED = re.compile(r"^print\((.*)\)(?:\s*#.*)?$", re.S)
_ESCAPE = re.compile(r"""\\(?:[\\'"abfnrtv]|[0-7]{1,3}|x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|N\{[\w -]+\})""")
_CITATIONS = re.compile(r"(?<=\S)\s*(?:\[\d+\][\s,.]*)+$")
_DECLINES = re.compile(
    r"^(?:i(?:'m| am)? (?:do not|don't|cannot|can't|could not|couldn't|sorry|unable|not (?:sure|able))|sorry\b"
    r"|(?:unknown|not (?:specified|provided|given|found|known))\b|there is no (?:information|such)\b"
    r"|(?:the )?(?:provided |given |numbered )?(?:passages?|code|context|information) (?:do|does|did|is|are)"
    r"(?: not|n't)\b)",
    re.I,
)
_NO_LITERAL = object()


def score_value(case: Case, text: str) -> Score:
    """The verdict on what a model wrote, with what was compared."""
    stated = _find(case, text)
    if not stated:
        return Score("unanswered", "no value in the text")
    expected = str(case.data["value"])
    if any(_is_value(said, expected) for said in stated):
        return Score("correct", f"returns {expected}", stated[0])
    return Score("wrong", f"returns {expected}", stated[0])


def find_value(case: Case, text: str) -> str | None:
    """The part of the text that is the answer, by the rules above; None if there is none."""
    return next(iter(_find(case, text)), None)


def _find(case: Case, text: str) -> list[str]:
    """The answer, as it may be read; empty if there is none."""
    arguments = frozenset(str(argument) for argument in case.data["arguments"])
    return _find_first(case, text, arguments) or (_find_first(case, text, frozenset()) if arguments else [])


def _find_first(case: Case, text: str, passed_over: frozenset[str]) -> list[str]:
    for piece in _PIECE.finditer(text):
        stated = _stated_in(case, _content_of(piece), passed_over)
        if stated is None:
            continue
        before = _without_marks(text[: text.rfind("\n", 0, piece.start()) + 1])  # its own line leads to it
        literals = (_literal_said(case, line) for line in _lines(before))
        return [next((each for each in literals if each is not None and not _is_among(each, passed_over)), stated)]
    prose = _without_marks(text).strip()
    line = next(_lines(prose), "")
    if not line or _DECLINES.match(line):
        return []
    # "It returns [1].": where nothing else is left, what looks like a citation is the value.
    for said in dict.fromkeys((_CITATIONS.sub("", line), line)):
        found = _said_in_words(case, said, passed_over)
        if found:
            return [*found, prose.replace("`", "")]
    head, _, rest = prose.partition("\n")
    return [rest] if rest.strip() and _OPENING.fullmatch(head) else []


def _without_marks(text: str) -> str:
    """Prose with what its code spans hold, and without its blocks."""
    return _PIECE.sub(lambda piece: piece["span"] or "\n", text)


def _content_of(piece: re.Match[str]) -> str:
    """What a span or block holds. A value may stand where a block's language does."""
    if piece["span"] is not None:
        return str(piece["span"])
    info, block = str(piece["info"]), str(piece["block"])
    return block.removesuffix("\n") if _TAG.fullmatch(info) else f"{info}\n{block}".strip()


def _stated_in(case: Case, said: str, passed_over: frozenset[str]) -> str | None:
    """The value that a span or block states; None where it only repeats the question, or computes."""
    said = _without_prompts(said)
    bare = said.strip()
    behind = _behind_call(case, bare)
    if behind is not None:
        return behind or None
    name = str(case.data["name"])
    if not bare or bare.removesuffix("()") in (name, name.rpartition(".")[2]) or _is_among(bare, passed_over):
        return None
    if bare.startswith(("->", "→", "==")):
        return _MEANS.sub("", bare, count=1).strip() or None
    return _printed_by(bare) if _computes(case, bare) else said


def _said_in_words(case: Case, line: str, passed_over: frozenset[str]) -> list[str]:
    """What a line of prose says that it is, with and without a noun before it."""
    line = line.replace("`", "").strip()  # no value holds one
    bold = re.fullmatch(r"\*\*(.+)\*\*", line)
    line = bold[1] if bold is not None else line
    if line.endswith(".") and not re.fullmatch(r"-?\d+\.", line):  # `3.` is a number
        line = line[:-1].rstrip()
    behind = _behind_call(case, line)
    name = str(case.data["name"])
    if behind is None:
        if line.removesuffix("()") in (name, name.rpartition(".")[2]) or _is_among(line, passed_over) or not line:
            return []
        behind = re.sub(_SUBJECT.format(name=re.escape(name)), "it ", line, count=1, flags=re.I)
    said = _OPENING.sub("", behind, count=1).strip()
    return [each for each in dict.fromkeys((said, _NOUN.sub("", said).strip())) if each]


def _literal_said(case: Case, line: str) -> str | None:
    """The literal that a whole line of prose is or says ("It returns [1, 2]."), None if it says something else."""
    if re.fullmatch(r"\d+\.|(?:\[\d+\][\s,.]*)+", line):  # of a list, or nothing but citations
        return None
    line = _CITATIONS.sub("", line)
    return next((said for said in _said_in_words(case, line, frozenset()) if _read(said) is not _NO_LITERAL), None)


def _behind_call(case: Case, said: str) -> str | None:
    """What follows the call that ``said`` begins with, empty if nothing does; None if it begins otherwise."""
    call = str(case.data["call"])
    for start in (f"print({call})", f"assert {call}", call):
        if _squeeze(said).startswith(_squeeze(start)):
            rest = _uncommented(_rest_behind(said, start))
            return _MEANS.sub("", rest, count=1).strip("\n").rstrip()
    return None


def _rest_behind(said: str, start: str) -> str:
    """What follows ``start`` in ``said``, whose spaces may be others."""
    left = len(_squeeze(start))
    for place, char in enumerate(said):
        if left == 0:
            return said[place:].strip()
        left -= not char.isspace()
    return ""


def _without_prompts(said: str) -> str:
    """A session of the interpreter as what was typed first and what follows it; all else as it is."""
    lines = said.strip().split("\n")
    if not lines[0].lstrip().startswith(">>>"):
        return said
    typed = [re.sub(r"^\s*(?:>>>|\.\.\.) ?", "", line) for line in lines]
    asked = [number for number, line in enumerate(lines) if re.match(r"\s*(?:>>>|\.\.\.)", line)]
    output: list[str] = []
    for number, line in enumerate(lines):
        if number not in asked:
            output.append(line)
        elif output:
            break
    return "\n".join(output) if output and len(asked) > 1 else "\n".join(typed)


def _computes(case: Case, said: str) -> bool:
    """Whether it is code that defines or calls the function, so that running it would tell."""
    name = str(case.data["name"]).rpartition(".")[2]
    try:
        nodes = list(ast.walk(ast.parse(said)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    named = [func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in called]
    defined = [node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return name in named or name in defined


def _printed_by(code: str) -> str | None:
    """What the comment at the end of code says that it prints or returns; None without one."""
    lines = code.rstrip().split("\n")
    n_comments = 0
    while n_comments < len(lines) and lines[-1 - n_comments].lstrip().startswith("#"):
        n_comments += 1
    if n_comments:
        return _uncommented("\n".join(lines[len(lines) - n_comments :])).strip("\n").rstrip() or None
    behind = re.search(r"\s#\s*(.+)$", lines[-1])
    return _MEANS.sub("", behind[1], count=1).strip() or None if behind is not None else None


def _uncommented(said: str) -> str:
    """Lines that all are comments, without their marks."""
    lines = said.split("\n")
    if said and all(line.lstrip().startswith("#") for line in lines):
        return "\n".join(re.sub(r"^\s*#+ ?(?:(?:returns\b:?|->) ?)?", "", line, flags=re.I) for line in lines)
    return said


def _is_value(said: str, expected: str) -> bool:
    """Whether what was stated is the value, in one of the ways in which all of it can be read."""
    value = ast.literal_eval(expected)
    readings = [said, _HEADING.sub("", said.strip(), count=1)]
    given = [_read(each) for reading in readings for each in (reading, _unwrapped(reading))]
    if any(equal_values(each, value) for each in (*given, _read_first(said))):
        return True
    return isinstance(value, str) and any(value in _as_text(each) for each in readings if _read(each) is _NO_LITERAL)


def _unwrapped(said: str) -> str:
    """What is returned, assigned or printed."""
    printed = _PRINTED.match(said.strip())
    return printed[1] if printed is not None else _ASSIGNED.sub("", said.strip(), count=1)


def _as_text(said: str) -> set[str]:
    """The strings that something without readable quotes may be: as it stands, and with its escapes read."""
    found = {said, said.strip()}
    bare = said.strip()
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" and bare[0] not in bare[1:-1]:
        found.add(bare[1:-1])  # over several lines, which Python would not read
    return found | {_read_escapes(each) for each in found}


def _read_escapes(said: str) -> str:
    try:
        return _ESCAPE.sub(lambda escape: str(ast.literal_eval(f'"{escape[0]}"')), said)
    except (SyntaxError, ValueError):  # no such character
        return said


def _read(said: str) -> object:
    """The value of a literal, ``_NO_LITERAL`` for anything else."""
    try:
        return ast.literal_eval(said.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_LITERAL


def _read_first(said: str) -> object:
    """The literal that ends first with one of the lines, where more follows it."""
    lines = said.strip().split("\n")
    found = (_read("\n".join(lines[:n_lines])) for n_lines in range(1, len(lines)))
    return next((value for value in found if value is not _NO_LITERAL), _NO_LITERAL)


def _is_among(said: str, passed_over: frozenset[str]) -> bool:
    """Whether it is one of these literals, however it is spaced."""
    value = _read(said)
    return said in passed_over or (value is not _NO_LITERAL and repr(value) in passed_over)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())
