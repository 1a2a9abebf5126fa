"""What is mined for the fit: the list of sources, what is kept out of it, and the suites that are written.

A suite is written in the form that ``quarry eval run retrieval --suite`` reads. No project of the exclusion list is
mined, under its own name, as a fork or as a copy inside another repository.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

from eval.retrieval.mining.repository import CODE_LANGUAGES, MinedQuestion, MinedRepository, is_generated_parser
from eval.retrieval.queries import REPOSITORIES_FILE
from eval.retrieval.records import RelevantPlace, SuiteRepository
from indexer.clones import is_url, without_credentials
from indexer.errors import InputError, SourceError
from indexer.gitcommand import run_git
from indexer.home import check_name
from indexer.languages import detect_language
from indexer.repository import CommitSource, Source, default_name, open_mirror, open_source
from indexer.settings import IndexerSettings
from indexer.training.exclusions import is_excluded_path, load_exclusions

_CHANGELOG = re.compile(r"(?i)^(?:changes|changelog|history|news|releases?|release[-_]?notes|upgrading|whatsnew)\b")
_VERSION = re.compile(r"[-_.]?v?\d[\d.]*$")
_MIN_NAME_CHARS = 6  # of an excluded project, to be told by a folder's name: `core`, `json`, `async` are plain words
_SINGLE_FILES = frozenset("catch.hpp json.hpp linenoise.c linenoise.h sqlite3.c sqlite3.h".split())  # copied as such
_PLAIN_FOLDERS = frozenset({"kotlin", "typescript", "express", "exposed"})  # a language's sources, plain words


@dataclass(frozen=True, slots=True)
class MiningSource:
    """One line of a list of sources. ``commit`` is empty where the newest one is meant."""

    source: str
    name: str
    commit: str = ""


class FittingRepository(MinedRepository):
    """The files of one commit that an index takes, without copies of excluded projects."""

    def __init__(self, given: MiningSource, settings: IndexerSettings) -> None:
        clones, ref = settings.home / "clones", given.commit or None
        if _is_git_folder(given.source):
            opened: Source = open_mirror(Path(given.source).expanduser(), clones=clones, ref=ref)
        else:
            opened = open_source(given.source, clones=clones, ref=ref)
        if not isinstance(opened, CommitSource):
            raise SourceError(f"{given.source} is no git repository: give a clone, a bare git folder, or a git URL.")
        # A clone of an excluded project may lie under any name.
        check_allowed(
            run_git(opened.folder, "config", "--default", "", "--get", "remote.origin.url").strip(), given.name
        )
        super().__init__(opened, given.name, settings.max_file_bytes)
        self.url = without_credentials(given.source) if is_url(given.source) else ""
        self.commit = opened.commit

    def is_copied(self, path: str) -> bool:
        """Whether a file lies in a copy of another project."""
        return is_copied_path(path)

    def is_foreign(self, text: str) -> bool:
        """Whether a file was written by a parser generator, or copied from an excluded project."""
        return is_foreign(text)


def read_sources(path: Path) -> list[MiningSource]:
    """The repositories of a list: a line is ``URL-or-path [name [commit]]``; ``#`` begins a comment.

    Raises InputError with the line's number for a line that cannot be read, a name that comes twice, and a project
    of the exclusion list.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start}): write it again as UTF-8.") from error
    sources: list[MiningSource] = []
    for number, line in enumerate(lines, 1):
        try:
            parts = shlex.split(line, comments=True)
            if not parts:
                continue
            if len(parts) > 3:
                raise InputError("a line is a URL or path, a name, and a commit")
            source, name, commit = (*parts, "", "")[:3]
            name = check_name(name or default_name(source.removesuffix("/.git")))
            check_allowed(source, name)
        except (ValueError, InputError) as error:
            raise InputError(f"{path}, line {number}: {str(error).rstrip('.')}.") from None
        if any(name == known.name for known in sources):
            raise InputError(f"{path}, line {number}: the name {name!r} comes twice: give another after the source.")
        sources.append(MiningSource(source, name, commit))
    if not sources:
        raise InputError(f"{path} names no repository: write one URL or path a line.")
    return sources


def check_allowed(source: str, name: str) -> None:
    """Raise InputError if a repository is on the exclusion list, by its name or by any part of its URL or path."""
    parts = [_plain(part) for part in re.split(r"[/:+\\]+", source) if part]
    while parts and parts[-1] in ("", "git", "repo"):  # the folder that a mirror keeps a repository in
        parts.pop()
    parts = [part.removesuffix("-git") for part in parts]
    for excluded in load_exclusions():
        owner, _, project = (_plain(part) for part in excluded.partition("/"))
        is_pair = (owner, project) in pairwise(parts)
        # By the project's name alone only at the end: /home/core/garden is no fork of vuejs/core.
        is_named = project in (_plain(name), *parts[-1:])
        if is_pair or is_named or any(f"-{owner}-{project}-" in f"-{part}-" for part in (*parts, _plain(name))):
            raise InputError(f"{name} is {excluded}, which is kept out of training and fitting: take it off the list")


def is_changelog(path: str) -> bool:
    """Whether a file repeats what commits say, often word for word."""
    return detect_language(path) not in CODE_LANGUAGES and bool(_CHANGELOG.match(PurePosixPath(path).name))


def is_copied_path(path: str) -> bool:
    """Whether a file lies in a copy of another project: a folder for such, or one named after an excluded project."""
    *folders, name = PurePosixPath(path.lower()).parts
    if name in _SINGLE_FILES:
        return True
    names = {*folders, *(_VERSION.sub("", part) for part in folders)}
    return not names.isdisjoint(_excluded_folders()) or (bool(folders) and is_excluded_path("/".join(folders)))


def is_foreign(text: str) -> bool:
    """Whether a file says that it was written by a parser generator, or copied from an excluded project."""
    return is_generated_parser(text) or _copied_from().search(text) is not None


@cache
def _excluded_folders() -> frozenset[str]:
    names = {repository.rpartition("/")[2].lower() for repository in load_exclusions()}
    return frozenset(name for name in names if len(name) >= _MIN_NAME_CHARS) - _PLAIN_FOLDERS


@cache
def _copied_from() -> re.Pattern[str]:
    names = "|".join(sorted(re.escape(name) for name in _excluded_folders()))
    verb = r"(?:adapted|borrowed|copied|taken|vendored|ported|lifted|backported|forked|derived)"
    return re.compile(rf"\b{verb}\s+(?:\w+\s+){{0,3}}from\s+(?:\S+\s+){{0,2}}(?:{names})\b", re.I)


def write_questions(folder: Path, name: str, questions: Sequence[MinedQuestion]) -> None:
    """Write ``<name>.jsonl`` of a suite."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for question in questions:
        places = [_to_json(place) for place in question.relevant]
        fields = {"query": question.query, "relevant": places, "category": question.category}
        lines.append(json.dumps(fields, ensure_ascii=False) + "\n")
    (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def write_repositories(folder: Path, repositories: Sequence[tuple[SuiteRepository, int]]) -> None:
    """Write ``repos.json`` of a suite: its repositories, each with its number of questions."""
    entries = [
        {
            "name": repository.name,
            "language": repository.language,
            "url": repository.url,
            "commit": repository.commit,
            "root": repository.root,
            "n_queries": n_questions,
        }
        for repository, n_questions in repositories
    ]
    (folder / REPOSITORIES_FILE).write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def write_checkout(folder: Path, texts: Mapping[str, str]) -> None:
    """Write a repository's files as a plain folder, without ``.gitignore``: all that is here is to be indexed."""
    for path, text in texts.items():
        target = folder / path
        if target.name == ".gitignore":
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8", "replace"))


def _is_git_folder(source: str) -> bool:
    """Whether a path is a git folder as mirrors keep them, be it called ``.git`` or without a configuration."""
    folder = Path(source).expanduser()
    return not is_url(source) and all((folder / part).exists() for part in ("HEAD", "objects", "refs"))


def _to_json(place: RelevantPlace) -> dict[str, str | int]:
    lines: dict[str, str | int] = {}
    if place.start_line is not None and place.end_line is not None:
        lines = {"start_line": place.start_line, "end_line": place.end_line}
    return {"path": place.path, **lines}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
