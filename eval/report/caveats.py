"""What a reader should know before they quote a figure."""

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

_SHORT = 0.9  # a placebo of less than that part of what was retrieved is said
_ASKED_FOR_TEXT = (*FACTS, "reasoning", "cruxeval")  # by the prompt for answers; all others by that for code
_CITING = "questions-free"  # the only task that measures citations and invented names, which grounding decides
_JUDGING = "the code that judges"
_ALWAYS = (
    "An interval says how much the figure would vary over other cases of these repositories. It says nothing of "
    "other repositories, models, prompts or budgets: each repository is reported by itself.",
    "Accuracies of different tasks or repositories are not comparable: their cases differ in difficulty. Only arms "
    "of one task on one repository are asked the same.",
    "Seconds were measured on one machine, perhaps with other work beside them: ratios say more than values. An "
    "answer from the cache counts with the seconds that it took when it was asked.",
    "A model may have seen public code in its training, which lifts every arm.",
    "Wilson's interval of a share, McNemar's exact p (adjusted by Holm or not) and the smallest visible difference "
    "take cases as independent: where many are of one file, the interval is too narrow, p too small and that "
    "difference larger. The smallest visible difference is that of one test at 0.05: after allowing for several "
    "comparisons it is larger.",
)


def list_caveats(groups: Sequence[Group], setups: Sequence[RunSetup]) -> list[str]:
    """What holds of every report, then what holds of this one."""
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
    """Whether an answer would be the same again."""
    caveats = []
    if any(not setup.temperature for setup in setups):
        caveats.append("One greedy answer for each case: how much answers vary when asked again is not measured.")
    if any(setup.temperature for setup in setups):
        caveats.append("Answers were drawn by chance (temperature above 0): the figures are of the first one of each.")
    return caveats


def _warn_of_hosted(groups: Sequence[Group], setups: Sequence[RunSetup]) -> list[str]:
    """What cannot be known of a model that somebody else serves."""
    caveats = []
    hosted = sorted({setup.model for setup in setups if WEIGHTS in setup.model_identity})
    if hosted:
        caveats.append(
            f"The weights of {', '.join(hosted)} are not pinned: the provider can change them under the same name, "
            "even during a run, so that the same command need not give the same figures again. Seconds hold the "
            "network and whatever else the provider had to do."
        )
    estimated = sorted({group.model for group in groups if any(arm.n_estimated for arm in group.arms)})
    if estimated:
        caveats.append(
            f"{', '.join(estimated)} did not say how many tokens it read and wrote: tokens of prompts and answers are "
            "estimates from the texts' length, and can be wrong by a third."
        )
    return caveats


def _warn_of_cases(groups: Sequence[Group]) -> list[str]:
    """Which code was asked about, and which models were asked."""
    caveats = []
    if any(group.task in ("completion", "repair", "reasoning") for group in groups):
        caveats.append(
            "Only functions that the repository's own tests execute are asked about: these are not a random sample of "
            "its code, and passing the tests is not the same as being right. Files take turns, so the code of small "
            "ones counts more than its share."
        )
    if any(group.task == "completion" for group in groups):
        caveats.append(
            "Of `completion`, functions with a docstring come before all others, and the docstring is in the prompt "
            "and in what is searched for: the figures are of documented code, as long as there is enough of it."
        )
    if any(group.task == "reasoning" for group in groups):
        caveats.append(
            "Cases of `reasoning` are calls, up to five of one function: they are of fewer functions than there are "
            "cases."
        )
    if any(re.search(r"(?<![\d.])(0\.5|1\.5|3)b", group.model.lower()) for group in groups):
        caveats.append(
            "The models are small. What retrieval brings to larger ones can differ either way: they use context "
            "better, and know more without it."
        )
    return caveats


def _warn_of_arms(groups: Sequence[Group]) -> list[str]:
    """What a placebo or an oracle holds that it should not, or lacks."""
    caveats = []
    short = [group for group in groups if _has_short_placebo(group)]
    if short:
        named = ", ".join(f"{group.task} on {group.repo}" for group in short)
        caveats.append(
            f"The placebo holds clearly fewer tokens than what was retrieved ({named}): a gain over it may be one of "
            "length there."
        )
    if named := _list_placebos(groups, attrgetter("n_short")):
        caveats.append(
            "Some placebos hold less than 80 % of the tokens that were retrieved for their case, since the index has "
            f"too little other ({named}): a gain over them may be one of length."
        )
    if named := _list_placebos(groups, attrgetter("n_relaxed")):
        caveats.append(
            "Some placebos hold code that is near the query or shares a rare name with the prompt, since the index has "
            f"too little other ({named}): a gain over them may be too small."
        )
    empty = [
        (group, gain) for group in groups if (gain := group.gain(ORACLE, NONE)) is not None and gain.n_without_sources
    ]
    if empty:
        named = ", ".join(f"{gain.n_without_sources} of {group.task} on {group.repo}" for group, gain in empty)
        caveats.append(
            "The oracle is empty for cases that use nothing of their repository: differences from it are over the "
            f"others (left out: {named}), its share of right answers is over all."
        )
    return caveats


def _warn_of_gains(groups: Sequence[Group]) -> list[str]:
    """What intervals, tests and parts of the cases do not say."""
    caveats = []
    n_tests = max((gain.n_tests for group in groups for gain in group.gains), default=1)
    if n_tests > 1:
        caveats.append(
            f"Up to {n_tests} comparisons of one kind are made or planned: the adjusted p (Holm) allows for that, the "
            "intervals do not."
        )
    if any(gain.n_files < 2 * MIN_CLUSTERS for group in groups for gain in group.gains):
        caveats.append(
            f"Some comparisons rest on fewer than {2 * MIN_CLUSTERS} files, where a bootstrap over files tends to be "
            f"too narrow; with fewer than {MIN_CLUSTERS} no interval is given, and the exact test decides alone."
        )
    if any(each.split == FOUND for group in groups for each in group.slices):
        caveats.append(
            "Cases whose code was retrieved are not a random half: they can be easier. Compare the gains of the two "
            "parts, not their accuracies. That split is exploratory: it is made after the run, and no p allows for it."
        )
    if any(group.missing for group in groups):
        caveats.append(f"Some arms are not complete: differences are over the cases that both arms have. {INTERIM}")
    return caveats


def _warn_of_unequal_runs(setups: Sequence[RunSetup]) -> list[str]:
    """What the runs of one report do not have in common."""
    caveats = []
    commits = _find_commits(setups)
    if len(commits) > 1:
        caveats.append(f"The runs were made with different versions of Quarry: {', '.join(commits)}.")
    caveats += describe_versions(setups)
    if len({setup.context_tokens for setup in setups}) > 1:
        caveats.append("The runs had different caps on context: their arms are not comparable with each other.")
    return caveats


def describe_versions(setups: Sequence[RunSetup], *, names_judging: bool = True) -> list[str]:
    """What decided some rows in another version than others, a sentence for each such part; and which rows today's
    code would not make again. The code that judges is compared within a task, by its fingerprint: of all its
    differences together it is only said that they are, unless ``names_judging``.
    """
    rows: dict[str, dict[str, list[str]]] = {}  # of a part by version
    older: list[str] = []
    for setup in setups:
        for task in setup.tasks:
            others = {"code_prompt" if task.task in _ASKED_FOR_TEXT else "prompt"}
            if task.task != _CITING:
                others.add("grounding")
            row = f"{task.task} on {task.repo} by {setup.model.rpartition('/')[2]}"
            versions = {part.replace("_", " "): value for part, value in setup.decisive.items() if part not in others}
            versions[f"the version of {task.task}"] = task.version
            versions[f"{_JUDGING} {task.task}"] = task.scoring.get("code", "one not recorded")
            for part, version in versions.items():
                rows.setdefault(part, {}).setdefault(str(version), []).append(row)
            today = load_task(task.task).version if task.task in list_tasks() else task.version
            older += [f"{row} ({task.version}, today {today})"] if task.version != today else []
    differing = {part: versions for part, versions in rows.items() if len(versions) > 1}
    named = {part: versions for part, versions in differing.items() if names_judging or not part.startswith(_JUDGING)}
    found = [
        f"Rows differ in {part}: {_list_versions(versions)}. What they found is not of one version of Quarry."
        for part, versions in named.items()
    ]
    if len(named) < len(differing):
        found.append(
            "Rows of one task differ in the code that judges it; which ones stands under what to keep in mind."
        )
    if older:
        listed = ", ".join(dict.fromkeys(older))
        found.append(
            "Of another version of their task than today's, which makes other cases, hides more or judges otherwise: "
            f"{listed}."
        )
    return found


def _list_versions(versions: Mapping[str, Sequence[str]]) -> str:
    """Each version with its rows, the most frequent one last; that is of all others, where it has several."""
    *fewer, (most, of_most) = sorted(versions.items(), key=lambda each: len(set(each[1])))
    named = [f"{version} for {', '.join(dict.fromkeys(rows))}" for version, rows in fewer]
    several = len(set(of_most)) > 1
    return "; ".join([*named, f"{most} for {'all others that it decides' if several else of_most[0]}"])


def _list_placebos(groups: Sequence[Group], count: Callable[[ArmFigures], int]) -> str:
    """In how many of its cases the placebo is of a kind, by task and repository; those without any are not listed."""
    counted = [(group, arm, count(arm)) for group in groups if (arm := group.arm(PLACEBO)) is not None]
    return ", ".join(f"{n} of {arm.n} of {group.task} on {group.repo}" for group, arm, n in counted if n)


def _has_short_placebo(group: Group) -> bool:
    placebo, retrieval = group.arm(PLACEBO), group.arm(RETRIEVAL)
    return placebo is not None and retrieval is not None and placebo.context_tokens < _SHORT * retrieval.context_tokens


def _find_commits(setups: Sequence[RunSetup]) -> list[str]:
    commits = [start.quarry_commit for setup in setups for start in setup.starts]
    return list(dict.fromkeys(write_commit(commit) for commit in commits if commit))
