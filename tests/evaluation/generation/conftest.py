"""The problems, and the house library at hand for our own references."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eval.tasks.generation.catalogue import Problem, load_problems
from eval.tasks.generation.generated import library_at_hand


@pytest.fixture(scope="session")
def problems() -> dict[str, Problem]:
    """All problems by id."""
    return {problem.id: problem for problem in load_problems()}


@pytest.fixture
def library() -> Iterator[None]:
    """The house library can be imported."""
    with library_at_hand():
        yield
