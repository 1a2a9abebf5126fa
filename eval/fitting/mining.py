"""What both kinds of mined questions share: the list of sources, which files may be asked about, and the suites.

A suite is written in the form that ``quarry eval run retrieval --suite`` reads. No project of the exclusion list is
mined, under its own name, as a fork or as a copy inside another repository.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath

from eval.retrieval.queries import REPOSITORIES_FILE
from eval.retrieval.records import RelevantPlace, SuiteRepository
from indexer.errors import InputError, SourceError
from indexer.home import check_name
from indexer.languages import LANGUAGES, detect_language
from indexer.records import SourceFile
from indexer.repository import CommitSource, Source, default_name, is_url, open_mirror, open_source, without_credentials
from indexer.selection import decode, reason_by_content, reason_by_name
from indexer.settings import IndexerSettings
from indexer.training.exclusions import is_excluded_path, load_exclusions

CODE_LANGUAGES = frozenset(language.name for language in LANGUAGES) - set("html css json yaml toml markdown".split())

# Folders and files that are no part of what a repository is for: nobody means them by a question about its code.
_SIDE_FOLDER = re.compile(
    r"(?i:^(?:\..*|__tests__|__mocks__|testdata|testing|fixtures?|mocks?|e2e|docs?|website|site|www|examples?|samples?"
    r"|demos?|bench|benchmarks?|benches|perf|performance|tutorials?|playground|build|cmake|ci)$)"
    r"|(?i:(?:^|[-_.])(?:tests?|specs?|demos?|examples?|samples?|benchmarks?|bench)$)|[a-z](?:Tests?|Specs?|Benchmarks?)$"
)
_TEST_FILE = re.compile(
    r"(?i:^(?:tests?|specs?|conftest|bench|benchmark)(?:[-_.].*)?$|[-_.](?:tests?|specs?|bench|benchmark)$)"
    r"|[a-z0-9](?:Tests?|Specs?|TestCase|Benchmarks?)$"
)
_BUILD_FILE = re.compile(
    r"(?i)^(?:setup\.(?:py|hs)|noxfile\.py|tasks\.py|rakefile|gemfile|.*\.gemspec|build\.rs|build\.zig|mix\.exs"
    r"|package\.swift|.*\.gradle\.kts|gulpfile\.\w+|gruntfile\.\w+|.*[.-]config\.[cm]?[jt]s|_?_?version_?_?\.\w+"
    r"|.*\.eslintrc\.\w+|\..*|assemblyinfo\.cs|config\.\w+\.exs|configure\.\w+|bootstrap\.sh|autogen\.sh|makefile.*)$"
)
_CHANGELOG = re.compile(r"(?i)^(?:changes|changelog|history|news|releases?|release[-_]?notes|upgrading|whatsnew)\b")
_VERSION = re.compile(r"[-_.]?v?\d[\d.]*$")
_MIN_NAME_CHARS = 6  # of an excluded project, to be told by a folder's name: `core`, `json`, `async` are plain words
_PLAIN_FOLDERS = frozenset({"kotlin", "typescript", "express", "exposed"})  # a language's sources, plain words


@dataclass(frozen=True, slots=True)
class MiningSource:
    """One line of a list of sources. ``commit`` is empty where the newest one is meant."""

    source: str
    name: str
    commit: str = ""


@dataclass(frozen=True, slots=True)
class MinedQuestion:
    """A query and the places that answer it."""

    query: str
    relevant: Sequence[RelevantPlace]
    category: str


class MinedRepository:
    """The files of one commit that an index takes, without copies of excluded projects. Texts are read when asked."""

    def __init__(self, given: MiningSource, settings: IndexerSettings) -> None:
        clones, ref = settings.home / "clones", given.commit or None
        if _is_git_folder(given.source):
            opened: Source = open_mirror(Path(given.source).expanduser(), clones=clones, ref=ref)
        else:
            opened = open_source(given.source, clones=clones, ref=ref)
        if not isinstance(opened, CommitSource):
            raise SourceError(f"{given.source} is no git repository: give a clone, a bare git folder, or a git URL.")
        self.source, self.name = opened, given.name
        self.url = without_credentials(given.source) if is_url(given.source) else ""
        self.commit = opened.commit
        self._max_file_bytes = settings.max_file_bytes

    @cached_property
    def files(self) -> Mapping[str, SourceFile]:
        """The files by path."""
        listing = self.source.list_files(lambda path, n_bytes: reason_by_name(path, n_bytes, self._max_file_bytes))
        return {file.path: file for file in listing.files if not is_copied_path(file.path)}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The text of each file that an index takes, by path."""
        texts = {}
        for path, file in self.files.items():
            try:
                decoded = decode(self.source.read(file))
            except SourceError:  # a mirror may lack its largest files
                continue
            if decoded is not None and reason_by_content(path, decoded.text) is None:
                texts[path] = decoded.text
        return texts

    @cached_property
    def targets(self) -> frozenset[str]:
        """Paths of the files that questions may be asked about."""
        return frozenset(path for path, text in self.texts.items() if is_target(path) and not says_copied(text))

    @property
    def language(self) -> str:
        """The language that most of the code is in."""
        sizes: Counter[str] = Counter()
        for path in self.targets:
            sizes[detect_language(path) or ""] += len(self.texts[path])
        return sizes.most_common(1)[0][0] if sizes else ""


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


def is_target(path: str) -> bool:
    """Whether a question may be asked about a file: code that the repository is for, no test, example or build file."""
    pure = PurePosixPath(path)
    if detect_language(path) not in CODE_LANGUAGES or path.endswith(".d.ts"):
        return False
    if any(_SIDE_FOLDER.search(part) for part in pure.parts[:-1]):
        return False
    return not (_TEST_FILE.search(pure.stem) or _BUILD_FILE.match(pure.name))


def is_changelog(path: str) -> bool:
    """Whether a file repeats what commits say, often word for word."""
    return detect_language(path) not in CODE_LANGUAGES and bool(_CHANGELOG.match(PurePosixPath(path).name))


def is_copied_path(path: str) -> bool:
    """Whether a file lies in a copy of another project: a folder for such, or one named after an excluded project."""
    folders = PurePosixPath(path).parts[:-1]
    return bool(folders) and (
        is_excluded_path("/".join(folders))
        or any(_VERSION.sub("", part.lower()) in _excluded_folders() for part in folders)
    )


def says_copied(text: str) -> bool:
    """Whether a file says that it was copied from an excluded project."""
    return _copied_from().search(text) is not None


@cache
def _excluded_folders() -> frozenset[str]:
    names = {repository.rpartition("/")[2].lower() for repository in load_exclusions()}
    return frozenset(name for name in names if len(name) >= _MIN_NAME_CHARS) - _PLAIN_FOLDERS


@cache
def _copied_from() -> re.Pattern[str]:
    names = "|".join(sorted(re.escape(name) for name in _excluded_folders()))
    verb = r"(?:adapted|borrowed|copied|taken|vendored|ported|lifted|backported|forked|derived)"
    return re.compile(rf"\b{verb}\s+(?:\w+\s+){{0,3}}from\s+(?:\S+\s+){{0,2}}(?:{names})\b", re.I)


def spread(questions: Iterable[MinedQuestion], n_most: int, n_per_file: int) -> Iterator[MinedQuestion]:
    """The first ``n_most`` questions of which no more than ``n_per_file`` have one file among their answers."""
    taken: Counter[str] = Counter()
    for question in questions:
        paths = {place.path for place in question.relevant}
        if n_most > 0 and all(taken[path] < n_per_file for path in paths):
            taken.update(paths)
            n_most -= 1
            yield question
        if n_most <= 0:
            return


def words_of(text: str) -> str:
    """A text as its words alone, lower case, with one space around each: what copies are found by."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


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
