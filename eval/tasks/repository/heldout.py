"""What is indexed in place of a repository: for each case all of it but the function that is asked for, near-copies of
it, the files of the tests that decide, and the tests' data. Links are not in it, nor files that an index leaves out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence, Set
from pathlib import Path

from eval.cases import Span
from eval.tasks.python_source import is_test_file, parse_python, split_lines

from .copies import PrintIndex, ShapeMatcher, make_print, normalise, shape_of, shingles_of, tokens_of
from .definitions import Definitions
from .functions import find_functions_in
from .history import GitHistory
from .placing import STUB, body_of, cut_bodies, cut_functions
from .records import Function
from .tested import TestedRepository

# Raised when trees are made otherwise. A ref that hides more is another one, so that runs keep theirs; the versions of
# the tasks are raised then, so that reports tell such rows apart.
HELDOUT_VERSION = 4
_MIN_TEST_STATEMENTS = 3  # of a test whose copies elsewhere are looked for


class HeldOutRepository:
    """The tree as a git repository with a ref for each function: all of the repository but that one's body and tests.

    So a case's own answer cannot be found, and the bodies of the other cases can, whatever their number. It is written
    below ``folder``; ``find_tests`` gives the files of the tests that execute a function, ``test_files`` are all that
    belong to tests (None: told by their names).
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        folder: Path,
        find_tests: Callable[[Function], set[str]],
        test_files: Set[str] | None = None,
    ) -> None:
        self._texts, self._find_tests = texts, find_tests
        self._corpus = Corpus(texts, test_files)
        self._originals = Definitions(texts)
        self._history = GitHistory(folder / f"heldout-{HELDOUT_VERSION}-{_digest(texts)}", texts)
        self._notes: Counter[str] = Counter()

    @classmethod
    def of(cls, repository: TestedRepository) -> HeldOutRepository:
        """That of a repository whose tests were run: a test that executes the function counts, also if it fails.

        So do all files of tests that name the function: what could not be run or was skipped, what runs when a file is
        imported, and what was remembered from an earlier test, coverage does not tell. Which tests read a file of data
        is not known either, and it may hold what a function returns: all of them count.
        """
        texts, coverage = repository.checkout.texts, repository.coverage
        test_data = {path for path in repository.test_files if not path.endswith(".py")}
        tests = repository.test_files - test_data

        def find_tests(function: Function) -> set[str]:
            named = re.compile(rf"(?<!\w){re.escape(function.last_name)}(?!\w)")
            executing = {coverage.tests[name].path for name in coverage.covering.get(function.key, ())}
            executing |= set(coverage.sharing.get(function.key, ()))
            return executing | test_data | {path for path in tests if named.search(texts[path])}

        return cls(texts, repository.folder, find_tests, repository.test_files)

    @property
    def folder(self) -> Path:
        """The git repository."""
        return self._history.folder

    @property
    def notes(self) -> list[str]:
        """What was taken out so far, for the user."""
        said = ", ".join(f"{n:,} {what}" for what, n in self._notes.items())
        return [f"Each case has a tree of its own to search, without what gives it away; in all {said} are left out."]

    def hide(self, function: Function, shown: Container[int] = ()) -> tuple[str, list[Span]]:
        """The ref without the function, and the definitions that its body uses, as lines of that ref.

        ``shown`` are lines of the function's file, as it is, that the prompt has: nobody needs to find these.
        """
        texts, counts = self._corpus.without([function], self._find_tests(function))
        self._notes.update(counts)
        changed = {path: texts.get(path) for path, text in self._texts.items() if texts.get(path) != text}
        # Named by what is hidden too: other tests may execute the function the next time.
        name = f"case-{hashlib.sha256(function.key.encode()).hexdigest()[:12]}-{_digest(changed)}"
        ref = self._history.add(name, changed)
        of_changed = Definitions({path: text for path, text in changed.items() if text is not None})
        spans: list[Span] = []
        for use in self._originals.used_by(function, shown):
            span = (of_changed if use[0] in changed else self._originals).span_of(use)
            if span is not None:
                spans.append(span)
        return ref, spans


def _digest(texts: Mapping[str, str | None]) -> str:
    """Changes with the paths and their texts."""
    found = hashlib.sha256()
    for path, text in sorted(texts.items()):
        size = "gone" if text is None else str(len(text))
        found.update(f"{path}\0{size}\0{text or ''}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()[:8]


class Corpus:
    """The texts of a repository by path, with what is looked at for every function once.

    ``test_files`` are those that belong to tests, None where their names tell.
    """

    def __init__(self, texts: Mapping[str, str], test_files: Set[str] | None = None) -> None:
        self._texts = texts
        self._functions = {path: find_functions_in(path, text) for path, text in texts.items() if path.endswith(".py")}
        bodies = {
            (path, function.start_line): body_of(texts[path], function)
            for path, functions in self._functions.items()
            for function in functions
        }
        self._shingles = {place: shingles_of(body) for place, body in bodies.items()}
        self._shapes = {place: shape_of(body) for place, body in bodies.items()}
        self._bodies = {place: tokens_of(body) for place, body in bodies.items()}
        of_tests = test_files if test_files is not None else set(filter(is_test_file, texts))
        self._of_tests = {path: shingles_of(texts[path]) for path in of_tests}
        self._lines = {path: frozenset(map(normalise, text.splitlines())) for path, text in texts.items()}

    def without(self, hidden: Sequence[Function], test_files: set[str]) -> tuple[dict[str, str], Counter[str]]:
        """The texts without the functions and their near-copies, and how much was taken out, by what it was.

        ``test_files`` are left out, as are their near-copies.
        """
        texts = self._texts
        tests = [function for path in sorted(test_files & texts.keys()) for function in self._functions.get(path, ())]
        prints = [make_print(f.key, body_of(texts[f.path], f)) for f in hidden]
        of_tests = [
            make_print(f.key, body_of(texts[f.path], f)) for f in tests if f.n_statements >= _MIN_TEST_STATEMENTS
        ]
        index = PrintIndex([*prints, *of_tests])
        matchers = [ShapeMatcher(body_of(texts[f.path], f)) for f in hidden]
        bodies = {(f.last_name, tokens_of(body_of(texts[f.path], f))) for f in hidden}
        telling = frozenset(line for each in index.prints for line in each.lines)
        whole_tests = PrintIndex([make_print(path, texts[path]) for path in sorted(test_files & texts.keys())])
        counts = Counter({"functions": len(hidden), "files of tests and their data": len(test_files & texts.keys())})
        kept: dict[str, str] = {}
        for path, text in texts.items():
            if path in test_files or path.rpartition("/")[2] == ".gitignore":  # it might hide files of the tree
                continue
            if path in self._of_tests and whole_tests.copied_by(self._of_tests[path]) is not None:
                counts["copies of tests"] += 1
                continue
            own = [function for function in hidden if function.path == path]
            copies = self._copies(path, index, matchers, bodies, own)
            counts["near-copies of functions"] += len(copies)
            cut = cut_functions(text, [*own, *copies])
            if not telling.isdisjoint(self._lines[path]):
                cut, n_cut = _cut_passages(path, cut, index)
                counts["passages that repeat one"] += n_cut
            if cut.strip():
                kept[path] = cut
        return kept, counts

    def _copies(
        self,
        path: str,
        index: PrintIndex,
        matchers: Sequence[ShapeMatcher],
        bodies: Container[tuple[str, tuple[str, ...]]],
        own: Sequence[Function],
    ) -> list[Function]:
        """The near-copies in a file. ``bodies``: name and tokens of what is hidden, however short."""
        is_test = path in self._of_tests  # tests have few shapes: their names are what differs
        copies = []
        for function in self._functions.get(path, ()):
            place = (path, function.start_line)
            if any(f.start_line <= function.start_line and function.end_line <= f.end_line for f in own):
                continue
            if (
                index.copied_by(self._shingles[place]) is not None
                or (function.last_name, self._bodies[place]) in bodies
                or (not is_test and any(matcher.matches(self._shapes[place]) for matcher in matchers))
            ):
                copies.append(function)
        return copies


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
