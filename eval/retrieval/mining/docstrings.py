"""Questions from documentation: a definition's docstring or the comment above it, and the lines of the definition.

The words that became a question are blanked in the copy that is searched, line for line, so that the code has to be
found by what it does. Sources are parsed, never run.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from eval.retrieval.records import RelevantPlace
from indexer.definitions import read_definition
from indexer.languages import Language, detect_language, get_language, parse

from .repository import BEYOND_LIMIT, Mined, MinedQuestion, MinedRepository, spread, words_of

CATEGORY = "docstring"
MIN_WORDS, MAX_WORDS = 4, 25
MIN_CODE_LINES, MAX_CODE_LINES = 3, 200  # shorter is a declaration, longer is answered by all of a file
_N_PER_FILE = 3
_ALIKE = 0.6  # share of two sentences' words, cut to stems, from which each file would answer both
_STEM_CHARS = 5
_STOP_WORDS = frozenset("a an the of to for in on by with from and or is are be this that it its as".split())

_COMMENTS = frozenset("comment line_comment block_comment doc_comment multiline_comment haddock".split())
_ATTRIBUTES = frozenset("attribute_item decorator annotation attribute_list".split())
_FUNCTIONS = frozenset("function method constructor initializer assignment macro variable signature".split())
_TYPES = frozenset("class interface struct enum union trait type record object protocol annotation concept".split())

_LINE_MARKS = re.compile(
    r"^\s*(?:/\*+[!<]?|\*+/|\*(?=\s|$)|//+[!<]?|#+[:!]?(?=\s|$)|--+\[\[|--+(?=\s|$|@)|\{-+|-\})?\s*[|^]?\s?|\s*(?:\*+/|-\}|\]\])\s*$"
)
_STRING_MARKS = re.compile(r"^@\w+\s+(?:~[sS])?|^[rRuUbB]*(?:\"\"\"|'''|\"|')|(?:\"\"\"|'''|\"|')$")
_CROSS_REFERENCE = re.compile(r"\{@\w+\s+#?([^}]*)\}|\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])?")
_SEE = re.compile(r"<(?:see|seealso|paramref|typeparamref)\s+\w+=\"(?:\w:)?([^\"]*)\"\s*/?>")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ROLE = re.compile(r":[\w:.+-]+:`[~!]?([^`<]*)(?:<[^`]*>)?`")
_BRIEF = re.compile(r"^\s*[@\\](?:brief|short|description|desc|summary)\b:?\s*")
_PARAGRAPH_END = re.compile(r"\n\s*\n|\n\s*(?=[@\\][a-zA-Z]|[-*+] |\d+[.)] |>>>|```|:param|Args:|Returns:|Example)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(*<]|$)")
_NO_DESCRIPTION = re.compile(
    r"""
    ^(?:args|arguments|param|parameters|todo|fixme|xxx|hack|notes?|warning|deprecated|alias|shortcut\ for|shorthand|see
      |same\ as|like|as\ above|equivalent|similar|inherit\w*|internal|private|public|usage|examples?|overrides?|copied
      |auto-?generated|this\ is\ (?:the|an?)|default|constructor|creates?\ a\ new\ instance|based\ on|adapted|since
      |initializes\ a\ new\ instance|implementation\ of|version|ported|taken|borrowed|code\ generated
      |this\ (?:method|function|class)\ is\ (?:deprecated|internal))\b
    |^(?:raises|yields|returns?):|^(?:e\.g|i\.e)\.
    |\b(?:copyright|licen[cs]e|eslint|tslint|prettier|rubocop|nolint|pragma|istanbul|generated\ by|spdx
      |shellcheck)\b|\busage:
    |https?://
    """,
    re.I | re.X,
)
_LEADING_COPULA = re.compile(r"^(?:is|are)\s+", re.I)


@dataclass(frozen=True, slots=True)
class DocumentedDefinition:
    """A definition's lines [start, end) and those of what documents it [doc_start, doc_end), 0-based."""

    name: str
    sentence: str
    start: int
    end: int
    doc_start: int
    doc_end: int


def mine_docstrings(repository: MinedRepository, n_most: int, seed: int) -> Mined:
    """Up to ``n_most`` questions, drawn by ``seed``, with the texts that they were taken out of.

    A sentence that the repository says twice, or of another file in nearly the same words, is no question: it has
    more than one answer.
    """
    candidates = [
        (path, found)
        for path in sorted(repository.targets)
        for found in find_documented(repository.texts[path], detect_language(path) or "")
    ]
    random.Random(f"{seed}:{repository.name}").shuffle(candidates)
    texts = [words_of(_without_marks(text)) for text in repository.texts.values()]
    questions = [
        MinedQuestion(found.sentence, (RelevantPlace(path, found.start + 1, found.end),), CATEGORY)
        for path, found in candidates
    ]
    stems = [(path, _stems(found.sentence)) for path, found in candidates]
    looked_at: Counter[bool] = Counter()  # by whether the sentence has one answer

    def unique() -> Iterator[MinedQuestion]:
        for question, (path, own) in zip(questions, stems, strict=True):
            is_unique = sum(text.count(words_of(question.query)) for text in texts) <= 1 and not any(
                path != other_path and _are_alike(own, other) for other_path, other in stems
            )
            looked_at[is_unique] += 1
            if is_unique:
                yield question

    chosen = list(spread(unique(), n_most, _N_PER_FILE))
    documentation = {id(question): found for question, (_, found) in zip(questions, candidates, strict=True)}
    blanked: dict[str, str] = {}
    for question in chosen:
        path, found = question.relevant[0].path, documentation[id(question)]
        blanked[path] = blank_lines(blanked.get(path, repository.texts[path]), found.doc_start, found.doc_end)
    left_out = {
        "said elsewhere too, or nearly": looked_at[False],
        f"of files with {_N_PER_FILE} questions": looked_at[True] - len(chosen),
        BEYOND_LIMIT: len(candidates) - looked_at.total(),
    }
    return Mined(sorted(chosen, key=_by_place), left_out, blanked)


def find_documented(text: str, language: str) -> list[DocumentedDefinition]:
    """The functions and types of a file whose documentation begins with a sentence that can be asked."""
    root = parse(text, language)
    if root is None:
        return []
    lines = text.split("\n")
    row = get_language(language)
    comments = _comment_rows(root, lines)
    documented = []
    for name, node, outer in _definitions(root, row):
        start, end = _rows(node, outer, row)
        doc = _docstring(node, outer, language) or _comment_above(start, comments)
        if doc is None or not _is_alone(lines, doc[0], doc[1], comments):
            continue
        own = [number for number in range(start, end) if not doc[0] <= number < doc[1] and lines[number].strip()]
        n_code = sum(number not in comments for number in own)
        sentence = _without_name(first_sentence("\n".join(lines[doc[0] : doc[1]])), name)
        if sentence and n_code >= MIN_CODE_LINES and end - start <= MAX_CODE_LINES:
            documented.append(DocumentedDefinition(name, sentence, start, end, *doc))
    return documented


def first_sentence(raw: str) -> str:
    """The first sentence of a comment or docstring without marks; empty if it is no prose of 4 to 25 words."""
    text = _STRING_MARKS.sub("", _STRING_MARKS.sub("", raw.strip()))
    text = "\n".join(_LINE_MARKS.sub("", line).strip() for line in text.split("\n"))
    text = "\n".join("" if set(line) <= set("-=*#/~_+. ") else line for line in text.split("\n")).strip()
    text = _BRIEF.sub("", _TAG.sub(" ", _SEE.sub(r"\1", text)).strip())
    paragraph = _PARAGRAPH_END.split(text)[0]
    flat = _ROLE.sub(r"\1", " ".join(paragraph.split()))
    flat = _CROSS_REFERENCE.sub(lambda found: (found[1] or found[2] or "").strip(), flat)
    flat = re.sub(r"[`*]", "", flat)
    sentence = _SENTENCE_END.split(flat.strip())[0].strip()
    return sentence.rstrip(". ") if _is_prose(sentence) else ""


def blank_lines(text: str, start: int, end: int) -> str:
    """The text with lines [start, end), 0-based, emptied: no line changes its number."""
    lines = text.split("\n")
    return "\n".join("" if start <= number < end else line for number, line in enumerate(lines))


def _is_prose(text: str) -> bool:
    words = text.rstrip(".").split()
    n_letters = sum(char.isascii() and (char.isalpha() or char == " ") for char in text)
    return (
        MIN_WORDS <= len(words) <= MAX_WORDS
        and n_letters >= 0.85 * len(text)  # else it is a formula, a table, code or not English
        and text[0].isalpha()
        and not text.endswith((":", ",", ";", "{"))
        and not _NO_DESCRIPTION.search(text)
        and not re.search(r"[;{}=<>?]|\w\(\w", text)
    )


def _without_name(sentence: str, name: str) -> str:
    """Go says ``Open opens the gate``: the name in front is the answer, not the question."""
    first, _, rest = sentence.partition(" ")
    last = re.split(r"[.:#]+", name)[-1]
    if first.strip("(),:").rpartition(".")[2] != last:
        return sentence
    # `Close the gate` on Close() is an order, `Close closes it` and `CloseGate closes it` name what they describe.
    is_plain_word = re.fullmatch(r"[A-Z]?[a-z]+", last) is not None
    if is_plain_word and not re.match(r"\w+s\b|are\b|will\b|can\b", rest):
        return sentence
    rest = _LEADING_COPULA.sub("", rest.lstrip("-: "))
    return rest if len(rest.split()) >= MIN_WORDS else ""


def _definitions(root: Node, language: Language) -> Iterator[tuple[str, Node, Node]]:
    """Name and node of each function and type, and the node that holds it with its decorators; none in functions."""
    stack = [root]
    while stack:
        node = stack.pop()
        name, kind, inner = read_definition(node, language, in_function=False)
        if name and kind in _FUNCTIONS | _TYPES:
            yield name, inner, node
            if kind in _FUNCTIONS:
                continue
        stack.extend(reversed(inner.named_children if name else node.named_children))


def _rows(node: Node, outer: Node, language: Language) -> tuple[int, int]:
    """First row of a definition, with attributes that stand before it, and the row after its last."""
    start, last = outer.start_point.row, outer
    before = outer.prev_named_sibling
    while before is not None and before.type in _ATTRIBUTES and before.end_point.row >= start - 1:
        start, before = before.start_point.row, before.prev_named_sibling
    if language.name in ("haskell", "elixir"):  # a signature's or a clause's further equations belong to it
        name, after = read_definition(node, language, in_function=False)[0], outer.next_named_sibling
        while after is not None and read_definition(after, language, in_function=False)[0] == name:
            last, after = after, after.next_named_sibling
    end = last.end_point
    return start, end.row + (1 if end.column else 0)


def _docstring(node: Node, outer: Node, language: str) -> tuple[int, int] | None:
    """Rows of a docstring proper: Python's, and Elixir's ``@doc``."""
    if language == "python":
        body = node.child_by_field_name("body")
        first = next((child for child in body.named_children if child.type != "comment"), None) if body else None
        if first is not None and first.type == "string":
            return first.start_point.row, first.end_point.row + 1
        if first is not None and first.type == "expression_statement" and first.named_child_count == 1:
            string = first.named_children[0]
            if string.type == "string":
                return string.start_point.row, string.end_point.row + 1
    if language == "elixir":
        before = outer.prev_named_sibling
        while before is not None and before.type == "unary_operator":
            if re.match(rb"@doc\s+(?:~[sS])?\"", before.text or b""):
                return before.start_point.row, before.end_point.row + 1
            before = before.prev_named_sibling
    return None


def _comment_rows(root: Node, lines: Sequence[str]) -> frozenset[int]:
    """The rows that hold a comment and nothing else."""
    rows: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type not in _COMMENTS:
            stack.extend(node.children)
            continue
        start, end = node.start_point, node.end_point
        last = end.row if end.column else end.row - 1
        before = lines[start.row].encode("utf-8", "replace")[: start.column]
        after = lines[end.row].encode("utf-8", "replace")[end.column :] if end.column else b""
        if not before.strip() and not after.strip():
            rows.update(range(start.row, last + 1))
    return frozenset(rows)


def _comment_above(start: int, comments: frozenset[int]) -> tuple[int, int] | None:
    first = start
    while first - 1 in comments:
        first -= 1
    return (first, start) if first < start else None


def _is_alone(lines: Sequence[str], start: int, end: int, comments: frozenset[int]) -> bool:
    """Whether blanking the lines takes nothing but documentation."""
    if all(row in comments for row in range(start, end)):
        return True
    opens, closes = lines[start].strip(), lines[end - 1].strip()
    return bool(_STRING_MARKS.match(opens)) and bool(re.search(r"(?:\"\"\"|'''|\"|')$", closes))


def _without_marks(text: str) -> str:
    return _TAG.sub(" ", _SEE.sub(r"\1", text))


def _stems(sentence: str) -> frozenset[str]:
    return frozenset(word.rstrip("s")[:_STEM_CHARS] for word in words_of(sentence).split()) - _STOP_WORDS


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)


def _by_place(question: MinedQuestion) -> tuple[str, int]:
    place = question.relevant[0]
    return place.path, place.start_line or 0
