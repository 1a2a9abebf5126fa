"""Bugs that are planted in a Python function: small edits by position, all else of the source as it was.

What the edits are is in ``operators``. Whether one is a bug is decided by tests, not here.
"""

from __future__ import annotations

import ast
import random
import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .operators import KINDS, find_edits
from .scope import Edit, FunctionNode, Scope

MUTATION_VERSION = 1  # raised when the same function gives other mutations

_N_OF_KIND = 6  # of one function: more are never needed, and each is parsed


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted bug. ``text`` is the whole file with it; ``line`` is where it is, in that file and the original.

    ``before`` and ``after`` are the text that was replaced and what stands there now.
    """

    kind: str
    line: int
    before: str
    after: str
    text: str


def find_function(tree: ast.Module, start_line: int) -> tuple[FunctionNode, ast.ClassDef | None] | None:
    """The function whose ``def``, or first decorator, is on a line, with the class around it; None if none is."""
    pending: list[tuple[ast.AST, ast.ClassDef | None]] = [(tree, None)]
    while pending:
        node, owner = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                if start_line in (child.lineno, first):
                    return child, owner
            pending.append((child, child if isinstance(child, ast.ClassDef) else owner))
    return None


def find_mutations(text: str, start_line: int, seed: str) -> list[Mutation]:
    """Mutations of the function that starts on a line of a file, some of each kind; none if the file does not parse.

    Kinds take turns, in an order that ``seed`` decides, and so do the places within a kind. Each one parses, and is
    another program than the original.
    """
    tree = _parse(text)
    found = find_function(tree, start_line) if tree is not None else None
    if tree is None or found is None:
        return []
    function, owner = found
    original = ast.dump(tree)
    encoded = text.encode()
    starts = _line_starts(encoded)
    edits: dict[str, list[Edit]] = defaultdict(list)
    for edit in find_edits(Scope(encoded, starts, function, owner)):
        edits[edit.kind].append(edit)
    chance = random.Random(seed)
    kinds = [kind for kind in KINDS if kind in edits]
    chance.shuffle(kinds)
    by_kind: dict[str, list[Mutation]] = {}
    for kind in kinds:
        chance.shuffle(edits[kind])
        chosen = [_apply(encoded, starts, edit) for edit in edits[kind][:_N_OF_KIND]]
        by_kind[kind] = [mutation for mutation in chosen if mutation and _is_other_program(mutation.text, original)]
    turns = max((len(mutations) for mutations in by_kind.values()), default=0)
    return [by_kind[kind][turn] for turn in range(turns) for kind in kinds if turn < len(by_kind[kind])]


def _apply(encoded: bytes, starts: Sequence[int], edit: Edit) -> Mutation | None:
    """The file with an edit; None where it cuts through a character, which no position of a node does."""
    before = encoded[edit.start : edit.end]
    changed = encoded[: edit.start] + edit.text.encode() + encoded[edit.end :]
    line = sum(1 for start in starts if start <= edit.start)
    try:
        return Mutation(edit.kind, line, before.decode(), edit.text, changed.decode())
    except UnicodeDecodeError:
        return None


def _is_other_program(text: str, original: str) -> bool:
    tree = _parse(text)
    if tree is None or ast.dump(tree) == original:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "mutated", "exec", dont_inherit=True)  # sees what the parser lets pass, such as a lost loop
    except (SyntaxError, ValueError):
        return False
    return True


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's invalid escapes
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _line_starts(encoded: bytes) -> list[int]:
    """Where each line begins, in bytes, as ``ast`` counts lines."""
    starts = [0]
    for line in encoded.splitlines(keepends=True):  # of bytes: at \n, \r and \r\n only
        starts.append(starts[-1] + len(line))
    return starts
