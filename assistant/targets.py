"""What a search is asked of: one indexed repository, several, or all of them, each at a ref.

Written ``click``, ``click@8.1``, ``click,flask@HEAD``, ``all`` or ``all@HEAD``. No repository's name holds a comma
or an @.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import InputError, UnknownRepository
from indexer.home import list_repositories
from indexer.records import WORKTREE

ALL = "all"
_WORKTREE_FOR_SHORT = "worktree"


@dataclass(frozen=True, slots=True)
class Target:
    """One repository at a ref; None: HEAD if it is indexed, else the working tree, else what was indexed last."""

    repo: str
    ref: str | None = None


def parse_targets(home: Path, text: str, ref: str | None = None) -> list[Target]:
    """The targets that ``text`` names, each once. ``ref`` holds for those that name none; ``worktree`` will do in both.

    Raises InputError for a text that names nothing, UnknownRepository for ``all`` where nothing is indexed.
    """
    ref = WORKTREE if ref == _WORKTREE_FOR_SHORT else ref
    at_ref = ref_of_all(text)
    known = [info.name for info in list_repositories(home)] if at_ref is not None else []
    named = text
    if at_ref is not None and ALL not in known:
        if not known:
            raise UnknownRepository("Nothing is indexed yet: run `quarry index SOURCE` first.")
        named = ",".join(name + at_ref for name in known)
    targets = []
    for part in named.split(","):
        name, at, own_ref = part.strip().partition("@")
        wanted = WORKTREE if own_ref == _WORKTREE_FOR_SHORT else own_ref  # project@@worktree is its whole name
        if not name or (at and not wanted):
            raise InputError(f"{text!r} names no repository: write NAME, NAME@REF, NAME,NAME or {ALL}.")
        targets.append(Target(name, wanted or ref))
    return list(dict.fromkeys(targets))


def label_sources(sources: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What tells each (repository, ref) from the others: nothing for one alone, else its name, the ref if needed."""
    distinct = dict.fromkeys(sources)
    if len(distinct) < 2:
        return dict.fromkeys(distinct, "")
    n_refs = Counter(repo for repo, _ in distinct)
    return {(repo, ref): f"{repo}@{_for_short(ref)}" if n_refs[repo] > 1 else repo for repo, ref in distinct}


def _for_short(ref: str) -> str:
    return _WORKTREE_FOR_SHORT if ref == WORKTREE else ref


def ref_of_all(text: str) -> str | None:
    """The ``@REF`` behind ``all``, empty where there is none; None where ``text`` names something else.

    A repository may be called so: then it is that one.
    """
    name, at, ref = text.strip().partition("@")
    is_whole = "," not in ref and bool(ref) == bool(at)
    return at + ref if name == ALL and is_whole else None


def parse_target(home: Path, text: str, ref: str | None = None) -> Target:
    """The one target that ``text`` names, read as by ``parse_targets``. Raises InputError where there are several."""
    target, *others = parse_targets(home, text, ref)
    if others:
        raise InputError(f"{text!r} names several repositories, and one is taken here: write NAME or NAME@REF.")
    return target
