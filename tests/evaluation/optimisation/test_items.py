"""Every slow function: the original is right and no faster, our best is, and what is fast and wrong is wrong."""

from __future__ import annotations

import ast

import pytest

from eval.tasks.libraries import find_span
from eval.tasks.optimisation.catalogue import CATALOGUE, ITEMS, LIBRARY, Item
from eval.tasks.optimisation.scoring import OptimisationScorer

# Fast and wrong, each in a way that one could overlook.
WRONG = {
    "pairs_with_sum": """
def pairs_with_sum(numbers, target):
    seen = set(numbers)
    return sum(target - number in seen for number in numbers) // 2
""",
    "first_repeated": """
def first_repeated(words):
    seen = set()
    for word in words:
        if word in seen:
            return word
        seen.add(word)
""",
    "moving_totals": """
def moving_totals(values, width):
    total = sum(values[:width])
    totals = [total]
    for old, new in zip(values, values[width:]):
        total += new - old
        totals.append(total)
    return totals
""",
    "count_ways": """
def count_ways(amount, coins):
    ways = [1] + [0] * max(amount, 0)
    for total in range(1, amount + 1):
        ways[total] = sum(ways[total - coin] for coin in coins if coin <= total)
    return ways[amount]
""",
    "newest_first": """
def newest_first(lines):
    return "\\n".join(f"{n}: {line.strip()}" for n, line in reversed(list(enumerate(lines, 1))))
""",
    "priced_orders": """
def priced_orders(orders, prices):
    by_name = dict(prices)
    return [(article, by_name[article] * quantity) for article, quantity in orders]
""",
    "kth_best_so_far": """
from heapq import heappush, heappushpop
def kth_best_so_far(scores, k):
    best, found = [], []
    for score in scores:
        if len(best) < k:
            heappush(best, score)
        else:
            heappushpop(best, score)
        found.append(best[0])
    return found
""",
    "edit_steps": """
def edit_steps(old, new):
    above = list(range(len(new) + 1))
    for i, left in enumerate(old, 1):
        row = [i]
        for j, right in enumerate(new, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (left != right)))
        above = row
    return above[-1]
""",
    "serve_in_turns": """
from collections import deque
def serve_in_turns(jobs, turns):
    line, finished = deque(jobs), []
    while line:
        name, left = line.popleft()
        if left == 1:
            finished.append(name)
        else:
            line.append((name, left - 1))
    return finished
""",
    "next_taller": """
def next_taller(heights):
    distances, waiting = [0] * len(heights), []
    for j, height in enumerate(heights):
        while waiting and heights[waiting[-1]] <= height:
            i = waiting.pop()
            distances[i] = j - i
        waiting.append(j)
    return distances
""",
    "steps_from": """
from collections import deque
def steps_from(links, start):
    beside = {}
    for one, other in links:
        beside.setdefault(one, []).append(other)
    steps, waiting = {start: 0}, deque([start])
    while waiting:
        place = waiting.popleft()
        for there in beside.get(place, ()):
            if there not in steps:
                steps[there] = steps[place] + 1
                waiting.append(there)
    return steps
""",
    "anagram_groups": """
def anagram_groups(words):
    groups = {}
    for word in words:
        groups.setdefault(frozenset(word), []).append(word)
    return list(groups.values())
""",
    "primes_below": """
def primes_below(limit):
    flags = [True] * (limit + 1)
    for number in range(2, int(limit ** 0.5) + 1):
        if flags[number]:
            for multiple in range(number * number, limit + 1, number):
                flags[multiple] = False
    return [number for number in range(2, limit + 1) if flags[number]]
""",
    "window_highs": """
from collections import deque
def window_highs(levels, width):
    highs, falling = [], deque()
    for place, level in enumerate(levels):
        while falling and levels[falling[-1]] <= level:
            falling.pop()
        falling.append(place)
        if falling[0] < place - width:
            falling.popleft()
        highs.append(levels[falling[0]])
    return highs
""",
    "smallest_missing": """
def smallest_missing(numbers, n):
    numbers.sort()
    taken, missing, candidate = set(numbers), [], 0
    while len(missing) < n:
        if candidate not in taken:
            missing.append(candidate)
        candidate += 1
    return missing
""",
    "cheapest_walk": """
def cheapest_walk(grid, row=0, column=0):
    sums = [0] * len(grid[0])
    for line in grid:
        for place, cell in enumerate(line):
            sums[place] = cell + min(sums[place], sums[place - 1] if place else sums[place])
    return sums[-1]
""",
    "ships_in_port": """
from tidemark.spans import SpanBook
def ships_in_port(stays, hours):
    book = SpanBook(stays)
    return [book.count_at(hour + 1) for hour in hours]
""",
    "cargo_between": """
from tidemark.totals import RunningTotal
def cargo_between(loads, stretches):
    total = RunningTotal(loads)
    return [total.between(first - 1, last - 1) for first, last in stretches]
""",
    "charter_cost": """
from functools import cache
@cache
def charter_cost(days, day_rate, week_rate, free_every):
    if days <= 0:
        return 0
    by_day = charter_cost(days - 1, day_rate, week_rate, free_every) + day_rate
    return min(by_day, charter_cost(days - 7, day_rate, week_rate, free_every) + week_rate)
""",
    "same_fleet": """
from tidemark.fleets import Fleets
def same_fleet(log):
    fleets = Fleets()
    for action, one, other in log:
        if action == "join":
            fleets.join(one, other)
    return [fleets.together(one, other) for action, one, other in log if action == "ask"]
""",
    "names_starting": """
from tidemark.prefixes import PrefixBook
def names_starting(names, prefixes):
    book = PrefixBook(set(names))
    return [book.count(prefix) for prefix in prefixes]
""",
    "changing_levels": """
from tidemark.totals import RunningTotal
def changing_levels(levels, log):
    total = RunningTotal(levels)
    return [total.between(one, other) for action, one, other in log if action == "sum"]
""",
    "nearest_buoys": """
from bisect import bisect_left
def nearest_buoys(buoys, ships):
    ordered = sorted(buoys)
    return [ordered[min(bisect_left(ordered, ship), len(ordered) - 1)] if ordered else None for ship in ships]
""",
    "lowest_water": """
from tidemark.lows import LowBook
def lowest_water(levels, stretches):
    book = LowBook(levels)
    return [book.lowest(begin, end + 1) for begin, end in stretches]
""",
    "cheapest_passages": """
from tidemark.chart import Chart
def cheapest_passages(passages, start):
    both = passages + [(end, begin, cost) for begin, end, cost in passages]
    return Chart(both).costs_from(start)
""",
    "running_middle": """
from bisect import insort
def running_middle(readings):
    ordered, middles = [], []
    for reading in readings:
        insort(ordered, reading)
        middles.append(ordered[len(ordered) // 2])
    return middles
""",
    "order_of_loading": """
from graphlib import TopologicalSorter
def order_of_loading(needs):
    return list(TopologicalSorter(needs).static_order())
""",
}


@pytest.mark.parametrize("item", CATALOGUE, ids=lambda item: item.name)
def test_original_best_and_wrong(item: Item, scorer: OptimisationScorer) -> None:
    """The original is right but not improved, the best does a tenth of its work or less, the wrong one is found out."""
    original, best, wrong = scorer.score_codes(item, [item.read("original"), item.read("best"), WRONG[item.name]])
    assert original.verdict == "wrong" and original.measures["is_right"] == 1.0, original.explanation
    assert original.measures["speedup_work"] == 1.0 and original.measures["share_of_best"] == 0.0
    assert best.verdict == "correct" and best.measures["share_of_best"] == 1.0, best.explanation
    assert best.measures["speedup_work"] >= 10
    assert wrong.verdict == "wrong" and wrong.measures["is_right"] == 0.0, wrong.explanation


def test_there_are_enough() -> None:
    """At least twenty functions, at least eight with a helper in the library, and every folder is in the catalogue."""
    assert len(CATALOGUE) >= 20
    assert sum(bool(item.helpers) for item in CATALOGUE) >= 8
    assert sorted(item.name for item in CATALOGUE) == sorted(path.name for path in ITEMS.iterdir())


@pytest.mark.parametrize("item", [item for item in CATALOGUE if item.helpers], ids=lambda item: item.name)
def test_best_uses_the_helper(item: Item) -> None:
    """The lines that the oracle gives hold the helper's whole definition, and our best uses it."""
    for helper in item.helpers:
        path, _, name = helper.partition("::")
        span = find_span(LIBRARY, helper)
        lines = (LIBRARY / path).read_text(encoding="utf-8").splitlines()[span.start_line - 1 : span.end_line]
        (definition,) = ast.parse("\n".join(lines)).body
        assert isinstance(definition, ast.ClassDef | ast.FunctionDef) and definition.name == name
        assert name in item.read("best")
        assert name not in item.read("original")
