"""Why retrieval perhaps helped or did not, from the split by what was retrieved and from the oracle."""

from __future__ import annotations

from .figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from .records import Gain, Group, Slice
from .splits import FOUND, FOUND_NAMES
from .wording import count_noun, judge_gain, write_signed

_FEW = 10  # cases below which a split's difference is called a handful, and no conclusion is drawn from it
_MOSTLY = 0.5
_AGAINST_PLACEBO = {
    "better": "It is the right code and not just more code: the placebo does not do it.",
    "perhaps better": "Perhaps it is the right code and not just more code: the placebo is shown to do less before allowing for several comparisons.",
}
_NOT_AGAINST_PLACEBO = "But retrieval is not shown to be better than as much irrelevant code (placebo)."


def explain_retrieval(group: Group) -> str:
    """Why retrieval perhaps helped or not: was the right code found, and does the model use the right code at all?

    The split by what was found is known only after the run, and no p allows for it: it is called exploratory, and
    nothing that rests on it is said for certain.
    """
    gain = group.gain(RETRIEVAL, NONE)
    if gain is None:
        return ""
    parts = {each.name: each for each in group.slices if each.split == FOUND}
    found, missed = parts.get(FOUND_NAMES[True]), parts.get(FOUND_NAMES[False])
    n_found, n_missed = _count_pairs(found), _count_pairs(missed)
    oracle = group.gain(ORACLE, NONE)
    sentences = []
    if n_found + n_missed:
        sentences.append(f"Retrieval showed the right code in {n_found} of {n_found + n_missed} cases.")
        sentences.append(_describe_parts(found, missed))
    else:
        sentences.append("No case says which code is the right one, so the gain cannot be split by it.")
    if oracle is not None:
        sentences.append(f"Given the right code itself (oracle), the gain is {write_signed(oracle.difference)}.")
    sentences.append(_conclude(gain, oracle, found, missed))
    placebo = group.gain(RETRIEVAL, PLACEBO)
    if placebo is not None and judge_gain(gain) == "better":
        sentences.append(_AGAINST_PLACEBO.get(judge_gain(placebo), _NOT_AGAINST_PLACEBO))
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_parts(found: Slice | None, missed: Slice | None) -> str:
    """The gains of the split by what was retrieved, called what they are."""
    gains = [
        f"{write_signed(part.gain.difference)} {word} ({count_noun(part.gain.n_pairs, 'pair')})"
        for part, word in ((found, "there"), (missed, "elsewhere"))
        if part is not None and part.gain is not None
    ]
    return f"Exploratory, for no p allows for this split: the gain is {' and '.join(gains)}." if gains else ""


def _conclude(gain: Gain, oracle: Gain | None, found: Slice | None, missed: Slice | None) -> str:
    """The reason that split and oracle point to: the wrong code, or a model that does not use the right one.

    The oracle's gain was tested and says how sure it is; what the split says is never more than perhaps.
    """
    n_found, n = _count_pairs(found), _count_pairs(found) + _count_pairs(missed)
    mostly_found = n > 0 and n_found / n >= _MOSTLY
    verdict = judge_gain(gain)
    if verdict.endswith("better"):
        if n >= _FEW and not mostly_found:
            opening = "Perhaps it helped" if verdict.startswith("perhaps") else "It helped"
            return f"{opening} although the right code was mostly not retrieved: a better search may bring more."
        return ""
    opening = {"worse": "It hurt", "perhaps worse": "Perhaps it hurt"}.get(verdict, "It brought no gain that shows")
    if found is not None and found.gain is not None and judge_gain(found.gain).endswith("better"):
        if missed is not None and missed.gain is not None and missed.gain.difference < 0:
            return f"{opening}: perhaps the right code helps, and the wrong code in the other cases takes that away."
        return f"{opening} over all cases: perhaps the right code helps, but was not retrieved often enough."
    if oracle is None:
        return f"{opening}; without the oracle arm it cannot be said whether search or model is why."
    if not judge_gain(oracle).endswith("better"):
        return (
            f"{opening}, and the right code itself brings none that shows either: this model is not shown to use the "
            "right code here, so nothing says that a better search would help it."
        )
    helps = "does help" if judge_gain(oracle) == "better" else "perhaps helps"
    if n == 0:
        return f"{opening}, though the right code {helps} this model: perhaps search or packing is why."
    if not mostly_found:
        return f"{opening}, perhaps since the wrong code was retrieved: the right code {helps} this model."
    return (
        f"{opening} though the right code was mostly there, and {helps} when it stands alone: perhaps the model does "
        "not make use of it among other code."
    )


def _count_pairs(part: Slice | None) -> int:
    return part.gain.n_pairs if part is not None and part.gain is not None else 0
