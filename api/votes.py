"""People's preference between an answer with retrieval and one without: votes kept in a file under the home.

One JSON line a vote, appended under a lock, so several processes can write. No text of a question or an answer is kept,
unless the voter asked for that.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist

from filelock import FileLock, Timeout

from assistant.compare import Arm, Comparison, Vote

from .errors import VotesUnavailable

CONFIDENCE = 0.95
_FILE = "votes.jsonl"
_MAX_BALLOTS = 200  # of answers some KB each
_BALLOT_SECONDS = 24 * 3600.0
_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class CastVote:
    """One vote as it is kept. ``left`` and ``right`` are the arms as they stood; ``question`` only where asked for."""

    repo: str
    model: str
    left: Arm
    right: Arm
    vote: Vote
    voted_at: str
    question: str | None = None

    @property
    def preferred(self) -> Arm | None:
        """The arm that was found better, None for a tie or two bad answers."""
        return self.left if self.vote == "left" else self.right if self.vote == "right" else None


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes of one repository and model. ``share`` is that of retrieval among the votes that prefer one answer.

    ``low`` and ``high`` are the ends of its 95 % interval; all three are None while no vote prefers one.
    """

    repo: str
    model: str
    n_with: int
    n_without: int
    n_tie: int
    n_both_bad: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def n_votes(self) -> int:
        """All votes."""
        return self.n_with + self.n_without + self.n_tie + self.n_both_bad


class VoteBook:
    """The votes of a home."""

    def __init__(self, home: Path) -> None:
        self._path = home / _FILE

    def add(self, vote: CastVote) -> None:
        """Append one vote. Raises VotesUnavailable where it cannot be written."""
        line = json.dumps({name: value for name, value in asdict(vote).items() if value is not None}) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self._path}.lock", timeout=_LOCK_SECONDS), self._path.open("ab+") as file:
                if file.tell() and not _ends_a_line(self._path):
                    line = "\n" + line  # a writer was killed within its line: that vote is lost, not this one
                file.write(line.encode())
        except OSError as error:  # Timeout, of the lock, is one too
            reason = "another process holds it" if isinstance(error, Timeout) else error.strerror
            raise VotesUnavailable(
                f"The vote could not be written to {self._path} ({reason}): see to the file, then vote again."
            ) from error

    def read(self) -> Iterator[CastVote]:
        """All votes, oldest first. A line that is no vote, since its writer was killed, is passed over."""
        if not self._path.exists():
            return
        for line in self._path.read_text("utf-8", errors="replace").splitlines():
            try:
                yield CastVote(**json.loads(line))
            except (ValueError, TypeError):
                continue

    def tally(self) -> list[Tally]:
        """The votes counted, for each repository and model by name."""
        groups: dict[tuple[str, str], list[CastVote]] = {}
        for vote in self.read():
            groups.setdefault((vote.repo, vote.model), []).append(vote)
        return [_count(repo, model, votes) for (repo, model), votes in sorted(groups.items())]


@dataclass(frozen=True, slots=True)
class Ballot:
    """Two answers whose reader does not know yet which is which."""

    repo: str
    question: str
    order: tuple[Arm, Arm]
    comparison: Comparison
    caller: str | None
    made_at: float


class BallotBox:
    """Ballots that wait for their vote, in memory: they end with the service, after a day, or past 200 of them."""

    def __init__(self) -> None:
        self._ballots: OrderedDict[str, Ballot] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, repo: str, question: str, order: tuple[Arm, Arm], comparison: Comparison, caller: str | None) -> str:
        """Keep two answers; the id under which they can be voted on, once."""
        ballot_id = uuid.uuid4().hex
        with self._lock:
            self._ballots[ballot_id] = Ballot(repo, question, order, comparison, caller, time.monotonic())
            while len(self._ballots) > _MAX_BALLOTS:
                self._ballots.popitem(last=False)
        return ballot_id

    def take(self, ballot_id: str, caller: str | None) -> Ballot | None:
        """The ballot, which is used up by this; None if there is none of that id for that caller."""
        with self._lock:
            ballot = self._ballots.get(ballot_id)
            if ballot is None or ballot.caller != caller or time.monotonic() - ballot.made_at > _BALLOT_SECONDS:
                return None
            return self._ballots.pop(ballot_id)

    def put_back(self, ballot_id: str, ballot: Ballot) -> None:
        """Undo ``take``: the vote could not be kept, and may be cast again."""
        with self._lock:
            self._ballots[ballot_id] = ballot


def cast(ballot: Ballot, vote: Vote, *, keep_question: bool) -> CastVote:
    """The vote on ``ballot``, made now."""
    left, right = ballot.order
    return CastVote(
        repo=ballot.repo,
        model=ballot.comparison.with_retrieval.model,
        left=left,
        right=right,
        vote=vote,
        voted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        question=ballot.question if keep_question else None,
    )


def wilson_interval(n_successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % score interval for a proportion (E. B. Wilson, JASA 22, 1927). ``n`` is at least 1.

    In five lines, since scipy, which the evaluation has it from, takes a second to import into a service.
    """
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    p = n_successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def _count(repo: str, model: str, votes: Sequence[CastVote]) -> Tally:
    n_with = sum(vote.preferred == "with" for vote in votes)
    n_without = sum(vote.preferred == "without" for vote in votes)
    n_decided = n_with + n_without
    low, high = wilson_interval(n_with, n_decided) if n_decided else (None, None)
    return Tally(
        repo=repo,
        model=model,
        n_with=n_with,
        n_without=n_without,
        n_tie=sum(vote.vote == "tie" for vote in votes),
        n_both_bad=sum(vote.vote == "both bad" for vote in votes),
        share=n_with / n_decided if n_decided else None,
        low=low,
        high=high,
    )


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
