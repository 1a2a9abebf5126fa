"""Votes on blind comparisons: kept whole by several processes, counted with an interval, seen by who may."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from scipy.stats import binomtest  # type: ignore[attr-defined]

from api import votes
from api.errors import VotesUnavailable
from api.votes import BallotBox, CastVote, VoteBook, wilson_interval
from assistant.compare import Comparison, random_order


def vote(choice: str, *, left: str = "with", repo: str = "shop") -> CastVote:
    """A vote, with the arm that stood left."""
    right = "without" if left == "with" else "with"
    return CastVote(repo, "model", left, right, choice, "2026-11-25T12:00:00+00:00")  # type: ignore[arg-type]


def test_tally_counts_arms_not_sides(tmp_path: Path) -> None:
    """What was voted for is the arm that stood there; ties and two bad answers count apart."""
    book = VoteBook(tmp_path)
    for each in (vote("left"), vote("right", left="without"), vote("right"), vote("tie"), vote("both bad")):
        book.add(each)
    book.add(vote("left", repo="other"))
    other, shop = book.tally()
    assert (shop.n_with, shop.n_without, shop.n_tie, shop.n_both_bad, shop.n_votes) == (2, 1, 1, 1, 5)
    assert shop.share == pytest.approx(2 / 3)
    assert (other.repo, other.n_with) == ("other", 1)


def test_no_vote_for_one_answer_has_no_share(tmp_path: Path) -> None:
    """With ties alone there is no share to tell."""
    book = VoteBook(tmp_path)
    assert book.tally() == []
    book.add(vote("tie"))
    [tally] = book.tally()
    assert (tally.share, tally.low, tally.high) == (None, None, None)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 20), (7, 10), (50, 100), (20, 20)])
def test_interval_is_wilsons(k: int, n: int) -> None:
    """The interval is the one that the evaluation gives for a proportion."""
    expected = binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_line_of_a_killed_writer_costs_no_other_vote(tmp_path: Path) -> None:
    """A torn line at the end is passed over, and the next vote begins a line of its own."""
    book = VoteBook(tmp_path)
    book.add(vote("left"))
    with (tmp_path / "votes.jsonl").open("a") as file:
        file.write('{"repo": "shop", "mod')
    book.add(vote("left"))
    assert book.tally()[0].n_with == 2


def test_vote_that_cannot_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that another one holds too long, and a file that cannot be opened, are named with the reason."""
    monkeypatch.setattr(votes, "_LOCK_SECONDS", 0.1)
    book = VoteBook(tmp_path)
    with FileLock(tmp_path / "votes.jsonl.lock"), pytest.raises(VotesUnavailable, match="another process holds it"):
        book.add(vote("left"))
    (tmp_path / "votes.jsonl").mkdir()
    with pytest.raises(VotesUnavailable, match=r"votes\.jsonl \(Is a directory\)"):
        book.add(vote("left"))


def test_processes_that_vote_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes with 50 votes each leave 200 whole lines."""
    code = (
        "import sys; from pathlib import Path; from api.votes import CastVote, VoteBook\n"
        "for _ in range(50): VoteBook(Path(sys.argv[1])).add("
        "CastVote('shop', 'm', 'with', 'without', 'left', 'now', 'q' * 500))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [process.wait(100) for process in running] == [0, 0, 0, 0]
    assert len(list(VoteBook(tmp_path).read())) == 200


def test_ballot_is_used_once_and_by_its_owner() -> None:
    """A ballot can be voted on once, and only with the key that asked; again where the vote could not be kept."""
    box, comparison = BallotBox(), Comparison(*([_answer()] * 2))
    ballot = box.put("shop", "q", random_order(), comparison, "mine")
    assert box.take(ballot, "theirs") is None
    taken = box.take(ballot, "mine")
    assert taken is not None and box.take(ballot, "mine") is None
    box.put_back(ballot, taken)
    assert box.take(ballot, "theirs") is None and box.take(ballot, "mine") is taken


def test_order_is_random() -> None:
    """Each arm stands left in about half of the ballots: out of 200 never less than 60 times, but once in 10^8 runs."""
    n_left = sum(random_order()[0] == "with" for _ in range(200))
    assert 60 <= n_left <= 140


def _answer() -> Any:
    return object()  # a ballot only carries it
