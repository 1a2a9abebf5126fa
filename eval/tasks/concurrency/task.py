"""The task ``concurrency``: its cases, and the tree of the made-up library that holds helpers for some of them."""

from __future__ import annotations

from eval.cases import Case
from eval.tasks.base import Harvest, Scorer, Task, TaskInput, sandbox_of
from eval.tasks.libraries import find_span, harvest_items

from .catalogue import CATALOGUE, LIBRARY, Program
from .scoring import ConcurrencyScorer

PROMPT = """\
The Python program below has one or more bugs of concurrency.

What was noticed: {symptom}

```python
{code}```

Correct it. Keep the names and parameters of its classes, functions and public attributes: other code uses them. The \
standard library and this codebase's own package `quayside` can be imported. Answer with the whole corrected program.
"""


class ConcurrencyTask:
    """Programs of ours with planted bugs; for a part of them the library has a primitive that repairs them."""

    name = "concurrency"
    version = 3
    description = "programs of tasks and threads with planted bugs repaired: tests under many schedules decide"
    needs_repository = False
    runs_code = True
    max_tokens = 900
    default_limit = len(CATALOGUE)

    def harvest(self, given: TaskInput) -> Harvest:
        """The cases, by the seed. ``tree`` is the library."""
        return harvest_items(given, CATALOGUE, LIBRARY, make_case, "programs with planted bugs")

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs answers. Raises SandboxMissing."""
        return ConcurrencyScorer(sandbox_of(given), given.folder / "runs")


def make_case(program: Program) -> Case:
    """The question about one program. It is searched for by what was noticed."""
    return Case(
        id=f"concurrency-{program.name}",
        task="concurrency",
        kind=program.kind,
        path=f"{program.name}.py",
        prompt=PROMPT.format(symptom=program.symptom, code=program.read("planted")),
        query=f"{program.kind}: {program.symptom}",
        sources=[find_span(LIBRARY, helper) for helper in program.helpers],
        language="python",
        data={"program": program.name},
    )


TASK: Task = ConcurrencyTask()
