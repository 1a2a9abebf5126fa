"""The lists that candidates come from."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.signals import search_meaning


@pytest.mark.parametrize("n_chunks", [1, 63, 200, 20_000])
@pytest.mark.parametrize("n", [1, 10, 200])
def test_the_nearest_chunks_are_those_of_a_full_sort(n_chunks: int, n: int) -> None:
    """Looking at blocks first leaves nothing out, whatever the size, and equal cosines stay in their order."""
    cosines = np.random.default_rng(n_chunks).normal(size=n_chunks).round(2).astype(np.float32)
    assert search_meaning(cosines, n).tolist() == np.argsort(-cosines, kind="stable")[:n].tolist()
