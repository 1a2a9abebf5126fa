"""Why retrieval helped or did not, as far as the split by what was retrieved and the oracle tell.

The split is known only after the run and no p-value covers it: it is called exploratory, and what rests on it is said
with "perhaps". The oracle's gain was tested and says how sure it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from eval.stats import CONFIDENCE, mcnemar_p
from eval.tables import count_noun

from .figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from .records import Gain, Group
from .splits import FOUND, FOUND_NAMES
from .wording import Outcome, describe_left_out, is_better, judge_gain, write_signed

ENOUGH = 5  # pairs that a part of a split must have for anything to be concluded from it
_MOSTLY = 0.5
_AGAINST_PLACEBO = {
    "better": "What matters is which code, not just more code",
    "perhaps better": "Perhaps what matters is which code, not just more code",
}
_NOT_AGAINST_PLACEBO = "But retrieval was not significantly better than as much irrelevant code (placebo)."


@dataclass(frozen=True, slots=True)
class _Parts:
    """The gain of retrieval over none where it showed the right code, and where it did not; None without a pair."""

    found: Gain | None
    missed: Gain | None

    @property
    def n_found(self) -> int:
        return self.found.n_pairs if self.found is not None else 0

    @property
    def n_missed(self) -> int:
        return self.missed.n_pairs if self.missed is not None else 0

    @property
    def n(self) -> int:
        return self.n_found + self.n_missed

    @property
    def is_mostly_found(self) -> bool:
        return self.n > 0 and self.n_found / self.n >= _MOSTLY

    @property
    def differences(self) -> tuple[float, float] | None:
        """The gains where the right code was found and where not; None where either rests on too few pairs."""
        if self.found is None or self.missed is None or min(self.n_found, self.n_missed) < ENOUGH:
            return None
        return self.found.difference, self.missed.difference


def explain_retrieval(group: Group) -> str:
    """The figures and what follows from them: was the right code found, and does the model use it at all?"""
    if group.gain(RETRIEVAL, NONE) is None:
        return ""
    parts, oracle = _find_parts(group), group.gain(ORACLE, NONE)
    sentences = []
    if parts.n:
        sentences.append(f"Retrieval showed the right code in {parts.n_found} of {parts.n} cases.")
        sentences.append(_describe_parts(parts))
    else:
        sentences.append("No case records which code is the right one, so the gain cannot be split by it.")
    if oracle is not None:
        over = f" over {count_noun(oracle.n_pairs, 'case')}" if oracle.n_without_sources else ""
        left_out = f" ({describe_left_out(oracle)})" if oracle.n_without_sources else ""
        given = f"the gain is {write_signed(oracle.difference)}{over}{left_out}: {judge_gain(oracle)}"
        sentences.append(f"With exactly the right code (oracle), {given}.")
    return " ".join([*sentences, name_cause(group)])


def list_causes(groups: Iterable[Group]) -> list[tuple[str, str, str]]:
    """Each cause once, in order: the tasks with their repositories, the model, the cause."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for group in groups:
        if group.cause:
            found.setdefault((group.model, group.cause), {}).setdefault(group.task, []).append(group.repo)
    return [
        ("; ".join(f"{task} on {', '.join(repos)}" for task, repos in tasks.items()), model, cause)
        for (model, cause), tasks in found.items()
    ]


def name_cause(group: Group) -> str:
    """What the figures point to, and what the placebo adds; empty without a gain."""
    gain = group.gain(RETRIEVAL, NONE)
    if gain is None:
        return ""
    if mcnemar_p(gain.n_pairs, 0) >= 1 - CONFIDENCE:  # not even if all were gained
        return "There are too few pairs to say whether retrieval helped, or why."
    if not any(arm.correct.n_hits for arm in group.arms):
        return "No answer was right, with or without code: these cases are too hard for this model to show anything."
    outcome, parts = judge_gain(gain), _find_parts(group)
    if not is_better(gain):
        return _why_not(outcome, group.gain(ORACLE, NONE), parts)
    if outcome == "perhaps better":
        return _why_better("Perhaps retrieval helped", parts)
    return _why_better("Retrieval helped", parts) + _describe_control(group)


def _describe_control(group: Group) -> str:
    """Whether it was the right code, and what as much irrelevant code brings alone; empty without that arm."""
    gain, own = group.gain(RETRIEVAL, PLACEBO), group.gain(PLACEBO, NONE)
    if gain is None or own is None:
        return ""
    said = _AGAINST_PLACEBO.get(judge_gain(gain))
    if said is None:
        return f" {_NOT_AGAINST_PLACEBO}"
    return f" {said}: as much irrelevant code (placebo) brought {write_signed(own.difference)}."


def _why_better(opening: str, parts: _Parts) -> str:
    """Whether the gain lies where the right code was found: only then may a better search bring more."""
    if not parts.n:
        return f"{opening}; no case records which code is the right one, so the reason is unknown."
    if parts.differences is None:
        few = "had" if parts.n_found < parts.n_missed else "lacked"
        return f"{opening}; too few cases {few} the right code to say whether that is the reason."
    where, elsewhere = parts.differences
    found = f"{write_signed(where)} over {count_noun(parts.n_found, 'pair')}"
    figures = f"({found}, against {write_signed(elsewhere)} over {parts.n_missed} elsewhere)"
    if where <= elsewhere:
        return (
            f"{opening}, but the gain was not larger where it found the right code {figures}: perhaps what helped was "
            "other code, such as similar functions nearby."
        )
    if parts.is_mostly_found:
        return f"{opening}, perhaps more where it found the right code {figures}."
    return (
        f"{opening} although it mostly missed the right code, perhaps more where it found it {figures}: a better "
        "search may bring more."
    )


def _why_not(outcome: Outcome, oracle: Gain | None, parts: _Parts) -> str:
    """The wrong code, or a model that does not use the right one."""
    hurt = {"worse": "Retrieval hurt", "perhaps worse": "Perhaps retrieval hurt"}
    opening = hurt.get(outcome, "Retrieval showed no significant gain")
    is_larger_where_found = parts.differences is None or parts.differences[0] > parts.differences[1]
    if is_better(parts.found):
        if parts.missed is not None and parts.missed.difference < 0:
            return f"{opening}: perhaps the right code helps, and the wrong code in the other cases undoes it."
        if is_larger_where_found:
            return f"{opening} over all cases: perhaps the right code helps, but was not found often enough."
    if oracle is None:
        return f"{opening}. Without the oracle it is unknown whether the search or the model is the reason."
    if not is_better(oracle):
        code = "exactly the right code (oracle)"
        either = f"{code} showed no significant gain" if outcome in hurt else f"neither did {code}"
        return f"{opening}, and {either}. So it is not shown that a better search would help this model here."
    helps = "helps" if judge_gain(oracle) == "better" else "perhaps helps"
    if not parts.n:
        return f"{opening}, though the right code {helps} this model: perhaps the search or the packing is the reason."
    if parts.is_mostly_found:
        return (
            f"{opening} though the right code was mostly found, and {helps} this model when given alone (oracle): "
            "perhaps the model does not use it among other code."
        )
    if not is_larger_where_found:
        return (
            f"{opening}: the right code {helps} this model when given alone (oracle), but was mostly not found, and "
            "where it was, the gain was not larger: perhaps both the search and the model are the reason."
        )
    return f"{opening}, perhaps because the search found the wrong code: the right code {helps} this model."


def _find_parts(group: Group) -> _Parts:
    gains = {each.name: each.gain for each in group.slices if each.split == FOUND}
    return _Parts(gains.get(FOUND_NAMES[True]), gains.get(FOUND_NAMES[False]))


def _describe_parts(parts: _Parts) -> str:
    """The gains of the split by what was retrieved, called what they are."""
    gains = [
        f"{write_signed(gain.difference)} {word} ({count_noun(gain.n_pairs, 'pair')})"
        for gain, word in ((parts.found, "there"), (parts.missed, "elsewhere"))
        if gain is not None
    ]
    return f"Exploratory, since no p-value covers this split: the gain is {' and '.join(gains)}."
