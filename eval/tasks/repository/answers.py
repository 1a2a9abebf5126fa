"""Scorers that put an answer into the repository, in place of the function that was asked for, and run its tests."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping

from eval.cases import Case, Score
from eval.errors import SandboxError
from eval.tables import count_noun
from eval.tasks.base import Harvest, Scorer
from eval.tasks.extraction import extract_code

from .placing import MisfitError, place_answer
from .records import Function, Trial
from .tested import TestedRepository
from .trial import Trials


class PlacedAnswerScorer(Scorer):
    """``functions`` are those that the cases' ``data["function"]`` names by their keys, ``texts`` the files by path."""

    def __init__(self, texts: Mapping[str, str], functions: Iterable[Function]) -> None:
        self._texts = texts
        self._functions = {function.key: function for function in functions}
        self._known: dict[tuple[str, str], Score] = {}  # by case and code: arms often give the same answer

    def score(self, case: Case, text: str) -> Score:
        """What the run says; ``unanswered`` without code, ``wrong`` where it is not the function, with the reason."""
        function = self._functions[case.data["function"]]
        code = extract_code(text, "python", function.last_name)
        if code is None:
            return Score("unanswered", "the answer holds no code" if text.strip() else "the answer is empty")
        score = self._known.get((case.id, code)) or self._try(case, function, code)
        if score.verdict != "error":  # which says nothing of the answer
            self._known[case.id, code] = score
        return score

    def _try(self, case: Case, function: Function, code: str) -> Score:
        try:
            return self.run(case, function, code, place_answer(self._texts[function.path], function, code))
        except MisfitError as error:
            return Score(error.verdict, str(error), code)
        except SandboxError as error:
            return Score("error", str(error), code)

    @abstractmethod
    def run(self, case: Case, function: Function, code: str, placed: str) -> Score:
        """The verdict on ``code``. ``placed`` is the function's file with it. Raises SandboxError."""


class TestedAnswerScorer(PlacedAnswerScorer):
    """By the tests of the repository that the harvest opened, those that ``data["tests"]`` names: each must pass.

    Of cases that it ``decides``.
    """

    def __init__(self, harvest: Harvest) -> None:
        repository = harvest.opened
        assert isinstance(repository, TestedRepository)
        super().__init__(repository.checkout.texts, repository.functions)
        self.repository = repository
        self.trials: dict[tuple[str, str], Trial] = {}  # by case and code
        self._copy: Trials | None = None

    def run(self, case: Case, function: Function, code: str, placed: str) -> Score:
        """See ``PlacedAnswerScorer``. The reason is the first failing test and its message."""
        self._copy = self._copy or Trials(self.repository)
        tests = [self.repository.coverage.tests[name] for name in case.data["tests"]]
        trial = self._copy.try_text(function.path, placed, tests)
        self.trials[case.id, code] = trial
        measures = {"n_tests": float(len(tests))}
        if trial.passed:
            return Score("correct", f"{count_noun(len(tests), 'test')} passed", code, measures)
        return Score("wrong", trial.reason, code, measures, trial.timed_out)
