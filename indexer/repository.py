"""Where source files come from: a git repository at a ref, its working tree, or a plain folder.

GitPython is imported here and in ``clones`` only; looks go through ``gitcommand``. A source lists its files and reads
them; which of them are indexed is decided in ``selection``.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import git
from git.exc import GitCommandError, InvalidGitRepositoryError, NoSuchPathError

from .clones import clone, clone_borrowing, is_url, without_credentials
from .errors import InputError, SourceError
from .folders import walk
from .gitcommand import complaint_of, read_blobs, read_sizes, run_git
from .listing import (
    SUBMODULE,
    SYMLINK,
    LeaveOut,
    Listing,
    judge_below,
    list_paths,
    list_worktree,
    read_each,
    read_file,
)
from .records import WORKTREE, Skipped, SourceFile

_SHA1_DIGITS = 40  # of an object id; SHA-256 has 64


class Source(Protocol):
    """A set of files with one state. ``commit`` is None where the state is no commit."""

    origin: str
    ref: str
    notes: Sequence[str]

    @property
    def commit(self) -> str | None:
        """Full id of the commit that the files are of."""

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """Every file that ``leave_out`` gives no reason against. Those left out are not read.

        ``known_bytes``: sizes of blobs that the caller has, which spares git looking for them.
        """

    def read(self, file: SourceFile) -> bytes:
        """The content of a listed file. Raises SourceError."""

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """Each of many listed files with its content, None for one that has gone meanwhile. Raises SourceError.

        A file that was written since it was listed has the id and size of what was read.
        """

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """Those of ``refs`` that the repository does not have any more; none where that cannot be told."""


def default_name(source: str) -> str:
    """A repository's name from its path or URL: the last part, in the characters that names may have.

    Raises SourceError for what is no path.
    """
    last = source.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2]
    if not is_url(source):
        last = _expand(source).resolve().name
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", last).strip("._-")
    return name or "repository"


def _expand(source: str) -> Path:
    """``source`` as a path, with ``~`` written out. Raises SourceError for what no path can be."""
    try:
        path = Path(source).expanduser()  # RuntimeError for a user who is not there
        path.lstat()
    except (RuntimeError, ValueError) as error:  # ValueError: a zero byte
        raise SourceError(f"{source[:100]!r} is no path: {complaint_of(error)}") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise SourceError(f"{source[:100]!r}… is no path: {error.strerror}.") from None
        return path  # not there, or not to be read: said by whoever opens it
    return path


def open_source(
    source: str,
    *,
    clones: Path,
    ref: str | None = None,
    worktree: bool = False,
    wait_seconds: float = -1,
    on_note: Callable[[str], None] | None = None,
) -> Source:
    """Open a path or a git URL; a URL is cloned bare under ``clones``, or fetched if it was cloned before.

    Says through ``on_note`` that another process is fetching it, and raises IndexBusy after ``wait_seconds`` (-1 waits
    for ever). Raises SourceError, in one line, for what cannot be opened.
    """
    if ref is not None and worktree:
        raise InputError("Give a ref or ask for the working tree, not both.")
    if is_url(source):
        if worktree:
            raise SourceError("A URL has no working tree: leave out --worktree, or clone it and give the path.")
        repo = clone(source, clones, wait_seconds=wait_seconds, on_note=on_note)
        return _open_commit(repo, without_credentials(source), "", ref)
    path = _expand(source)
    if not path.exists():
        raise SourceError(f"No such path: {source}. Give a folder, a git repository, or a git URL.")
    if not path.is_dir():
        raise SourceError(f"{source} is a file. Give the folder that holds it.")
    path = path.resolve()
    try:
        repo = git.Repo(path, search_parent_directories=True)
    except (InvalidGitRepositoryError, NoSuchPathError):
        if ref is not None:
            raise SourceError(f"{path} is no git repository, so it has no ref {ref!r}: leave out --ref.") from None
        return FolderSource(path)
    except ValueError as error:
        raise SourceError(f"git cannot open {path}: {complaint_of(error)}") from error
    top = repo.working_tree_dir
    below = path.relative_to(Path(top).resolve()).as_posix() if top is not None and path != Path(top) else ""
    below = "" if below == "." else below
    if below and _is_ignored(repo, below):
        if ref is not None:
            raise SourceError(f"{path} is ignored by the repository {top}, so it has no ref {ref!r}: leave out --ref.")
        return FolderSource(path)
    if worktree:
        if top is None:
            raise SourceError(f"{path} is a bare repository: leave out --worktree.")
        return WorktreeSource(repo, below)
    return _open_commit(repo, str(path), below, ref)


def open_mirror(folder: Path, *, clones: Path, ref: str | None = None) -> CommitSource:
    """Open a git folder that may lack its configuration or some blobs, as mirrors keep them; nothing in it changes.

    A bare clone under ``clones`` borrows its objects, because git tells by the configuration whether there is a
    working tree. Raises SourceError, in one line.
    """
    return _open_commit(clone_borrowing(folder, clones), str(folder), "", ref)


class CommitSource:
    """The files of one commit, read from git's object store; the working tree is not looked at."""

    def __init__(self, repo: git.Repo, origin: str, below: str, ref: str, commit: str) -> None:
        self._repo, self._below = repo, below
        self.origin, self.ref, self._commit = origin, ref, commit
        self.notes: Sequence[str] = _uncommitted_note(repo, below, ref)

    @property
    def commit(self) -> str:
        """Full id of the commit."""
        return self._commit

    @property
    def folder(self) -> Path:
        """Where ``run_git`` can look at the repository: its git folder, or the top of its working tree."""
        return Path(self._repo.working_dir)

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """The blobs of the commit's tree; links and submodules are left out."""
        leave_out = judge_below(self._below, leave_out)
        where = ["--", self._below] if self._below else []
        records = _ask_git(self._repo, "ls-tree", "-r", "-z", "--full-tree", self._commit, *where)
        entries = [(*details.split(" "), path) for details, _, path in (r.partition("\t") for r in records)]
        unknown = {blob for mode, _, blob, _ in entries if mode != SUBMODULE and blob not in known_bytes}
        sizes = {**known_bytes, **read_sizes(Path(self._repo.working_dir), sorted(unknown))}
        files, skipped = [], []
        for mode, _, blob, path in entries:
            n_bytes = sizes.get(blob, 0)
            if mode == SUBMODULE:
                skipped.append(Skipped(path, 0, "submodule"))
            elif mode == SYMLINK:
                skipped.append(Skipped(path, n_bytes, "symbolic link"))
            elif (reason := leave_out(path, n_bytes)) is not None:
                skipped.append(Skipped(path, n_bytes, reason))
            else:
                files.append(SourceFile(path, blob, n_bytes))
        return Listing(files, skipped)

    def read(self, file: SourceFile) -> bytes:
        """The blob's content. Raises SourceError where git has lost it."""
        try:
            if len(file.blob) == _SHA1_DIGITS:
                return bytes(self._repo.git.get_object_data(file.blob)[3])
            # GitPython's lasting process knows the older object format alone; a process a file knows both.
            content: Any = self._repo.git.cat_file(
                "blob", file.blob, stdout_as_string=False, strip_newline_in_stdout=False
            )
            return bytes(content)
        except (ValueError, OSError, GitCommandError) as error:
            raise SourceError(f"git cannot read {file.path} at {self._commit[:12]}: run `git fsck` there.") from error

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """The blobs' contents, which git reads ahead. Raises SourceError where git has lost one."""
        contents = read_blobs(Path(self._repo.working_dir), [file.blob for file in files])
        for file, content in zip(files, contents, strict=True):
            yield file, self.read(file) if content is None else content

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """Refs that name no commit any more, and commits that no branch or tag leads to."""
        return _find_gone(self._repo, refs)


class WorktreeSource:
    """The files of a working tree as they are now: tracked and new ones, without what git ignores."""

    commit = None

    def __init__(self, repo: git.Repo, below: str) -> None:
        self._repo, self._below = repo, below
        self._top = Path(str(repo.working_tree_dir))
        self.origin = str(self._top / below) if below else str(self._top)
        self.ref = WORKTREE
        self.notes: Sequence[str] = ()
        self._listed_ns = 0  # never: every file is then taken to be newer

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """What `git status` would call tracked or new."""
        self._listed_ns = time.time_ns()
        return list_worktree(self._top, self._below, judge_below(self._below, leave_out), known_bytes)

    def read(self, file: SourceFile) -> bytes:
        """The file's content as it is now. Raises SourceError."""
        return read_file(self._top / file.path)

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """The files and their contents as they are now."""
        return read_each(self._top, files, self._listed_ns)

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """Refs that name no commit any more, and commits that no branch or tag leads to."""
        return _find_gone(self._repo, refs)


class FolderSource:
    """A folder without git: every file, without what its .gitignore files name."""

    commit = None

    def __init__(self, top: Path) -> None:
        self._top = top
        self.origin = str(top)
        self.ref = WORKTREE
        self.notes: Sequence[str] = (
            f"{top} is not kept by git: its files are indexed as they are now, and answers name no commit.",
        )
        self._listed_ns = 0  # never: every file is then taken to be newer

    def list_files(self, leave_out: LeaveOut, known_bytes: Mapping[str, int] = {}) -> Listing:
        """Every file below the folder that no .gitignore names."""
        self._listed_ns = time.time_ns()
        unreadable: list[Skipped] = []
        listing = list_paths(self._top, sorted(walk(self._top, unreadable)), leave_out)
        return Listing(listing.files, [*listing.skipped, *unreadable])

    def read(self, file: SourceFile) -> bytes:
        """The file's content as it is now. Raises SourceError."""
        return read_file(self._top / file.path)

    def read_all(self, files: Sequence[SourceFile]) -> Iterator[tuple[SourceFile, bytes | None]]:
        """The files and their contents as they are now."""
        return read_each(self._top, files, self._listed_ns)

    def find_gone(self, refs: Sequence[str]) -> Sequence[str]:
        """None: there is no history to ask."""
        return ()


def _open_commit(repo: git.Repo, origin: str, below: str, ref: str | None) -> CommitSource:
    label = ref or "HEAD"
    try:
        # Not repo.commit(): GitPython reads the older object format alone.
        commit = str(repo.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{label}^{{commit}}"))
    except GitCommandError as error:
        if error.status != 1:  # 1 says that there is no such commit, anything else that git could not look
            raise SourceError(f"git cannot read {origin}: {complaint_of(error)}") from error
        branches = ", ".join(sorted(head.name for head in repo.heads)[:8])
        if ref is not None:
            raise SourceError(f"No ref {ref!r} in {origin}. Branches there: {branches or 'none'}.") from error
        if branches:
            raise SourceError(f"HEAD of {origin} names no commit: give --ref. Branches there: {branches}.") from error
        as_it_is = "" if repo.bare else ", or index its files as they are with --worktree"
        raise SourceError(f"{origin} is an empty repository: commit something, then index it{as_it_is}.") from error
    return CommitSource(repo, origin, below, label, commit)


def _find_gone(repo: git.Repo, refs: Sequence[str]) -> Sequence[str]:
    """Those of ``refs`` that were deleted or, where they are commits' own ids, left behind by rewritten history."""
    folder = Path(repo.working_dir)
    asked = "".join(f"{ref}^{{commit}}\n" for ref in refs)
    answers = run_git(folder, "cat-file", "--batch-check=%(objectname)", given=asked).splitlines()
    gone, by_id = [], {}
    for ref, answer in zip(refs, answers, strict=True):
        if answer.endswith(" missing"):
            gone.append(ref)
        elif answer.startswith(ref):  # a commit's id, which git finds as long as the commit lies about
            by_id[answer] = ref
    if by_id:
        left_behind = run_git(folder, "rev-list", *by_id, "--not", "--all").splitlines()
        gone += [by_id[commit] for commit in left_behind if commit in by_id]
    return gone


def _is_ignored(repo: git.Repo, below: str) -> bool:
    """Whether a folder is none of the repository's business, such as a cache or a checkout within it."""
    try:
        repo.git.check_ignore("--quiet", below)
    except GitCommandError as error:
        if error.status == 1:
            return False
        raise SourceError(f"git cannot read {below}: {complaint_of(error)}") from error
    return True


def _uncommitted_note(repo: git.Repo, below: str, ref: str) -> Sequence[str]:
    if ref != "HEAD" or repo.bare:
        return ()
    look = ("status", "--porcelain", "--no-renames", "--ignore-submodules=all", "-z")
    try:
        n_changed = len(_ask_git(repo, *look, *(["--", below] if below else [])))
    except SourceError:  # a broken working tree: the commit can be read all the same
        return ()
    if not n_changed:
        return ()
    return (f"{n_changed} uncommitted changes are not indexed: the index is of the commit (see --worktree).",)


def _ask_git(repo: git.Repo, *arguments: str) -> list[str]:
    """The records that a git command prints with ``-z``. Raises SourceError."""
    return [record for record in run_git(Path(repo.working_dir), *arguments).split("\0") if record]
