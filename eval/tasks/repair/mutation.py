"""Bugs that are planted in a Python function: small edits by position, all else of the source as it was.

What the edits are is in ``operators``. Whether one is a bug is decided by tests, not here.
"""

from __future__ import annotations

import ast
import random
import textwrap
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from eval.tasks.excerpts import FoundFunction, find_function
from eval.tasks.ordering import take_turns
from eval.tasks.python_source import parse_python

from .operators import KINDS, find_edits
from .scope import Edit, Scope

MUTATION_VERSION = 1  # raised when the same function gives other mutations

_N_OF_KIND = 4  # of one function: more are never needed, and each is parsed


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted bug. ``line`` is where it is in the file.

    ``before`` is the text that is replaced, which begins at byte ``start`` of the file, and ``after`` what stands there
    then.
    """

    kind: str
    line: int
    start: int
    before: str
    after: str

    def apply(self, text: str) -> str:
        """The file with the bug, from the file without."""
        encoded = text.encode()
        end = self.start + len(self.before.encode())
        return (encoded[: self.start] + self.after.encode() + encoded[end:]).decode()


def find_mutations(text: str, start_line: int, seed: str, tree: ast.Module | None = None) -> list[Mutation]:
    """Mutations of the function that starts on a line of a file, some of each kind; none if the file does not parse.

    Kinds take turns, in an order that ``seed`` decides, and so do the places within a kind. Each one parses, and is
    another program than the original. ``tree`` is the file's, for who has it.
    """
    tree = tree or parse_python(text)
    found = find_function(tree, start_line) if tree is not None else None
    if found is None:
        return []
    encoded = text.encode()
    starts = _line_starts(encoded)
    scope = Scope(encoded, starts, found.node, found.owners[-1] if found.owners else None)
    edits: dict[str, list[Edit]] = defaultdict(list)
    seen: set[tuple[int, int, str]] = set()
    for edit in find_edits(scope):
        if (edit.start, edit.end, edit.text) not in seen:  # as two kinds may have it
            seen.add((edit.start, edit.end, edit.text))
            edits[edit.kind].append(edit)
    check = _Check(encoded, starts, found)
    chance = random.Random(seed)
    kinds = [kind for kind in KINDS if kind in edits]
    chance.shuffle(kinds)
    by_kind: list[list[Mutation]] = []
    for kind in kinds:
        chance.shuffle(edits[kind])
        by_kind.append(
            [
                Mutation(kind, check.line_of(edit), edit.start, encoded[edit.start : edit.end].decode(), edit.text)
                for edit in edits[kind][:_N_OF_KIND]
                if check.is_another_program(edit)
            ]
        )
    return list(take_turns(by_kind))


class _Check:
    """Looks at a function alone, whatever the size of its file."""

    def __init__(self, encoded: bytes, starts: Sequence[int], found: FoundFunction) -> None:
        self._encoded, self._starts = encoded, starts
        self._first = starts[found.first_line - 1]
        self._last = starts[min(found.node.end_lineno or found.node.lineno, len(starts) - 1)]
        original = self._parse(encoded[self._first : self._last])
        self._original = ast.dump(original) if original is not None else ""

    def line_of(self, edit: Edit) -> int:
        """The line of the file in which an edit begins."""
        return sum(1 for start in self._starts if start <= edit.start)

    def is_another_program(self, edit: Edit) -> bool:
        """Whether the function still compiles, and does not mean the same."""
        before = self._encoded[self._first : edit.start]
        tree = self._parse(before + edit.text.encode() + self._encoded[edit.end : self._last])
        if tree is None or not self._original or ast.dump(tree) == self._original:
            return False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(tree, "mutated", "exec", dont_inherit=True)  # sees what the parser lets pass: a lost loop
        except (SyntaxError, ValueError):
            return False
        return True

    def _parse(self, lines: bytes) -> ast.Module | None:
        """The tree of a function's lines; those of a method stand below an ``if``."""
        text = lines.decode()
        indented = text[:1].isspace()
        return parse_python(f"if True:\n{text}" if indented else text) or parse_python(textwrap.dedent(text))


def _line_starts(encoded: bytes) -> list[int]:
    """Where each line begins, in bytes, as ``ast`` counts lines."""
    starts = [0]
    for line in encoded.splitlines(keepends=True):  # of bytes: at \n, \r and \r\n only
        starts.append(starts[-1] + len(line))
    return starts
