"""What figures say in plain sentences, gains and losses alike, and how numbers are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from eval.stats import CONFIDENCE, MIN_CLUSTERS, Interval, Share

from .figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from .records import Gain, Group, MeasureGain, PooledGain, Slice
from .splits import FOUND, FOUND_NAMES

_ALPHA = 1 - CONFIDENCE
_FEW = 10  # cases below which a split's difference is called a handful, and no conclusion is drawn from it
_MOSTLY = 0.5
_SHORT = 0.9  # a placebo of less than that part of what was retrieved is said
_MAX_REASON_CHARS = 110
_AGAINST_PLACEBO = {
    "better": "It is the right code and not just more code: the placebo does not do it.",
    "perhaps better": "Perhaps it is the right code and not just more code: the placebo does less by its interval.",
}
_NOT_AGAINST_PLACEBO = "But retrieval is not shown to be better than as much irrelevant code (placebo)."


def write_number(value: float, digits: int = 3) -> str:
    """With a fixed number of digits, and never a minus before zero."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def write_signed(value: float, digits: int = 3) -> str:
    """As a difference: with its sign, zero without."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def write_p(p: float) -> str:
    """A p-value to three digits, or that it is below."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def write_interval(interval: Interval | None, *, signed: bool = False, digits: int = 3) -> str:
    """Its two ends, or why there is none."""
    if interval is None:
        return f"none: under {MIN_CLUSTERS} files"
    write = write_signed if signed else write_number
    return f"{write(interval.low, digits)} to {write(interval.high, digits)}"


def write_share(share: Share) -> str:
    """``0.350 (21 of 60)``."""
    return f"{write_number(share.share)} ({share.n_hits} of {share.n})" if share.share is not None else "none"


def judge_gain(gain: Gain) -> str:
    """One of: better, worse, perhaps better, perhaps worse, not shown, unknown."""
    if gain.interval is None:
        return "unknown"
    if gain.interval.low <= 0 <= gain.interval.high:
        return "not shown"
    word = "better" if gain.difference > 0 else "worse"
    return word if gain.p_holm < _ALPHA else f"perhaps {word}"


def describe_gain(gain: Gain) -> str:
    """One or two sentences: what was seen, how sure it is, and what could have been seen."""
    verdict, arm = judge_gain(gain), gain.arm[:1].upper() + gain.arm[1:]
    if not gain.n_gained and not gain.n_lost:  # a bootstrap of zeros has no width, and that is no certainty
        return f"The arms {gain.arm} and {gain.baseline} agree in all {gain.n_pairs} pairs. {describe_detectable(gain)}"
    figures = f"{write_signed(gain.difference)} ({_describe_interval(gain.interval)}, {gain.n_pairs} pairs)"
    if verdict == "better":
        return f"{arm} was better than {gain.baseline}: {figures}."
    if verdict == "worse":
        return f"{arm} was worse than {gain.baseline}: {figures}."
    if verdict.startswith("perhaps"):
        word = verdict.split()[1]
        return (
            f"{arm} was {word} than {gain.baseline} by its interval, {figures}, but not after allowing for "
            f"{_count(gain.n_tests, 'comparison')} (Holm p {write_p(gain.p_holm)})."
        )
    if verdict == "unknown":
        return f"{arm} minus {gain.baseline}: {figures}; too few files to say how sure that is."
    return f"No difference of {gain.arm} and {gain.baseline} was shown: {figures}. {describe_detectable(gain)}"


def describe_follow_up(gain: Gain) -> str:
    """The gain where both arms have a second try."""
    return (
        f"With one follow-up for both, {gain.arm} minus {gain.baseline} is {write_signed(gain.difference)} "
        f"({_describe_interval(gain.interval)}, {gain.n_pairs} pairs, p {write_p(gain.p)})."
    )


def describe_sign(interval: Interval | None) -> str:
    """A difference's interval, and what it says alone: above zero, below zero, or no difference shown."""
    if interval is None:
        return "too few files for an interval"
    word = "above zero" if interval.low > 0 else "below zero" if interval.high < 0 else "no difference shown"
    return f"{_describe_interval(interval)}, {word}"


def describe_detectable(gain: Gain) -> str:
    """What the run could have seen at all."""
    if gain.detectable is None:
        return "So few pairs show no difference whatever happens."
    return f"A true difference of {write_number(gain.detectable, 2)} or more would have been seen in four of five runs."


def describe_pooled(pooled: PooledGain) -> str:
    """The headline of one repository."""
    return (
        f"{pooled.arm} minus {pooled.baseline} {write_signed(pooled.difference)} "
        f"({_describe_interval(pooled.interval)}), the mean over {', '.join(pooled.tasks)}."
    )


def describe_measure(measure: MeasureGain) -> str:
    """A measure's difference in words of its scale."""
    if measure.scale == "ratio":
        return f"{write_number(measure.difference, 2)} times"
    return write_signed(measure.difference)


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


def name_reason(explanation: str) -> str:
    """The first line, with numbers and quoted parts left out, so that equal reasons count together."""
    first = explanation.strip().splitlines()[0] if explanation.strip() else "no reason given"
    bare = re.sub(r"\d+(\.\d+)?", "N", re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "…", first))
    return bare if len(bare) <= _MAX_REASON_CHARS else bare[: _MAX_REASON_CHARS - 1] + "…"


def list_caveats(groups: Sequence[Group], setups: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a reader should know before they quote a figure."""
    caveats = [
        "An interval says how much the figure would vary over other cases of these repositories. It says nothing of "
        "other repositories, models, prompts or budgets: each repository is reported by itself.",
        "Accuracies of different tasks or repositories are not comparable: their cases differ in difficulty. Only arms "
        "of one task on one repository are asked the same.",
        "Seconds were measured on one machine, perhaps with other work beside them: ratios say more than values. An "
        "answer from the cache counts with the seconds that it took when it was asked.",
        "A model may have seen public code in its training, which lifts every arm.",
        "Wilson's interval of a share and the smallest visible difference take cases as independent: where many are of "
        "one file, the truth is wider and larger. The smallest visible difference is that of one test at 0.05: after "
        "allowing for several comparisons it is larger.",
    ]
    if any(not setup.get("temperature") for setup in setups):
        caveats.append("One greedy answer for each case: how much answers vary when asked again is not measured.")
    if any(setup.get("temperature") for setup in setups):
        caveats.append("Answers were drawn by chance (temperature above 0): the figures are of the first one of each.")
    if any(group.task in ("completion", "repair", "reasoning") for group in groups):
        caveats.append(
            "Only functions that the repository's own tests execute are asked about: these are not a random sample of "
            "its code, and passing the tests is not the same as being right."
        )
    if any(re.search(r"(?<![\d.])(0\.5|1\.5|3)b", group.model.lower()) for group in groups):
        caveats.append(
            "The models are small. What retrieval brings to larger ones can differ either way: they use context "
            "better, and know more without it."
        )
    short = [group for group in groups if _has_short_placebo(group)]
    if short:
        named = ", ".join(f"{group.task} on {group.repo}" for group in short)
        caveats.append(
            f"The placebo holds clearly fewer tokens than what was retrieved ({named}): a gain over it may be one of "
            "length there."
        )
    relaxed = [(group, arm) for group in groups if (arm := group.arm(PLACEBO)) is not None and arm.n_relaxed]
    if relaxed:
        named = ", ".join(f"{arm.n_relaxed} of {arm.n} of {group.task} on {group.repo}" for group, arm in relaxed)
        caveats.append(
            "Some placebos hold code that is near the query or shares a rare name with the prompt, since the index has "
            f"too little other ({named}): a gain over them may be too small."
        )
    n_tests = max((gain.n_tests for group in groups for gain in group.gains), default=1)
    if n_tests > 1:
        caveats.append(
            f"Up to {n_tests} comparisons of one kind stand side by side: the adjusted p (Holm) allows for that, the "
            "intervals do not."
        )
    if any(gain.n_files < 2 * MIN_CLUSTERS for group in groups for gain in group.gains):
        caveats.append(
            f"Some comparisons rest on fewer than {2 * MIN_CLUSTERS} files, where a bootstrap over files tends to be "
            f"too narrow; with fewer than {MIN_CLUSTERS} no interval is given."
        )
    if any(each.split == FOUND for group in groups for each in group.slices):
        caveats.append(
            "Cases whose code was retrieved are not a random half: they can be easier. Compare the gains of the two "
            "parts, not their accuracies. That split is exploratory: it is made after the run, and no p allows for it."
        )
    if any(group.missing for group in groups):
        caveats.append("Some arms are not complete: differences are over the cases that both arms have.")
    commits = _find_commits(setups)
    if len(commits) > 1:
        caveats.append(f"The runs were made with different versions of Quarry: {', '.join(commits)}.")
    if len({str(setup.get("context_tokens")) for setup in setups}) > 1:
        caveats.append("The runs had different caps on context: their arms are not comparable with each other.")
    return caveats


def _has_short_placebo(group: Group) -> bool:
    placebo, retrieval = group.arm(PLACEBO), group.arm(RETRIEVAL)
    return placebo is not None and retrieval is not None and placebo.context_tokens < _SHORT * retrieval.context_tokens


def _find_commits(setups: Sequence[Mapping[str, Any]]) -> list[str]:
    starts = [start for setup in setups for start in setup.get("starts", ())]
    return list(dict.fromkeys(str(start["quarry_commit"])[:12] for start in starts if start.get("quarry_commit")))


def _describe_interval(interval: Interval | None) -> str:
    return f"95 % interval {write_interval(interval, signed=True)}" if interval else "no interval"


def _describe_parts(found: Slice | None, missed: Slice | None) -> str:
    """The gains of the split by what was retrieved, called what they are."""
    gains = [
        f"{write_signed(part.gain.difference)} {word} ({_count(part.gain.n_pairs, 'pair')})"
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
    if verdict == "unknown":
        return "There are too few files to say whether it helped, or why."
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
    if judge_gain(oracle) == "unknown":
        return f"{opening}; the oracle has too few files to say whether the right code would have."
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


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def write_pass(pass_at: Mapping[str, float]) -> str:
    """Estimates of pass@k, as in ``pass@1 0.250, pass@5 0.600``."""
    return ", ".join(f"pass@{k} {share:.3f}" for k, share in pass_at.items())
