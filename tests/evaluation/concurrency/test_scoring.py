"""What answers of all sorts are worth, and what the model is told for a second try."""

from __future__ import annotations

from pathlib import Path

import pytest

from eval.sandbox import Sandbox
from eval.tasks.concurrency.catalogue import BY_NAME
from eval.tasks.concurrency.scoring import ConcurrencyScorer
from eval.tasks.concurrency.task import make_case

PROGRAM = BY_NAME["seats"]
CASE = make_case(PROGRAM)


@pytest.mark.parametrize("text", ["", "The seat must be taken before paying."])
def test_no_code_is_unanswered(scorer: ConcurrencyScorer, text: str) -> None:
    """An empty answer and prose are unanswered, and the program is asked for again."""
    score = scorer.score(CASE, text)
    assert score.verdict == "unanswered"
    assert "program" in (scorer.follow_up(CASE, text, score) or "")


def test_follow_up_tells_the_schedule(scorer: ConcurrencyScorer) -> None:
    """After a wrong answer the model is told which property failed, with the message; after a right one nothing."""
    text = f"```python\n{PROGRAM.read('planted')}```"
    score = scorer.score(CASE, text)
    said = scorer.follow_up(CASE, text, score) or ""
    assert score.verdict == "wrong" and "seats sold to five passengers on three seats" in said
    assert 0 < score.measures["share_of_tests"] < 1
    text = f"```python\n{PROGRAM.read('repaired')}```"
    assert scorer.follow_up(CASE, text, scorer.score(CASE, text)) is None


def test_the_sandbox_lets_programs_run(sandbox: Sandbox, tmp_path: Path) -> None:
    """As evaluations run them, with as many threads as they may have: a repaired one is right, a planted one wrong."""
    program, scorer = BY_NAME["crossing_cranes"], ConcurrencyScorer(sandbox, tmp_path)
    repaired, planted = (scorer.score_code(program, program.read(part)) for part in ("repaired", "planted"))
    assert repaired.verdict == "correct", repaired.explanation
    assert planted.verdict == "wrong" and 0 <= planted.measures["share_of_tests"] < 1, planted.explanation


@pytest.mark.parametrize("code", ["import os\nos._exit(0)", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"])
def test_program_that_ends_the_interpreter_is_wrong(scorer: ConcurrencyScorer, code: str) -> None:
    """Code after which there is no result is wrong, with the reason."""
    score = scorer.score_code(PROGRAM, code)
    assert score.verdict == "wrong" and "the code" in score.explanation


def test_case_shows_the_program_and_the_symptom() -> None:
    """The prompt holds the program and what was noticed, and neither the tests nor the helper."""
    for program in BY_NAME.values():
        prompt = make_case(program).prompt
        assert program.read("planted") in prompt and program.symptom in prompt
        assert not any(helper.partition("::")[2] in prompt for helper in program.helpers)


@pytest.mark.parametrize(
    "shown",
    [
        "\n\nasync def main():\n    scales = [Scale([1, 2]), Scale([3, 4])]\n    print(await weigh_all(scales, 2))\n"
        "    await asyncio.wait_for(asyncio.sleep(0.1), 1)\n\n\n# Example usage\nasyncio.run(main())\n",
        "\n\nasync def main():\n    return await weigh(Scale([1, 2]), 2)\n\n\nmeans = asyncio.run(main())\n"
        "assert means == 7\n",
    ],
    ids=["run", "kept result"],
)
def test_a_demonstration_does_not_decide(scorer: ConcurrencyScorer, shown: str) -> None:
    """A right program that runs itself behind its definitions is right, and the loop that it opens ends."""
    program = BY_NAME["blocked_loop"]
    score = scorer.score(make_case(program), f"```python\n{program.read('repaired')}{shown}```")
    assert score.verdict == "correct", score.explanation


def test_the_repaired_program_counts_and_not_the_quoted_one(scorer: ConcurrencyScorer) -> None:
    """However much longer the planted one is written."""
    planted = PROGRAM.read("planted") + "".join(f"# line {number} of what was wrong\n" for number in range(40))
    text = f"The original:\n```python\n{planted}```\nRepaired:\n```python\n{PROGRAM.read('repaired')}```"
    assert scorer.score(CASE, text).verdict == "correct"


def _with_executor(call: str) -> str:
    """The blocked loop, repaired by a pool that is made for each call of ``weigh_all`` or once."""
    repaired = BY_NAME["blocked_loop"].read("repaired")
    pool = "from concurrent.futures import ThreadPoolExecutor\n\nPOOL = ThreadPoolExecutor(max_workers={})\n\n\n"
    head, found, rest = repaired.partition("class Scale")
    assert "asyncio.to_thread(scale.read)" in rest
    return head + pool + found + rest.replace("asyncio.to_thread(scale.read)", call)


@pytest.mark.parametrize("n_threads", [1, 8])
@pytest.mark.parametrize(
    "call",
    [
        "asyncio.get_running_loop().run_in_executor(POOL, scale.read)",
        "asyncio.wrap_future(POOL.submit(scale.read))",
    ],
)
def test_a_pool_does_as_much_at_once_as_it_has_threads(scorer: ConcurrencyScorer, call: str, n_threads: int) -> None:
    """One thread reads three scales one after another, which is too slow; eight are enough, however they are asked."""
    score = scorer.score_code(BY_NAME["blocked_loop"], _with_executor(call).replace("{}", str(n_threads)))
    assert score.verdict == ("wrong" if n_threads == 1 else "correct"), score.explanation
    assert "took" in score.explanation or n_threads == 8
