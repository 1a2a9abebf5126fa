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

from eval.tasks.excerpts import find_function, parse_file

from .operators import KINDS, find_edits
from .scope import Edit, Scope

MUTATION_VERSION = 1  # raised when the same function gives other mutations

_N_OF_KIND = 6  # of one function: more are never needed, and each is parsed


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted bug. ``text`` is the whole file with it; ``line`` is where it is, in that file and the original.

    ``before`` is the text that was replaced, which began at byte ``start``, and ``after`` what stands there now.
    """

    kind: str
    line: int
    start: int
    before: str
    after: str
    text: str


def find_mutations(text: str, start_line: int, seed: str) -> list[Mutation]:
    """Mutations of the function that starts on a line of a file, some of each kind; none if the file does not parse.

    Kinds take turns, in an order that ``seed`` decides, and so do the places within a kind. Each one parses, and is
    another program than the original.
    """
    tree = parse_file(text)
    found = find_function(tree, start_line) if tree is not None else None
    if tree is None or found is None:
        return []
    original = ast.dump(tree)
    encoded = text.encode()
    starts = _line_starts(encoded)
    edits: dict[str, list[Edit]] = defaultdict(list)
    for edit in find_edits(Scope(encoded, starts, found.node, found.owners[-1] if found.owners else None)):
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
        return Mutation(edit.kind, line, edit.start, before.decode(), edit.text, changed.decode())
    except UnicodeDecodeError:
        return None


def _is_other_program(text: str, original: str) -> bool:
    tree = parse_file(text)
    if tree is None or ast.dump(tree) == original:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "mutated", "exec", dont_inherit=True)  # sees what the parser lets pass, such as a lost loop
    except (SyntaxError, ValueError):
        return False
    return True


def _line_starts(encoded: bytes) -> list[int]:
    """Where each line begins, in bytes, as ``ast`` counts lines."""
    starts = [0]
    for line in encoded.splitlines(keepends=True):  # of bytes: at \n, \r and \r\n only
        starts.append(starts[-1] + len(line))
    return starts
