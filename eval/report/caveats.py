"""What readers should know before they quote a figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter

from eval.running.records import WEIGHTS, RunSetup
from eval.stats import MIN_CLUSTERS
from eval.tasks import FACTS, list_tasks, load_task

from .figures import NONE, ORACLE, PLACEBO, RETRIEVAL
from .records import ArmFigures, Group
from .splits import FOUND
from .wording import INTERIM, write_commit

_SHORT = 0.9  # a placebo below that part of what was retrieved gets a caveat
_ASKED_FOR_TEXT = (*FACTS, "reasoning", "cruxeval")  # by the prompt for answers; all others by that for code
_CALIBRATED = ("questions", "questions-free")  # those whose curve of risk against coverage is of what users ask
_CITING = "questions-free"  # the only task that measures citations and invented names, which grounding decides
_NAMED_BY_VALUE = ("encoder", "max_file_bytes", "confidence_fit")
_JUDGING = "judging code for"
_ALWAYS = (
    "An interval says how much a figure would vary over other cases of the same repositories. It says nothing about "
    "other repositories, models, prompts or budgets: each repository is reported on its own.",
    "Accuracies of different tasks or repositories are not comparable, since their cases differ in difficulty. Compare "
    "only arms of one task on one repository: they are asked the same cases.",
    "Seconds were measured on one machine that may have been busy with other work: ratios say more than values. A "
    "cached answer counts with the seconds that it took when it was asked.",
    "A model may have seen public code in its training, which raises every arm.",
    "Wilson's interval of a share, McNemar's exact p (adjusted by Holm or not) and the smallest detectable difference "
    "treat cases as independent. Where many cases come from one file, the interval is too narrow, p is too small, and "
    "the smallest detectable difference is in truth larger. That difference is also for one test at 0.05: after "
    "adjusting for several comparisons it is larger.",
)


def list_caveats(groups: Sequence[Group], setups: Sequence[RunSetup]) -> list[str]:
    """The caveats of every report, then those of this one."""
    return [
        *_ALWAYS,
        *_warn_of_chance(setups),
        *_warn_of_hosted(groups, setups),
        *_warn_of_cases(groups),
        *_warn_of_arms(groups),
        *_warn_of_gains(groups),
        *_warn_of_unequal_runs(setups),
    ]


def _warn_of_chance(setups: Sequence[RunSetup]) -> list[str]:
    """How answers were chosen: greedily or sampled."""
    caveats = []
    if any(not setup.temperature for setup in setups):
        caveats.append("Each answer is a single greedy one: how much answers vary when asked again is not measured.")
    if any(setup.temperature for setup in setups):
        caveats.append("Answers were sampled (temperature above 0): the figures are for the first answer to each case.")
    return caveats


def _warn_of_hosted(groups: Sequence[Group], setups: Sequence[RunSetup]) -> list[str]:
    """What cannot be known of a model that somebody else serves."""
    caveats = []
    hosted = sorted({setup.model for setup in setups if WEIGHTS in setup.model_identity})
    if hosted:
        caveats.append(
            f"The weights of {', '.join(hosted)} are not pinned: the provider can change them under the same name, "
            "even during a run, so the same command may give other figures. Seconds include the network and whatever "
            "else the provider was doing."
        )
    estimated = sorted({group.model for group in groups if any(arm.n_estimated for arm in group.arms)})
    if estimated:
        caveats.append(
            f"{', '.join(estimated)} did not say how many tokens it read and wrote: tokens of prompts and answers are "
            "estimated from the length of the texts, and can be wrong by a third."
        )
    return caveats


def _warn_of_cases(groups: Sequence[Group]) -> list[str]:
    """Which code was asked about, and which models were asked."""
    caveats = []
    if any(group.task in ("completion", "repair", "reasoning") for group in groups):
        caveats.append(
            "Only functions that the repository's own tests execute are asked about: they are not a random sample of "
            "its code, and passing the tests is not the same as being right. Cases are taken from files in turn, so "
            "small files count for more than their share."
        )
    if any(group.task == "completion" for group in groups):
        caveats.append(
            "In `completion`, functions with a docstring come before all others, and the docstring is in the prompt "
            "and in the search query: the figures are for documented code, as far as there is enough of it."
        )
    if any(group.task == "reasoning" for group in groups):
        caveats.append(
            "Cases of `reasoning` are calls, up to five of one function, so they cover fewer functions than there are "
            "cases."
        )
    if any(re.search(r"(?<![\d.])(0\.5|1\.5|3)b", group.model.lower()) for group in groups):
        caveats.append(
            "The models are small. Larger ones may gain more or less from retrieval: they use context better, and know "
            "more without it."
        )
    return caveats


def _warn_of_arms(groups: Sequence[Group]) -> list[str]:
    """What a placebo or an oracle contains that it should not, or lacks."""
    caveats = []
    short = [group for group in groups if _has_short_placebo(group)]
    if short:
        named = ", ".join(f"{group.task} on {group.repo}" for group in short)
        caveats.append(
            f"The placebo holds clearly fewer tokens than what was retrieved ({named}): there, a gain over it may be "
            "due to length alone."
        )
    if named := _list_placebos(groups, attrgetter("n_short")):
        caveats.append(
            "Some placebos hold less than 80 % of the tokens that were retrieved for their case, because the index has "
            f"too little other code ({named}): a gain over them may be due to length alone."
        )
    if named := _list_placebos(groups, attrgetter("n_relaxed")):
        caveats.append(
            "Some placebos hold code that is close to the query or shares a rare name with the prompt, because the "
            f"index has too little other code ({named}): a gain over them may be underestimated."
        )
    empty = [
        (group, gain) for group in groups if (gain := group.gain(ORACLE, NONE)) is not None and gain.n_without_sources
    ]
    if empty:
        named = ", ".join(f"{gain.n_without_sources} of {group.task} on {group.repo}" for group, gain in empty)
        caveats.append(
            "The oracle is empty for cases that use nothing else of their repository. Differences from it leave these "
            f"out ({named}); its share of right answers covers all cases."
        )
    return caveats


def _warn_of_gains(groups: Sequence[Group]) -> list[str]:
    """What intervals, tests and splits do not say."""
    caveats = []
    n_tests = max((gain.n_tests for group in groups for gain in group.gains), default=1)
    if n_tests > 1:
        caveats.append(
            f"Up to {n_tests} comparisons of one kind are made or planned: the adjusted p (Holm) accounts for that, "
            "the intervals do not."
        )
    if any(gain.n_files < 2 * MIN_CLUSTERS for group in groups for gain in group.gains):
        caveats.append(
            f"Some comparisons rest on fewer than {2 * MIN_CLUSTERS} files, where a bootstrap over files tends to be "
            f"too narrow. With fewer than {MIN_CLUSTERS} no interval is given, and the exact test decides alone."
        )
    if any(each.split == FOUND for group in groups for each in group.slices):
        caveats.append(
            "Cases whose right code was retrieved are not a random half: they can be easier. Compare the gains of the "
            "two parts, not their accuracies. The split is exploratory: it is made after the run, and no p-value "
            "covers it."
        )
    if any(group.missing for group in groups):
        caveats.append(f"Some arms are not complete: differences cover the cases that both arms have. {INTERIM}")
    return caveats


def _warn_of_unequal_runs(setups: Sequence[RunSetup]) -> list[str]:
    """What the runs of one report do not have in common."""
    caveats = []
    commits = _find_commits(setups)
    if len(commits) > 1:
        caveats.append(f"The runs were made with different versions of Quarry: {', '.join(commits)}.")
    caveats += describe_versions(setups)
    if len({setup.context_tokens for setup in setups}) > 1:
        caveats.append("The runs had different caps on context: do not compare arms of one with arms of another.")
    return caveats


def describe_versions(setups: Sequence[RunSetup], *, in_short: bool = False) -> list[str]:
    """A sentence for each thing (prompt, search, task's version, ...) whose version differs between rows, and one on
    rows of another task version than today's. The code that judges is compared within a task, by its fingerprint.
    ``in_short`` does not name the rows that differ in the code that judges, nor those of another task version.
    """
    rows: dict[str, dict[str, list[str]]] = {}  # by thing, then by its version
    older: list[str] = []
    for setup in setups:
        for task in setup.tasks:
            others = {"code_prompt" if task.task in _ASKED_FOR_TEXT else "prompt"}
            if task.task != _CITING:
                others.add("grounding")
            if task.task not in _CALIBRATED:
                others.add("confidence_fit")
            row = f"{task.task} on {task.repo} by {setup.model.rpartition('/')[2]}"
            versions = {_name_part(part): value for part, value in setup.decisive.items() if part not in others}
            if engine := setup.model_identity.get("engine"):
                versions["engine"] = engine
            versions[f"version of {task.task}"] = task.version
            versions[f"{_JUDGING} {task.task}"] = task.scoring.get("code", "not recorded")
            for part, version in versions.items():
                rows.setdefault(part, {}).setdefault(str(version), []).append(row)
            today = load_task(task.task).version if task.task in list_tasks() else task.version
            older += [f"{row} ({task.version}, today {today})"] if task.version != today else []
    differing = {part: versions for part, versions in rows.items() if len(versions) > 1}
    named = {part: versions for part, versions in differing.items() if not (in_short and part.startswith(_JUDGING))}
    found = [
        f"Not all rows have the same {part}: {_list_versions(versions)}. Compare these rows with care."
        for part, versions in named.items()
    ]
    if len(named) < len(differing):
        found.append("Some rows of the same task were judged by different code: the caveats say which.")
    if older:
        listed = "the caveats say which" if in_short else ", ".join(dict.fromkeys(older))
        found.append(
            "Some rows were made with another version of their task than today's, which makes other cases, hides more "
            f"or judges differently: {listed}."
        )
    return found


def _name_part(part: str) -> str:
    """A part of ``RunSetup.decisive`` in words: all but three are version numbers."""
    return part.replace("_", " ") + ("" if part in _NAMED_BY_VALUE else " version")


def _list_versions(versions: Mapping[str, Sequence[str]]) -> str:
    """Each version with its rows, the most frequent one last; where that has several rows, they are not named."""
    *fewer, (most, of_most) = sorted(versions.items(), key=lambda each: len(set(each[1])))
    named = [f"{version} for {', '.join(dict.fromkeys(rows))}" for version, rows in fewer]
    several = len(set(of_most)) > 1
    return "; ".join([*named, f"{most} for {'all other rows concerned' if several else of_most[0]}"])


def _list_placebos(groups: Sequence[Group], count: Callable[[ArmFigures], int]) -> str:
    """In how many of its cases the placebo is such, by task and repository; groups without any are not listed."""
    counted = [(group, arm, count(arm)) for group in groups if (arm := group.arm(PLACEBO)) is not None]
    return ", ".join(f"{n} of {arm.n} of {group.task} on {group.repo}" for group, arm, n in counted if n)


def _has_short_placebo(group: Group) -> bool:
    placebo, retrieval = group.arm(PLACEBO), group.arm(RETRIEVAL)
    return placebo is not None and retrieval is not None and placebo.context_tokens < _SHORT * retrieval.context_tokens


def _find_commits(setups: Sequence[RunSetup]) -> list[str]:
    commits = [start.quarry_commit for setup in setups for start in setup.starts]
    return list(dict.fromkeys(write_commit(commit) for commit in commits if commit))
