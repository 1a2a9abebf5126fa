"""Cases that have each a tree of their own to search: every arm reads that of the case it asks about, and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eval.arms import BASES
from eval.cases import PLACEBO_TARGET, Case, Result, Span
from eval.running.logs import read_run
from eval.tasks.base import Harvest
from eval.tasks.repository.history import GitHistory

BODIES = {"rose": "7919", "oak": "6131", "elm": "5417"}  # what tells a body, by whose it is
SEARCHING = ("retrieval", "dense", "lexical", "fused")
_N_LINES = 7  # of a body: what stands behind it has other lines where it is missing
_N_COPIES = 8


def write_module(name: str, next_name: str, has_body: bool) -> str:
    """A function, whose body may be missing, and one that it uses, right behind it."""
    lines = [f"    step_{n} = count * {BODIES[name]}" for n in range(_N_LINES - 1)] + ["    return step_0"]
    body = "\n".join(lines) if has_body else "    ..."
    head = f'def size_{name}(count):\n    """Pots for the {name}, beside those of size_{next_name}."""\n'
    return f"{head}{body}\n\n\ndef pot_{name}(value):\n    return value\n"


def write_copy(number: int, name: str, has_body: bool) -> str:
    """A near-copy of a body under another name, which nobody finds who looks for the function."""
    body = f"number * {BODIES[name]}" if has_body else "..."
    return f"def part_{number}(number):\n    return {body}\n"


def write_files(hidden: str = "") -> dict[str, str]:
    """The repository, without the body of the ``hidden`` and its copies."""
    names = list(BODIES)
    files = {f"{name}.py": write_module(name, names[n - 2], name != hidden) for n, name in enumerate(names)}
    for number in range(_N_COPIES * len(names)):
        name = names[number % len(names)]
        files[f"far/part_{number}.py"] = write_copy(number, name, name != hidden)
    return files


@pytest.fixture
def results(
    bench: Any, task: Any, new_case: Callable[..., Case], make_provider: Any, tmp_path: Path
) -> dict[str, dict[str, Result]]:
    """By arm and by the name that the case is about, after a run of all arms in which nothing failed."""
    history = GitHistory(tmp_path / "tree", write_files())
    cases = []
    for name in BODIES:
        files = write_files(name)
        head, _, behind = files[f"{name}.py"].partition("    ...")
        line = (head + behind[: behind.index("def")]).count("\n") + 1
        fields = {"path": f"{name}.py", "prompt": f"Write size_{name}.", "query": head}
        fields |= {"sources": [Span(f"{name}.py", line, line + 1)], "ref": history.add(f"case-{name}", files)}
        cases.append(new_case(len(cases) + 1, name, id=name, **fields))
    task.runs_code = True
    task.harvest = lambda given: Harvest(cases, history.folder)
    bench.run(make_provider(lambda messages: "10"), ",".join(BASES), unsafe=True)
    found: dict[str, dict[str, Result]] = {arm: {} for arm in BASES}
    for result in read_run(bench.out)[1]:
        assert result.score.verdict != "error", result.score.explanation
        found[result.arm][result.case_id] = result
    assert all(list(of_arm) == list(BODIES) for of_arm in found.values())
    return found


def prompt_of(result: Result) -> str:
    """All that the model was sent."""
    return "\n".join(str(message["content"]) for message in result.attempts[0].messages)


def test_every_arm_reads_the_tree_of_its_own_case(results: dict[str, dict[str, Result]]) -> None:
    """The body that is asked for is in no prompt of any arm; where it is not asked for it is there, and found."""
    prompts = {arm: {name: prompt_of(each) for name, each in of_arm.items()} for arm, of_arm in results.items()}
    for arm, of_arm in prompts.items():
        assert not [name for name, prompt in of_arm.items() if BODIES[name] in prompt], f"{arm} gives bodies away"
        assert all(("=====CODE=====" in prompt) == (arm != "none") for prompt in of_arm.values())
    for arm in SEARCHING:
        assert all(any(body in prompt for body in BODIES.values()) for prompt in prompts[arm].values()), arm
    assert any(body in prompt for prompt in prompts["placebo"].values() for body in BODIES.values())
    assert all(f"def pot_{name}" in prompt for name, prompt in prompts["oracle"].items())
    for name, placebo in results["placebo"].items():  # as long as what is found in that very tree
        assert placebo.extra[PLACEBO_TARGET] == results["retrieval"][name].context_tokens
