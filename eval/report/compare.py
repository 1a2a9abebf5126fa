"""Two runs side by side on the same cases: two models, or two versions of Quarry, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from eval.cases import UNANSWERABLE, Result
from eval.errors import RunMismatch
from eval.running.records import RunSetup
from eval.stats import Interval, Share, adjust_holm, count_share, difference_interval
from eval.tables import to_table

from .figures import NONE, RETRIEVAL, compare_arms, is_valid, order_arms, pair_results
from .reading import Runs
from .records import Gain
from .text import gains_table
from .wording import INTERIM, write_interval, write_share, write_signed

_SECOND, _FIRST = "second", "first"
_Place = tuple[str, str, str]  # repo, task, arm


@dataclass(frozen=True, slots=True)
class Change:
    """One arm of one task in both runs, over the cases that both have: ``gain`` is the second minus the first."""

    repo: str
    task: str
    arm: str
    first: Share
    second: Share
    n_only_first: int
    n_only_second: int
    gain: Gain


@dataclass(frozen=True, slots=True)
class GainChange:
    """Retrieval minus none in both runs over the cases that have all four results, and how much it differs."""

    repo: str
    task: str
    n_cases: int
    n_files: int
    first: float
    second: float
    difference: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything of a comparison. ``differs`` are the unequal parts of the set-ups: (name, first, second)."""

    first: str
    second: str
    differs: Sequence[tuple[str, str, str]]
    changes: Sequence[Change]
    gain_changes: Sequence[GainChange]


def compare_runs(first: Runs, second: Runs, names: tuple[str, str], seed: int = 0) -> Comparison:
    """Pair the cases of two runs, each of one model. Raises RunMismatch if they have none in common."""
    for runs, name in zip((first, second), names, strict=True):
        models = sorted({result.model for result in runs.results})
        if len(models) > 1:
            raise RunMismatch(f"{name} holds several models ({', '.join(models)}): compare runs of one model each.")
    before, after = _by_place(first.results), _by_place(second.results)
    changes = []
    for place in _order(before, after):
        own, other = after[place], before[place]
        pairs = pair_results(own, other)
        n_shared = len(own.keys() & other.keys())
        gain = compare_arms(pairs, n_shared, seed, (_SECOND, _FIRST))
        if gain is not None:
            changes.append(
                Change(
                    *place,
                    first=count_share(theirs.score.is_correct for _, theirs in pairs),
                    second=count_share(ours.score.is_correct for ours, _ in pairs),
                    n_only_first=len(other) - n_shared,
                    n_only_second=len(own) - n_shared,
                    gain=gain,
                )
            )
    if not changes:
        raise RunMismatch(
            f"{names[0]} and {names[1]} have no case and arm in common: compare runs of the same task, repository, "
            "seed and arms."
        )
    return Comparison(
        first=names[0],
        second=names[1],
        differs=_list_differences(first, second),
        changes=_adjust(changes),
        gain_changes=_compare_gains(before, after, seed),
    )


def to_text(comparison: Comparison) -> str:
    """A comparison as Markdown that reads as plain text too."""
    parts = [f"first: {comparison.first}\nsecond: {comparison.second}"]
    if comparison.differs:
        parts.append(to_table(["differs", "first", "second"], [list(row) for row in comparison.differs]))
    rows = []
    for each in comparison.changes:
        left_out = f"{each.n_only_first} and {each.n_only_second}"
        rows.append(
            [f"{each.task} on {each.repo}", each.arm, write_share(each.first), write_share(each.second), left_out]
        )
    parts.append(to_table(["task", "arm", "first", "second", "cases of one run only"], rows))
    named = [replace(each.gain, arm=f"{each.task}, {each.repo}, {each.arm}: second") for each in comparison.changes]
    parts.append(gains_table(named))
    if any(each.n_only_first or each.n_only_second for each in comparison.changes):
        parts.append(f"One run has cases that the other lacks. {INTERIM}")
    if comparison.gain_changes:
        rows = [
            [
                f"{each.task} on {each.repo}",
                str(each.n_cases),
                write_signed(each.first),
                write_signed(each.second),
                write_signed(each.difference),
                write_interval(each.interval, signed=True),
            ]
            for each in comparison.gain_changes
        ]
        parts.append(to_table(["retrieval minus none", "cases", "first", "second", "change", "95 % interval"], rows))
    return "\n\n".join(parts) + "\n"


def _by_place(results: Sequence[Result]) -> dict[_Place, dict[str, Result]]:
    """Unanswerable questions are a task of their own: refusing them is another thing than answering."""
    places: dict[_Place, dict[str, Result]] = {}
    for result in results:
        task = f"{result.task} ({UNANSWERABLE})" if result.is_unanswerable else result.task
        places.setdefault((result.repo, task, result.arm), {})[result.case_id] = result
    return places


def _order(before: Mapping[_Place, object], after: Mapping[_Place, object]) -> list[_Place]:
    shared = [place for place in after if place in before]
    arms = order_arms(arm for _, _, arm in shared)
    tasks = list(dict.fromkeys((repo, task) for repo, task, _ in shared))
    return sorted(shared, key=lambda place: (tasks.index(place[:2]), arms.index(place[2])))


def _adjust(changes: Sequence[Change]) -> list[Change]:
    """Holm over all tasks and repositories of an arm."""
    adjusted = list(changes)
    for arm in dict.fromkeys(change.arm for change in changes):
        own = [number for number, change in enumerate(changes) if change.arm == arm]
        for number, p in zip(own, adjust_holm([changes[number].gain.p for number in own]), strict=True):
            gain = replace(changes[number].gain, p_holm=p, n_tests=len(own))
            adjusted[number] = replace(changes[number], gain=gain)
    return adjusted


def _compare_gains(
    before: Mapping[_Place, Mapping[str, Result]], after: Mapping[_Place, Mapping[str, Result]], seed: int
) -> list[GainChange]:
    found = []
    for repo, task in dict.fromkeys((repo, task) for repo, task, _ in after):
        cells = [runs.get((repo, task, arm), {}) for runs in (before, after) for arm in (NONE, RETRIEVAL)]
        ids = [case_id for case_id in cells[0] if all(case_id in cell and is_valid(cell[case_id]) for cell in cells)]
        if not ids:
            continue
        rights = [[int(cell[case_id].score.is_correct) for case_id in ids] for cell in cells]
        firsts = [with_code - without for without, with_code in zip(rights[0], rights[1], strict=True)]
        seconds = [with_code - without for without, with_code in zip(rights[2], rights[3], strict=True)]
        differences = [later - earlier for earlier, later in zip(firsts, seconds, strict=True)]
        files = [cells[0][case_id].cluster for case_id in ids]
        found.append(
            GainChange(
                repo=repo,
                task=task,
                n_cases=len(ids),
                n_files=len(set(files)),
                first=sum(firsts) / len(ids),
                second=sum(seconds) / len(ids),
                difference=sum(differences) / len(ids),
                interval=difference_interval(differences, files, seed=seed),
            )
        )
    return found


def _list_differences(first: Runs, second: Runs) -> list[tuple[str, str, str]]:
    """The leaves of the first set-ups that differ, and of the tasks that both have; when and how far is left out."""
    flat = [_flatten_setup(runs.setups[0]) if runs.setups else {} for runs in (first, second)]
    rows = [(name, flat[0].get(name, ""), flat[1].get(name, "")) for name in dict.fromkeys([*flat[0], *flat[1]])]
    tasks = [_flatten_tasks(runs.setups) for runs in (first, second)]
    rows += [(name, value, tasks[1][name]) for name, value in tasks[0].items() if name in tasks[1]]
    rows.append(("quarry_commit", first.commit, second.commit))
    return [row for row in rows if row[1] != row[2]]


def _flatten_setup(setup: RunSetup) -> dict[str, str]:
    return _flatten({name: value for name, value in asdict(setup).items() if name not in ("starts", "tasks")})


def _flatten_tasks(setups: Sequence[RunSetup]) -> dict[str, str]:
    """What decided the cases of each task, its answers' length and its verdicts, as far as it is known.

    Cases are compared by their ids, which are the same where a function is, also with another prompt or tree.
    """
    parts = {}
    for task in (task for setup in setups for task in setup.tasks):
        own: dict[str, object] = {name: getattr(task, name) for name in ("version", "max_tokens", "cases", "index")}
        parts[f"{task.task} on {task.repo}"] = own | ({"scoring": task.scoring} if task.scoring else {})
    return _flatten(parts)


def _flatten(value: object, name: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        parts = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        parts = [(str(number), part) for number, part in enumerate(value)]
    else:
        return {name: str(value)}
    flat: dict[str, str] = {}
    for key, part in parts:
        flat |= _flatten(part, f"{name}.{key}" if name else key)
    return flat
