"""The tree that is indexed: the repository without the bodies that are asked for, their copies and their tests.

All cases of a harvest share one tree, in which all their bodies are missing: what helps one case may be the head of
another's function, without its body. Links, and files that the index would leave out, are not in it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.cases import Span

from .copies import PrintIndex, make_print, shingles_of
from .definitions import Definitions
from .functions import find_functions_in, is_test_file, parse_python, split_lines
from .placing import STUB, body_of, cut_bodies
from .records import Function
from .tested import TestedRepository

HELDOUT_VERSION = 1  # raised when the same functions give another tree
_MIN_TEST_STATEMENTS = 3  # of a test whose copies elsewhere are looked for


@dataclass(frozen=True, slots=True)
class HeldOut:
    """``tree`` is the folder to index; ``notes`` say what was taken out of it."""

    tree: Path
    notes: Sequence[str]
    definitions: Definitions  # of the tree
    originals: Definitions

    def sources_of(self, function: Function) -> list[Span]:
        """The repository's definitions that the original body uses, as lines of the tree, in order of first use."""
        spans = [self.definitions.span_of(use) for use in self.originals.used_by(function)]
        return [span for span in spans if span is not None]


def build_tree(repository: TestedRepository, hidden: Sequence[Function]) -> HeldOut:
    """Write the tree without the bodies of ``hidden`` below the repository's folder, unless it is there."""
    digest = hashlib.sha256("\n".join([str(HELDOUT_VERSION), *sorted(f.key for f in hidden)]).encode()).hexdigest()
    target = repository.folder / "trees" / digest[:16]
    texts, notes = hold_out(repository.checkout.texts, hidden, _deciding_files(repository, hidden))
    if not target.is_dir():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for path, text in texts.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_bytes(text.encode("utf-8", "surrogateescape"))
        part.rename(target)
    return HeldOut(target, notes, Definitions(texts), Definitions(repository.checkout.texts))


def _deciding_files(repository: TestedRepository, hidden: Sequence[Function]) -> set[str]:
    """Files with a test that executes one of the functions, whether it is among those that are run or not."""
    covering = repository.coverage.covering
    return {repository.coverage.tests[name].path for function in hidden for name in covering.get(function.key, ())}


def hold_out(
    texts: Mapping[str, str], hidden: Sequence[Function], test_files: set[str]
) -> tuple[dict[str, str], list[str]]:
    """The files of the tree by path, and notes. ``test_files`` are left out, as are their near-copies."""
    tests = [
        function for path in sorted(test_files & texts.keys()) for function in find_functions_in(path, texts[path])
    ]
    prints = [make_print(f.key, body_of(texts[f.path], f)) for f in hidden]
    of_tests = [make_print(f.key, body_of(texts[f.path], f)) for f in tests if f.n_statements >= _MIN_TEST_STATEMENTS]
    index = PrintIndex([*prints, *of_tests])
    whole_tests = PrintIndex([make_print(path, texts[path]) for path in sorted(test_files & texts.keys())])
    by_path: dict[str, list[Function]] = defaultdict(list)
    for function in hidden:
        by_path[function.path].append(function)
    kept: dict[str, str] = {}
    n_copies, n_passages, n_test_copies = 0, 0, 0
    for path, text in texts.items():
        if path in test_files or path.rpartition("/")[2] == ".gitignore":  # it might hide files of the tree
            continue
        if is_test_file(path) and whole_tests.copied_by(shingles_of(text)) is not None:
            n_test_copies += 1
            continue
        own = by_path.get(path, [])
        functions = find_functions_in(path, text) if path.endswith(".py") else []
        own_keys = {function.key for function in own}
        own_lines = {function.start_line for function in own}
        copies = [
            function
            for function in functions
            if function.start_line not in own_lines
            and function.head_end_line < function.body_start_line <= function.end_line
            and index.copied_by(shingles_of(body_of(text, function))) is not None
        ]
        n_copies += len(copies)
        assert own_keys <= {function.key for function in functions}
        cut = cut_bodies(text, [*own, *copies])
        cut, n_cut = _cut_passages(path, cut, index)
        n_passages += n_cut
        if cut.strip():
            kept[path] = cut
    n_test_files = len(test_files & texts.keys())
    notes = [
        f"{len(hidden)} bodies and the {n_test_files} files of tests that execute them are hidden from the index, and "
        f"{n_copies} near-copies of functions, {n_passages} passages that repeat one, {n_test_copies} copies of tests."
    ]
    return kept, notes


def _cut_passages(path: str, text: str, index: PrintIndex) -> tuple[str, int]:
    """The text without passages that repeat a body. Python stays Python: else the function around goes."""
    n_cut = 0
    while True:
        lines = split_lines(text)
        passages = index.passages_in(lines)
        if not passages:
            return text, n_cut
        first, last, _ = passages[0]
        shorter = _without(lines, first, last)
        if path.endswith(".py") and parse_python(text) is not None and parse_python(shorter) is None:
            around = [
                function
                for function in find_functions_in(path, text)
                if function.start_line <= last and function.end_line >= first
                and function.head_end_line < function.body_start_line <= function.end_line
            ]  # fmt: skip
            if around and around[0].body_start_line <= last:
                shorter = cut_bodies(text, around)
        text = shorter if len(shorter) < len(text) else "".join([*lines[: first - 1], *lines[last:]])
        n_cut += 1


def _without(lines: Sequence[str], first: int, last: int) -> str:
    line = lines[first - 1]
    indent = line[: len(line) - len(line.lstrip())]
    return "".join([*lines[: first - 1], f"{indent}{STUB}\n", *lines[last:]])
