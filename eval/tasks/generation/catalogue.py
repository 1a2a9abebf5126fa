"""The problems as records, read from ``problems/*.toml``; the cases that were generated, from ``generated.json``.

A case is a line ``[arguments] => result``, both JSON, or ``[arguments] => !Name`` where that error is raised.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError
from eval.files import read_kept

_FOLDER = Path(__file__).parent
LIBRARY = "saltquay"
LIBRARY_FOLDER = _FOLDER / "library"
GENERATED = _FOLDER / "generated.json"
N_EXAMPLES = 2  # cases that stand in the prompt of a self-contained problem; the others decide unseen


@dataclass(frozen=True, slots=True)
class Check:
    """A call and what must come of it: a result, or an error whose class or a class above it has that name."""

    arguments: Sequence[Any]
    expected: Any = None
    raises: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A function to be written. Types are ``int``, ``string``, ``bool``, ``list[T]`` and ``map[string,T]``.

    ``checks`` were written by hand, of which the first may be shown; ``generated`` are the reference's. ``languages``
    are those beside Python. ``brute`` does the same in another way; ``inputs`` is an expression for random arguments.
    ``without_regex``: the statement forbids libraries of regular expressions, so that an answer with one is wrong.
    """

    id: str
    kind: str
    name: str
    parameters: Sequence[tuple[str, str]]
    returns: str
    statement: str
    languages: Sequence[str]
    checks: Sequence[Check]
    generated: Sequence[Check]
    reference: str
    brute: str
    inputs: str
    without_regex: bool = False

    @property
    def uses_library(self) -> bool:
        """Whether the house library is needed."""
        return self.kind == "library"

    @property
    def examples(self) -> Sequence[Check]:
        """The checks that are shown: none where a library decides, since they would give its conventions away."""
        return () if self.uses_library else self.checks[:N_EXAMPLES]

    @property
    def deciding(self) -> Sequence[Check]:
        """The checks that decide: all, those that are shown among them."""
        return (*self.checks, *self.generated)


@cache
def load_problems() -> tuple[Problem, ...]:
    """All problems with all that decides them, by file and in the order of each. Raises EvaluationError."""
    generated = read_kept(GENERATED) or {}
    problems = read_problems(generated)
    without = [problem.id for problem in problems if not problem.generated]
    if without:
        raise EvaluationError(
            f"{GENERATED} is missing, damaged, or has no checks of {without[0]}: install Quarry again, or after a "
            "change of the problems run `python -m eval.tasks.generation.generated`."
        )
    return tuple(problems)


def read_problems(generated: Mapping[str, Sequence[str]]) -> list[Problem]:
    """The problems as they were written by hand, with the lines of generated checks that are given."""
    return [
        _read_problem(row, generated.get(row["id"], ()))
        for path in sorted((_FOLDER / "problems").glob("*.toml"))
        for row in tomllib.loads(path.read_text(encoding="utf-8"))["problem"]
    ]


@cache
def library_files() -> dict[str, str]:
    """The house library's modules: paths such as ``saltquay/money.py``, and their texts."""
    paths = sorted((LIBRARY_FOLDER / LIBRARY).glob("*.py"))
    return {path.relative_to(LIBRARY_FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def read_check(line: str) -> Check:
    """The check that a line says."""
    arguments, end = json.JSONDecoder().raw_decode(line)
    expected = line[end:].removeprefix(" => ")
    if expected.startswith("!"):
        return Check(arguments, raises=expected[1:])
    return Check(arguments, json.loads(expected))


def write_check(check: Check) -> str:
    """The line of a check."""
    expected = f"!{check.raises}" if check.raises else json.dumps(check.expected)
    return f"{json.dumps(list(check.arguments))} => {expected}"


def _read_problem(row: dict[str, Any], generated: Sequence[str]) -> Problem:
    parameters, _, returns = row["signature"].rpartition("->")
    return Problem(
        id=row["id"],
        kind=row.get("kind", "plain"),
        name=row["name"],
        parameters=[_read_parameter(each) for each in _split_outside(parameters)],
        returns=returns.strip(),
        statement=row["statement"].strip(),
        languages=row.get("languages", ()),
        checks=[read_check(line) for line in row["cases"].strip().splitlines()],
        generated=[read_check(line) for line in generated],
        reference=row["reference"].lstrip("\n"),
        brute=row.get("brute", "").lstrip("\n"),
        inputs=row["inputs"],
        without_regex=row.get("without_regex", False),
    )


def _read_parameter(text: str) -> tuple[str, str]:
    name, _, kind = text.partition(":")
    return name.strip(), kind.strip()


def _split_outside(text: str) -> list[str]:
    """Parts between commas that are in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return parts
