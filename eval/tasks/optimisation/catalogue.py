"""The slow functions: what makes each slow, the size at which it shows, and the library's helper that would do.

Each has a folder in ``items``: ``original.py`` is what the model is shown, ``best.py`` the best that we know,
``inputs.py`` makes arguments (``make(rng, n)``), names edge cases (``EDGES``) and, for what grows fast, LARGEST_TEST.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ITEMS = HERE / "items"
LIBRARY = HERE / "library"


@dataclass(frozen=True, slots=True)
class Item:
    """A slow function. ``name`` is the function's and its folder's; ``size`` is the ``n`` that it is measured at.

    ``helpers`` are definitions of the library, as "path::name", that give a fast way; empty where it has none.
    """

    name: str
    kind: str
    size: int
    helpers: tuple[str, ...] = ()

    def read(self, part: str) -> str:
        """The text of ``original``, ``best`` or ``inputs``."""
        return (ITEMS / self.name / f"{part}.py").read_text(encoding="utf-8")


CATALOGUE = (
    Item("pairs_with_sum", "pairs compared", 600),
    Item("first_repeated", "membership in a list", 450),
    Item("moving_totals", "recomputed", 3000),
    Item("count_ways", "recursion without memo", 42),
    Item("newest_first", "string building", 5000),
    Item("priced_orders", "look-up in a loop", 900),
    Item("kth_best_so_far", "needless sorting", 900),
    Item("edit_steps", "exponential recursion", 9),
    Item("serve_in_turns", "wrong data structure", 1500),
    Item("next_taller", "pairs compared", 1000),
    Item("steps_from", "look-up in a loop", 250),
    Item("anagram_groups", "pairs compared", 300),
    Item("primes_below", "naive search", 2000),
    Item("window_highs", "recomputed", 3000),
    Item("smallest_missing", "membership in a list", 1000),
    Item("cheapest_walk", "exponential recursion", 9),
    Item("ships_in_port", "interval search", 900, ("tidemark/spans.py::SpanBook",)),
    Item("cargo_between", "recomputed", 900, ("tidemark/totals.py::RunningTotal",)),
    Item("charter_cost", "recursion without memo", 24, ("tidemark/keeping.py::kept",)),
    Item("same_fleet", "graph searched again", 500, ("tidemark/fleets.py::Fleets",)),
    Item("names_starting", "naive search", 400, ("tidemark/prefixes.py::PrefixBook",)),
    Item("changing_levels", "recomputed", 8000, ("tidemark/totals.py::ShiftingTotal",)),
    Item("nearest_buoys", "naive search", 300, ("tidemark/ladder.py::Ladder",)),
    Item("lowest_water", "recomputed", 4000, ("tidemark/lows.py::LowBook",)),
    Item("cheapest_passages", "naive search", 120, ("tidemark/chart.py::Chart",)),
    Item("running_middle", "needless sorting", 1000, ("tidemark/middle.py::Middle",)),
    Item("order_of_loading", "graph searched again", 200, ("tidemark/ordering.py::in_order",)),
)
BY_NAME = {item.name: item for item in CATALOGUE}
