"""Figures in plain sentences, gains and losses alike, and how numbers are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from eval.stats import CONFIDENCE, MIN_CLUSTERS, Interval, Share
from eval.tables import count_noun
from eval.tasks import FACTS

from .records import ArmFigures, Calibration, Gain, MeasureGain, PooledGain

Outcome = Literal["better", "perhaps better", "not significant", "perhaps worse", "worse"]

_FOLDERS_OF_PATH = re.compile(r"(?<![\w:/.])/(?:[\w.@+~-]+/)+")  # all but the last part
INTERIM = "p-values of unfinished runs are interim and may change."

_ALPHA = 1 - CONFIDENCE
_MAX_REASON_CHARS = 110
_COMMIT_CHARS = 12


def write_number(value: float, digits: int = 3) -> str:
    """With a fixed number of digits, and never a minus before zero."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def write_signed(value: float, digits: int = 3) -> str:
    """As a difference: with its sign, zero without."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def write_p(p: float) -> str:
    """A p-value to three digits, or ``< 0.001``."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def write_commit(commit: str) -> str:
    """Its first twelve digits, with the plus of a checkout that was changed since."""
    return commit[:_COMMIT_CHARS] + ("+" if commit[_COMMIT_CHARS:].endswith("+") else "")


def shorten_models(names: Iterable[str]) -> dict[str, str]:
    """Each model's name without its provider, where no two are the same without it."""
    short = {name: name.rpartition("/")[2] for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in short}


def write_interval(interval: Interval | None, *, signed: bool = False, digits: int = 3) -> str:
    """Its two ends, or why there is none."""
    if interval is None:
        return f"none: under {MIN_CLUSTERS} files"
    write = write_signed if signed else write_number
    return f"{write(interval.low, digits)} to {write(interval.high, digits)}"


def write_share(share: Share) -> str:
    """``0.350 (21 of 60)``."""
    return f"{write_number(share.share)} ({share.n_hits} of {share.n})" if share.share is not None else "none"


def judge_gain(gain: Gain) -> Outcome:
    """What a gain shows, in a word.

    It needs both an interval that excludes zero, which alone happens too often where few pairs differ, and an exact
    test below 0.05: after Holm for better or worse, before it for perhaps. With too few files for an interval the test
    decides alone.
    """
    if gain.p >= _ALPHA or not _excludes_zero(gain):
        return "not significant"
    is_sure = gain.p_holm < _ALPHA
    if gain.difference > 0:
        return "better" if is_sure else "perhaps better"
    return "worse" if is_sure else "perhaps worse"


def is_better(gain: Gain | None) -> bool:
    """Whether there is a gain, at least perhaps."""
    return gain is not None and judge_gain(gain) in ("better", "perhaps better")


def describe_gain(gain: Gain) -> str:
    """One or more sentences: what was seen, how sure it is, and what could have been detected."""
    outcome, arm = judge_gain(gain), gain.arm[:1].upper() + gain.arm[1:]
    over = f" ({describe_left_out(gain)})" if gain.n_without_sources else ""
    if not gain.n_gained and not gain.n_lost:  # a bootstrap of zeros has no width, and that is no certainty
        agree = f"The arms {gain.arm} and {gain.baseline} agree in all {_count_pairs(gain)}{over}."
        return f"{agree} {describe_detectable(gain)}"
    figures = f"{write_signed(gain.difference)} ({_describe_sureness(gain)}){over}"
    if outcome in ("better", "worse"):
        return f"{arm} was {outcome} than {gain.baseline}: {figures}."
    if outcome != "not significant":
        word = outcome.removeprefix("perhaps ")
        return (
            f"{arm} was {word} than {gain.baseline} when tested alone: {figures}; but not after adjusting for "
            f"{count_noun(gain.n_tests, 'comparison')} (Holm p {write_p(gain.p_holm)})."
        )
    clash = ""
    if gain.interval is not None and _excludes_zero(gain):
        differing = count_noun(gain.n_gained + gain.n_lost, "differing pair")
        clash = (
            f" The interval excludes zero, but with {differing} that happens too often by chance; the exact test is "
            "not significant."
        )
    elif gain.p < _ALPHA:
        clash = " The exact test alone is below 0.05, but the interval includes zero."
    opening = f"No significant difference between {gain.arm} and {gain.baseline}"
    return f"{opening}: {figures}.{clash} {describe_detectable(gain)}"


def describe_left_out(gain: Gain) -> str:
    """How many cases a comparison with the oracle leaves out, because they have no code to give."""
    n = gain.n_without_sources
    return f"{n} {'case has' if n == 1 else 'cases have'} no right code and {'is' if n == 1 else 'are'} left out"


def describe_shown(found: bool, task: str) -> str:
    """Whether an arm's passages showed a case's sources, and what these are. A right answer may need none of them."""
    if task in FACTS:
        return f"the lines that hold the answer were {'' if found else 'not '}shown"
    return f"{'a' if found else 'no'} definition that the original uses was shown"


def describe_follow_up(gain: Gain) -> str:
    """The gain where both arms have a second try."""
    return (
        f"With one follow-up in both arms, {gain.arm} minus {gain.baseline} is {write_signed(gain.difference)} "
        f"({describe_interval(gain.interval)}, {gain.n_pairs} pairs, p {write_p(gain.p)})."
    )


def describe_interval(interval: Interval | None) -> str:
    """A difference's interval. Alone it decides nothing, so it comes without a word on better or worse."""
    return f"95 % interval {write_interval(interval, signed=True)}" if interval else "no interval"


def describe_detectable(gain: Gain) -> str:
    """What the run could have detected at all, if as many pairs go the other way as did here."""
    n, word = min(gain.n_gained, gain.n_lost), "lost" if gain.difference >= 0 else "gained"
    against = f"{n} of {gain.n_pairs} pairs {word}, as here" if n else f"no pair {word}"
    if gain.detectable is None and n:
        return f"With {against}, the run had less than an 80 % chance of detecting even the largest difference."
    if gain.detectable is None:
        return "With so few pairs no difference can be significant."
    return (
        f"The run had an 80 % chance of detecting a true difference of {write_number(gain.detectable, 2)} (assuming "
        f"{against})."
    )


def describe_pooled(pooled: PooledGain) -> str:
    """The headline of one repository."""
    return (
        f"{pooled.arm} minus {pooled.baseline}: {write_signed(pooled.difference)} "
        f"({describe_interval(pooled.interval)}), the mean over {', '.join(pooled.tasks)}."
    )


def describe_measure(measure: MeasureGain) -> str:
    """A measure's difference in words of its scale."""
    if measure.scale == "ratio":
        return f"{write_number(measure.difference, 2)} times"
    return write_signed(measure.difference)


def describe_confidence(calibration: Calibration) -> str:
    """How well a confidence predicted that the answer is shown, and that it is right; empty where nothing is known."""
    parts = []
    if calibration.auroc is not None and calibration.ece is not None:
        parts.append(
            f"for whether the passages hold the answer, AUROC {write_number(calibration.auroc)} and expected "
            f"calibration error {write_number(calibration.ece)}"
        )
    if calibration.aurc is not None and calibration.aurc_random is not None:
        parts.append(
            f"for whether the answer is right, area under the risk-coverage curve {write_number(calibration.aurc)} "
            f"({write_number(calibration.aurc_random)} by chance; lower is better)"
        )
    opening = f"The search's confidence ({calibration.arm}, {calibration.n} cases, unanswerable ones included)"
    return f"{opening}: {'; '.join(parts)}." if parts else ""


def name_reason(explanation: str) -> str:
    """The first line without numbers, quoted parts and folders, so that equal reasons count together."""
    first = without_folders(explanation.strip().splitlines()[0]) if explanation.strip() else "no reason given"
    bare = re.sub(r"\d+(\.\d+)?", "N", re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "…", first))
    return bare if len(bare) <= _MAX_REASON_CHARS else bare[: _MAX_REASON_CHARS - 1] + "…"


def without_folders(text: str) -> str:
    """Of each absolute path its last part: where it lay on the machine is nobody's business."""
    return _FOLDERS_OF_PATH.sub("", text)


def _excludes_zero(gain: Gain) -> bool:
    """Whether the interval excludes zero; True without an interval, since the test then decides alone."""
    return gain.interval is None or not gain.interval.low <= 0 <= gain.interval.high


def _count_pairs(gain: Gain) -> str:
    """How many pairs there are, and how many there will be."""
    if not gain.n_unpaired:
        return count_noun(gain.n_pairs, "pair")
    return f"{gain.n_pairs} of {count_noun(gain.n_pairs + gain.n_unpaired, 'pair')} so far"


def _describe_sureness(gain: Gain) -> str:
    """Interval, pairs and p; without an interval what the p rests on."""
    pairs = _count_pairs(gain)
    if gain.interval is not None:
        return f"{describe_interval(gain.interval)}, {pairs}, p {write_p(gain.p)}"
    files = count_noun(gain.n_files, "file")
    test = "by the exact test, which treats cases as independent"
    return f"no interval from {files}; {pairs}, p {write_p(gain.p)} {test}"


def write_pass(arm: ArmFigures) -> str:
    """Estimates of pass@k, as in ``pass@1 0.250, pass@5 0.600``, and how many cases they lack; empty without any."""
    few = f" (leaving out {count_noun(arm.n_few_samples, 'case')} with fewer answers)" if arm.n_few_samples else ""
    return ", ".join(f"pass@{k} {share:.3f}" for k, share in arm.pass_at.items()) + few
