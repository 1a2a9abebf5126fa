"""A scorer that runs the tests of an answer only once: verdicts are kept by the task, the case and the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from assistant.records import Answer
from eval.cases import Case, Score
from eval.files import read_record
from eval.tasks.base import Scorer

from .store import KeptStore, make_key

_KIND = "score"


class KeepingScorer(Scorer):
    """``scorer`` with its verdicts kept. ``identity`` is what decides them beside case and text.

    An ``error`` is not kept, since it says nothing of the answer, nor a time-out, which a busy machine may have caused.
    """

    def __init__(self, scorer: Scorer, identity: Mapping[str, Any], store: KeptStore) -> None:
        self._scorer, self._identity, self._store = scorer, dict(identity), store
        self.is_verbatim = scorer.is_verbatim

    def score(self, case: Case, text: str) -> Score:
        """See ``Scorer``."""
        key = make_key(_KIND, {"identity": self._identity, "case": case.decisive(), "text": text})
        kept = self._store.get(key)
        if kept is not None:
            return read_record(Score, kept)
        score = self._scorer.score(case, text)
        if score.verdict != "error" and not score.timed_out:
            self._store.put(key, _KIND, asdict(score))
        return score

    def follow_up(self, case: Case, text: str, score: Score) -> str | None:
        """See ``Scorer``."""
        return self._scorer.follow_up(case, text, score)

    def extras(self, case: Case, answer: Answer) -> Mapping[str, Any]:
        """See ``Scorer``."""
        return self._scorer.extras(case, answer)
