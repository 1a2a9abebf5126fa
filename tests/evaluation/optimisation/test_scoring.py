"""What answers of all sorts are worth, and what the model is told for a second try."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.sandbox import Sandbox, open_sandbox
from eval.tasks.optimisation.catalogue import BY_NAME, Item
from eval.tasks.optimisation.scoring import OptimisationScorer
from eval.tasks.optimisation.task import make_case

ITEM = BY_NAME["window_highs"]
CASE = make_case(ITEM)


def answer(body: str) -> str:
    """An answer with this body of the function."""
    return f"Here it is:\n```python\ndef window_highs(levels, width):\n{body}\n```\n"


@pytest.mark.parametrize("text", ["", "I would use a deque.", "```python\n```"])
def test_no_code_is_unanswered(scorer: OptimisationScorer, text: str) -> None:
    """An empty answer and prose are unanswered, and asked for again."""
    score = scorer.score(CASE, text)
    assert score.verdict == "unanswered"
    assert "window_highs" in (scorer.follow_up(CASE, text, score) or "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    return [", "cannot be loaded: SyntaxError"),
        ("    while True:\n        pass", "did not end"),
        ("    raise SystemExit", "raised SystemExit"),
        ("    import os\n    os._exit(0)", "the code ended the interpreter"),
        ("    levels.sort()\n    return []", "instead of"),
        ("    return tuple(levels)", "instead of"),
        ("    return missing", "raised NameError"),
    ],
)
def test_what_does_not_work_is_wrong(scorer: OptimisationScorer, body: str, said: str) -> None:
    """Crashes, endless loops and other results are wrong, with their reason, which the model is told."""
    text = answer(body)
    score = scorer.score(CASE, text)
    assert score.verdict == "wrong" and said in score.explanation
    assert score.explanation in (scorer.follow_up(CASE, text, score) or "")


def test_printing_and_examples_do_no_harm(scorer: OptimisationScorer) -> None:
    """An answer that prints, and runs its own examples, is judged by its function."""
    shown = "print(window_highs([1, 2], 1))\ninput_is_never_read = print"
    for example in (
        shown,
        "assert window_highs([1, 3, 2], 2) == [1, 3, 2]  # which is a mistake",
        "import timeit\n\nfor n in (100, 3000):\n    print(n, window_highs(list(range(n)) * 500, 2))",
    ):
        text = f"```python\n{ITEM.read('best')}\n{example}\n```"
        score = scorer.score(CASE, text)
        assert score.verdict == "correct", score.explanation
        assert scorer.follow_up(CASE, text, score) is None
    alone = scorer.score(CASE, f"```python\n{ITEM.read('best')}```")
    assert score.measures["speedup_work"] == pytest.approx(alone.measures["speedup_work"], rel=0.01)


@pytest.mark.parametrize("name", ["first_repeated", "moving_totals", "cheapest_passages"])
def test_the_given_function_may_be_quoted(scorer: OptimisationScorer, name: str) -> None:
    """Before the answer or behind it, with its docstring; what was given is not what is judged."""
    item = BY_NAME[name]
    given, best = f"```python\n{item.read('original')}```", f"```python\n{item.read('best')}```"
    for text in (f"The original:\n{given}\nFaster:\n{best}", f"{best}\nIn place of\n{given}"):
        score = scorer.score(make_case(item), text)
        assert score.verdict == "correct", score.explanation
    assert scorer.score(make_case(item), given).verdict == "wrong"


def test_turning_a_deque_is_no_scan(scorer: OptimisationScorer) -> None:
    """A queue that is rotated by one does as little as one that is popped and appended to."""
    code = (
        "from collections import deque\n"
        "def serve_in_turns(jobs, turns):\n"
        "    line, finished = deque(jobs), []\n"
        "    for _ in range(turns):\n"
        "        if not line:\n"
        "            break\n"
        "        name, left = line[0]\n"
        "        if left == 1:\n"
        "            finished.append(name)\n"
        "            line.popleft()\n"
        "        else:\n"
        "            line[0] = (name, left - 1)\n"
        "            line.rotate(-1)\n"
        "    return finished"
    )
    score = scorer.score_code(BY_NAME["serve_in_turns"], code)
    assert score.verdict == "correct", score.explanation


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("newest_first", "        text = f'{number}: {line.strip()}\\n{text}'\n"),
        ("newest_first", "        text = '%d: %s\\n%s' % (number, line.strip(), text)\n"),
        ("serve_in_turns", "        (name, left), *line = line\n"),
        ("serve_in_turns", "        name, left = line[0]\n        line[:1] = []\n"),
    ],
)
def test_the_same_copying_in_other_words_is_not_faster(scorer: OptimisationScorer, name: str, step: str) -> None:
    """An f-string, a star and a slice that is replaced copy or move as much as the original does."""
    heads = {
        "newest_first": "def newest_first(lines):\n    text = ''\n    for number, line in enumerate(lines, 1):\n",
        "serve_in_turns": "def serve_in_turns(jobs, turns):\n    line, finished = list(jobs), []\n"
        "    for _ in range(turns):\n        if not line:\n            break\n",
    }
    tails = {
        "newest_first": "    return text\n",
        "serve_in_turns": "        if left == 1:\n            finished.append(name)\n        else:\n"
        "            line.append((name, left - 1))\n    return finished\n",
    }
    score = scorer.score_code(BY_NAME[name], heads[name] + step + tails[name])
    assert score.verdict == "wrong" and score.measures["is_right"] == 1.0, score.explanation


def test_code_in_a_text_is_refused(scorer: OptimisationScorer) -> None:
    """With the reason, which the model is told: its work could not be counted."""
    code = f"exec({ITEM.read('best')!r})\n"
    score = scorer.score_code(ITEM, f"{code}\ndef unused(): pass\n")
    assert score.verdict == "wrong" and "the work of exec cannot be counted" in score.explanation


def test_the_block_that_defines_it_counts(scorer: OptimisationScorer) -> None:
    """Of several blocks the one with the function is judged, not a longer example of its use."""
    example = "\n".join(f"print(window_highs([{n}, 2, 3], 2))" for n in range(40))
    text = f"```python\n{ITEM.read('best')}```\nFor example:\n```python\n{example}\n```"
    assert scorer.score(CASE, text).verdict == "correct"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "pairs_with_sum",
            "from itertools import combinations\n"
            "def pairs_with_sum(numbers, target):\n"
            "    return sum(a + b == target for a, b in combinations(numbers, 2))",
        ),
        (
            "pairs_with_sum",
            "def pairs_with_sum(numbers, target):\n"
            "    itself = sum(2 * number == target for number in numbers)\n"
            "    return (sum(numbers.count(target - number) for number in numbers) - itself) // 2",
        ),
        (
            "first_repeated",
            "def first_repeated(words):\n"
            "    for i, word in enumerate(words):\n"
            "        if word.lower() in map(str.lower, words[:i]):\n"
            "            return word",
        ),
        (
            "names_starting",
            "def names_starting(names, prefixes):\n"
            "    return [sum(name.startswith(prefix) for name in names) for prefix in prefixes]",
        ),
        (
            "cargo_between",
            "def cargo_between(loads, stretches):\n"
            "    return [sum(loads[max(first, 1) - 1 : max(last, 0)]) for first, last in stretches]",
        ),
        (
            "nearest_buoys",
            "def nearest_buoys(buoys, ships):\n"
            "    return [min(buoys, key=lambda b: (abs(b - ship), b), default=None) for ship in ships]",
        ),
    ],
)
def test_a_better_constant_is_not_enough(scorer: OptimisationScorer, name: str, code: str) -> None:
    """The same growth with less work a step is right, and not half way to the best."""
    score = scorer.score_code(BY_NAME[name], code)
    assert score.verdict == "wrong" and score.measures["is_right"] == 1.0, score.explanation
    assert score.measures["growth"] == pytest.approx(score.measures["original_growth"], abs=0.2)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (
            "anagram_groups",
            "def anagram_groups(words):\n"
            "    keys, groups = [], []\n"
            "    for word in words:\n"
            '        key = "".join(sorted(word))\n'
            "        if key in keys:\n"
            "            groups[keys.index(key)].append(word)\n"
            "        else:\n"
            "            keys.append(key)\n"
            "            groups.append([word])\n"
            "    return groups",
        ),
        (
            "serve_in_turns",
            "def serve_in_turns(jobs, turns):\n"
            "    line, finished = list(jobs), []\n"
            "    for _ in range(turns):\n"
            "        if not line:\n"
            "            break\n"
            "        name, left = line.pop(0)\n"
            "        if left == 1:\n"
            "            finished.append(name)\n"
            "        else:\n"
            "            line.append((name, left - 1))\n"
            "    return finished",
        ),
        (
            "changing_levels",
            "from itertools import accumulate\n"
            "def changing_levels(levels, log):\n"
            "    levels, sums = list(levels), []\n"
            "    before = [0, *accumulate(levels)]\n"
            "    for action, one, other in log:\n"
            '        if action == "add":\n'
            "            levels[one - 1] += other\n"
            "            before = [0, *accumulate(levels)]\n"
            "        else:\n"
            "            sums.append(before[other] - before[one - 1] if one <= other else 0)\n"
            "    return sums",
        ),
    ],
)
def test_a_far_better_constant_is_not_enough(scorer: OptimisationScorer, name: str, code: str) -> None:
    """Half of the way in work at the measured size is not enough where the growth is not half way too."""
    score = scorer.score_code(BY_NAME[name], code)
    assert score.measures["share_of_best"] >= 0.5
    assert score.verdict == "wrong" and "grows too fast" in score.explanation, score.explanation


def test_another_way_is_enough(scorer: OptimisationScorer) -> None:
    """Another growth counts although it is not the best known: sorting in place of a table, without the library."""
    code = (
        "from bisect import bisect_left, bisect_right\n"
        "def ships_in_port(stays, hours):\n"
        "    firsts = sorted(f for f, l in stays if f <= l)\n"
        "    lasts = sorted(l for f, l in stays if f <= l)\n"
        "    return [bisect_right(firsts, h) - bisect_left(lasts, h) for h in hours]"
    )
    assert scorer.score_code(BY_NAME["ships_in_port"], code).verdict == "correct"


def test_a_derived_type_is_as_good(scorer: OptimisationScorer) -> None:
    """A defaultdict with the right values is a right dict; a bool in place of a number is not right."""
    item = BY_NAME["steps_from"]
    best = item.read("best")
    assert "    return steps\n" in best
    as_defaultdict = best.replace("    return steps\n", "    return defaultdict(int, steps)\n")
    assert scorer.score_code(item, f"from collections import defaultdict\n{as_defaultdict}").verdict == "correct"
    as_bool = best.replace(
        "    return steps\n", "    return {place: bool(n) if n < 2 else n for place, n in steps.items()}\n"
    )
    assert scorer.score_code(item, as_bool).verdict == "wrong"


def test_the_sandbox_lets_answers_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """As evaluations run them, a right answer is right, and the original is right and not faster."""
    best, original = OptimisationScorer(sandbox, tmp_path).score_codes(ITEM, [ITEM.read("best"), ITEM.read("original")])
    assert best.verdict == "correct", best.explanation
    assert original.verdict == "wrong" and original.measures["is_right"] == 1.0, original.explanation


def test_remembering_between_calls_does_not_count(tmp_path: Path) -> None:
    """Each measured call is the first of its module: a table that is filled by an earlier one is empty again."""
    scorer = OptimisationScorer(open_sandbox(unsafe=True), tmp_path, timed=True)
    small = Item("moving_totals", ITEM.kind, 400)
    code = (
        "seen = {}\n"
        f"{small.read('original').replace('def moving_totals', 'def slow')}\n"
        "def moving_totals(values, width):\n"
        "    key = (tuple(values), width)\n"
        "    if key not in seen:\n"
        "        seen[key] = slow(values, width)\n"
        "    return list(seen[key])"
    )
    score = scorer.score_code(small, code)
    assert score.verdict == "wrong" and score.measures["speedup_work"] <= 1.0
    assert score.measures["speedup_time"] > 0 and "best_speedup_time" not in score.measures


RECURSIVE = """
def moving_totals(values, width):
    if width < 1:
        raise ValueError("the width must be at least 1")
    totals = []
    def go(start, total):
        totals.append(total)
        if start + width < len(values):
            go(start + 1, total - values[start] + values[start + width])
    if width <= len(values):
        go(0, sum(values[:width]))
    return totals
"""


@pytest.mark.parametrize("timed", [True, False])
def test_recursion_is_as_deep_counted_as_timed(tmp_path: Path, timed: bool) -> None:
    """900 calls deep is right, and 1200 deep is a wrong answer that says so, not a failure of the evaluation."""
    scorer = OptimisationScorer(open_sandbox(unsafe=True), tmp_path, timed=timed)
    shallow, deep = (Item("moving_totals", ITEM.kind, size) for size in (1350, 1800))
    score = scorer.score_code(shallow, RECURSIVE)
    assert score.verdict == "correct", score.explanation
    score = scorer.score_code(deep, RECURSIVE)
    assert score.verdict == "wrong" and "on a large input" in score.explanation
    assert "raised RecursionError" in score.explanation


def test_what_is_raised_only_when_timed_is_the_answers_fault(tmp_path: Path) -> None:
    """Also where the counted call before it went well."""
    scorer = OptimisationScorer(open_sandbox(unsafe=True), tmp_path, timed=True)
    best = ITEM.read("best")
    code = best.replace(
        "    highs = []\n",
        '    if len(levels) > 50 and "__work_tick__" not in globals():\n        raise KeyError("cold")\n'
        "    highs = []\n",
    )
    assert code != best
    score = scorer.score_code(Item(ITEM.name, ITEM.kind, 400), code)
    assert score.verdict == "wrong" and "on a large input, window_highs(...) raised KeyError" in score.explanation
