"""Makes ``generated.json``: for each problem some random calls, with what the reference makes of them.

`python -m eval.tasks.generation.generated` writes it anew. It runs our own references, never a model's code.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .catalogue import GENERATED, LIBRARY_FOLDER, Check, Problem, read_problems, write_check

N_GENERATED = 8


def random_arguments(problem: Problem, number: int) -> list[Any]:
    """Arguments for one call, the same each time for the same number."""
    rng = random.Random(f"{problem.id}:{number}")

    def word(letters: str, shortest: int, longest: int) -> str:
        return "".join(rng.choice(letters) for _ in range(rng.randint(shortest, longest)))

    def numbers(lowest: int, highest: int, shortest: int, longest: int) -> list[int]:
        return [rng.randint(lowest, highest) for _ in range(rng.randint(shortest, longest))]

    def clock() -> str:
        return f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"

    names = {"rng": rng, "word": word, "numbers": numbers, "clock": clock}
    made = eval(problem.inputs.strip(), names)  # an expression of our own, from the problem's file
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


@contextmanager
def library_at_hand() -> Iterator[None]:
    """The house library can be imported meanwhile."""
    sys.path.insert(0, str(LIBRARY_FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(LIBRARY_FOLDER))


def load_function(source: str, name: str) -> Callable[..., Any]:
    """The function of that name out of our own source text."""
    namespace: dict[str, Any] = {"__name__": "reference"}
    exec(source, namespace)
    return namespace[name]  # type: ignore[no-any-return]


def outcome_of(function: Callable[..., Any], arguments: list[Any]) -> Check:
    """What the call gives or raises, as a check."""
    try:
        return Check(arguments, json.loads(json.dumps(function(*json.loads(json.dumps(arguments))))))
    except Exception as error:
        return Check(arguments, raises=type(error).__name__)


def generate(problem: Problem) -> list[str]:
    """The lines of a problem's generated checks, without those that are written by hand or come twice."""
    function = load_function(problem.reference, problem.name)
    known = {write_check(check) for check in problem.checks}
    lines: list[str] = []
    for number in range(10 * N_GENERATED):
        line = write_check(outcome_of(function, random_arguments(problem, number)))
        if line not in known and len(lines) < N_GENERATED:
            lines.append(line)
            known.add(line)
    return lines


def main() -> None:
    """Write the file."""
    with library_at_hand():
        generated = {problem.id: generate(problem) for problem in read_problems({})}
    GENERATED.write_text(json.dumps(generated, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
