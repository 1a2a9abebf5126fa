"""The task ``optimisation``: its cases, and the tree of the made-up library that holds helpers for some of them."""

from __future__ import annotations

import ast

from eval.cases import Case
from eval.tasks.base import Harvest, Scorer, Task, TaskInput, sandbox_of
from eval.tasks.libraries import find_span, harvest_items

from .catalogue import CATALOGUE, LIBRARY, Item
from .scoring import OptimisationScorer

PROMPT = """\
This function is correct, but far too slow on large inputs:

```python
{code}```

Write a faster `{name}`: another algorithm or data structure that does much less work, not the same code again. It \
must behave exactly the same: the same name and parameters, the same results and errors, its arguments left as they \
are. The standard library and this codebase's own package `tidemark` can be imported.
"""


class OptimisationTask:
    """Slow functions of ours; for a part of them the library has a helper that makes them fast."""

    name = "optimisation"
    version = 3
    description = "correct but slow functions made faster: right first, then by counted work and time"
    needs_repository = False
    runs_code = True
    max_tokens = 512
    default_limit = len(CATALOGUE)

    def harvest(self, given: TaskInput) -> Harvest:
        """The cases, by the seed. ``tree`` is the library."""
        return harvest_items(given, CATALOGUE, LIBRARY, make_case, "slow functions")

    def scorer(self, given: TaskInput, harvest: Harvest) -> Scorer:
        """Runs answers. Raises SandboxMissing."""
        return OptimisationScorer(sandbox_of(given), given.folder / "runs")


def make_case(item: Item) -> Case:
    """The question about one function. It is searched for by what the function says that it does."""
    code = item.read("original")
    function = next(node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef))
    return Case(
        id=f"optimisation-{item.name}",
        task="optimisation",
        kind=item.kind,
        path=f"{item.name}.py",
        prompt=PROMPT.format(code=code, name=item.name),
        query=ast.get_docstring(function) or item.name,
        sources=[find_span(LIBRARY, helper) for helper in item.helpers],
        language="python",
        data={"item": item.name},
    )


TASK: Task = OptimisationTask()
