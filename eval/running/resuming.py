"""What a start takes over from the run folder: its cases, and the arms whose kept answers have to be scored again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.arms import Arm, parse_arms
from eval.cases import Case
from eval.errors import RunMismatch, UnreadableRun
from eval.tables import count_noun
from eval.tasks.base import Harvest
from indexer.gitcommand import run_git

from .folder import RunFolder, fingerprint_cases
from .records import TaskSetup


@dataclass(frozen=True, slots=True)
class Cases:
    """``all`` are the folder's, or the harvest's where the folder has none; ``asked`` those that can be scored here.

    ``note`` is for the user, empty where there is nothing to say.
    """

    all: Sequence[Case]
    asked: Sequence[Case]
    note: str = ""


def take_cases(folder: RunFolder, harvest: Harvest, now: TaskSetup) -> Cases:
    """The cases of a start. Where tests decide which cases there are, those that the folder holds stay.

    Which functions count, and by which tests, depends on the clock and on the environment, but what was asked was paid
    for. Those that the tests of today do not decide are not asked. Where all answers are scored again, it is by the
    harvest's tests, where it has the case. ``now`` is the task's set-up but for its cases. Cases that are others for
    another reason, such as another prompt, are the harvest's, for ``RunFolder`` to refuse. Raises RunMismatch where
    none is left.
    """
    before = folder.find_task(now.repo, now.task)
    anew = Cases(harvest.cases, harvest.cases)
    if before is None or harvest.environment is None or before.version != now.version:
        return anew
    if before.cases == fingerprint_cases(harvest.cases):
        return anew
    known = folder.read_cases(now.repo, now.task)
    found = {case.id: case for case in harvest.cases}
    in_both = [(case, found[case.id]) for case in known if case.id in found]
    if not in_both or any(_is_asked_otherwise(*pair) for pair in in_both) or not _can_be_searched(known, harvest):
        return anew
    if before.scored_by != now.scored_by:
        known = [replace(case, data=found[case.id].data) if case.id in found else case for case in known]
    asked = [case for case in known if harvest.decides(case)]
    if not asked:
        raise RunMismatch(f"{folder.path}: the tests of {now.repo} decide none of its cases now: choose another --out.")
    if [case.id for case in asked] == list(found):
        return Cases(known, asked)
    n_gone = len(known) - len(asked)
    but = f", but for {n_gone} of {count_noun(len(known), 'case')}, which they decide no more" if n_gone else ""
    note = f"{now.task} on {now.repo}: its tests would make other cases today; those of {folder.path} are asked{but}"
    return Cases(known, asked, note)


def _is_asked_otherwise(before: Case, now: Case) -> bool:
    """Whether a case has another prompt today; but for one that shows what a test says, as the environment has it."""
    return before.prompt != now.prompt and "failed_test" not in before.data


def _can_be_searched(cases: Sequence[Case], harvest: Harvest) -> bool:
    """Whether the harvest's tree has the refs of all cases."""
    refs = {case.ref for case in cases if case.ref}
    if not refs or harvest.tree is None:
        return not refs
    return refs <= set(run_git(harvest.tree, "for-each-ref", "--format=%(refname:short)").split())


def list_arms_to_rescore(folder: RunFolder, setup: TaskSetup, cases: Sequence[Case], arms: Sequence[Arm]) -> list[Arm]:
    """Arms beside ``arms`` of which the folder has answers that were scored otherwise, and not yet as ``setup`` says.

    Told by the logs: whoever changed the record may have been stopped before all was scored.
    """
    from .inspection import read_log

    before: dict[tuple[str, str], None] = {}
    now: set[tuple[str, str]] = set()
    for path in sorted(folder.logs.glob("*.eval")):
        try:
            header = read_log(path, header_only=True)
            if (header.repo, header.task) != (setup.repo, setup.task):
                continue
            log = read_log(path)
        except UnreadableRun:
            continue  # said when the run is read
        scored = [(str(r["arm"]), str(r["case_id"])) for r in log.results if r["score"]["verdict"] != "error"]
        if log.scored_by == setup.scored_by:
            now.update(scored)
        else:
            before.update(dict.fromkeys(scored))
    asked = {case.id for case in cases}
    left = dict.fromkeys(arm for arm, case in before if case in asked and (arm, case) not in now)
    names = ",".join(arm for arm in left if arm not in {arm.name for arm in arms})
    return parse_arms(names) if names else []


def describe_rescoring(before: TaskSetup, now: TaskSetup) -> str:
    """The line for the user where kept answers are scored again: which part of the scoring changed."""
    where = f"{now.task} on {now.repo}"
    if not before.scoring:
        return f"{where}: it is not known how the verdicts so far were reached, so all kept answers are scored again"
    parts = dict.fromkeys([*before.scoring, *now.scoring])
    changed = [name for name in parts if before.scoring.get(name) != now.scoring.get(name)] or ["version"]
    return f"{where}: scored otherwise than before ({', '.join(changed)}), so all kept answers are scored again"
