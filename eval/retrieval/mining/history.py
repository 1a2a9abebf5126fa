"""Questions from a repository's history: what a commit's message says was done, and the files it was done in.

Only commits that changed one to three source files, whose added lines are mostly still there, and whose first line
says something about code. Messages about versions, releases, formatting, documents, tests and builds are dropped.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.retrieval.records import RelevantPlace
from indexer.errors import SourceError
from indexer.gitcommand import run_git
from indexer.repository import CommitSource

from .repository import BEYOND_LIMIT, Mined, MinedQuestion, MinedRepository, is_target, spread

CATEGORY = "history"
MIN_WORDS, MAX_WORDS = 4, 20
MAX_FILES = 3
N_COMMITS = 3000  # looked at, of the newest
N_SURELY_RECENT = 1500  # of these, older ones than MAX_AGE_SECONDS too: a repository that rests still has a history
MAX_AGE_SECONDS = 5 * 365.25 * 86400  # before the newest commit
_MIN_KEPT = 0.5  # of a commit's added lines that must still be in a file, so that the file still answers
_MIN_LINE_CHARS = 10  # shorter lines, such as `return None`, are anywhere
_N_PER_FILE = 4
_OLDEST_WEIGHT = 0.25  # of the oldest commit in the draw; the newest has 1
_NO_QUESTION = "that are none by message, number of source files, age, or a newer commit of the same files"
_RECORD, _FIELD = "\x1e", "\x1f"

_KIND = re.compile(r"^(\w[\w/ -]*?)(?:\([^)]*\))?!?:\s+")
_DROPPED_KINDS = frozenset(
    "docs doc documentation test tests testing chore ci build style styles release deps dependencies revert lint "
    "readme changelog cmake travis appveyor github typo meta misc cleanup tools examples example bench wip".split()
)
_STRIPPED_KINDS = frozenset("feat feature features fix fixes bugfix hotfix perf refactor improvement".split())
_ISSUE = r"(?:[\w.-]+/[\w.-]+)?(?:#|GH-|gh-)\d+"
_LEADING = re.compile(
    rf"^(?:\s|[^\x00-\x7f]|:[a-z_]+:|\[[^\]]*\]|\({_ISSUE}\)|(?:(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+)?"
    rf"(?:issues?\s+)?{_ISSUE}(?:\s*[,&]\s*{_ISSUE})*\s*(?:[:,.-]+\s|\s)|issue \d+:?|[a-z]+/\d+\s)+",
    re.I,
)
_TRAILING = re.compile(
    rf"(?:\s|[.,;:-]|[^\x00-\x7f]|:[a-z_]+:|\((?:[a-z ]*{_ISSUE}[\s,&]*)+\)|\[[^\]]*\]"
    rf"|(?<!\w)(?:(?:this\s+)?(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|see|refs?|for|issue|pr)\s+)*(?:issues?\s+)?{_ISSUE})+$",
    re.I,
)
_NO_CODE = re.compile(
    r"""
    ^(?:merge|revert|reapply|rollback|roll\ back|bump|release|prepar\w+|version|initial|wip|oops|typos?|fixups?|squash
      |misc|minor|cleanups?|clean(?:ed|s|ing)?\s?up|format\w*|lint\w*|tidy|reorgani\w+|backport|cherry|sync|apply
      |address(?:ed|es)?|internal|automated|publish|polish|tweaks?|temporar\w+|happy|back\ to|another|more|some|also
      |forgot\w*|changes?\b|updates?\ to|upgrad\w+|start\ of|begin|pull\ in|code\ review|modernize|simplify\ code)\b
    |\bv?\d+\.\d+\.(?:\d+|x)\b|\b(?:next|new)\ (?:\w+\ )?(?:version|release|development)\b|\bsnapshot\b
    |\b(?:typos?|misspell\w*|spelling|grammar|whitespaces?|white\ space|indent(?:ation|ing)?|trailing|newlines?\ at
      |formatting|reformat\w*|lint(?:er|ing|s)?|style\ ?guide|code\ style|coding\ style|import\ order|unused\ imports?
      |docs?|documentation|documents?|documented|documenting|docstrings?|readme|changelog|changes\.\w+|javadocs?|kdocs?
      |godocs?|doxygen|rustdocs?|doc-?comments?|comments?|wording|copyright|licen[cs]e\w*|spdx|authors?|badges?)\b
    |\b(?:tests?|testing|testcases?|specs?|coverage|fuzz\w*|benchmarks?|ci|travis|appveyor|github\ actions?|workflows?
      |circleci|docker\w*|codecov|dependabot|renovate|sonar\w*)\b
    |\b(?:deps|dependency|dependencies|lock\ ?file|gradle|maven|cmake|autoconf|autotools|makefile|msbuild|nuget|bazel
      |rubocop|rufo|eslint|prettier|black|isort|flake8|pyupgrade|mypy|pyright|clippy|rustfmt|gofmt|golangci|staticcheck
      |ktlint|spotless|detekt|scalafmt|clang-?format|clang-?tidy|credo|dialyzer|phpstan|psalm|php-cs-fixer|errorprone
      |error-prone|styler|luacheck|stylua|shfmt|shellcheck|swiftlint|hlint|codespell|pre-commit|coverity|cppcheck)\b
    |\b(?:compil\w+|build)\ (?:warnings?|errors?|fix\w*|failures?)\b|\bwarnings?$|\bfix\w*\ (?:the\ )?build\b|\bMSRV\b
    |\b(?:pr|review|reviewer|pull\ request)\ (?:feedback|comments?|suggestions?)|\bcode\ review\b|\bsuggestions?\b
    |\b(?:requested\ changes|to\ (?:the\ )?(?:latest\ )?version|end\ of\ life|website
      |type\ (?:hints?|annotations?)|annotate|year|merge\ (?:branch|conflicts?))\b|\bsigned-off|\bco-authored
    |\bdrop(?:s|ped)?\ (?:support\ for\ )?(?:python|ruby|node|php|java|go|swift|scala|ghc|elixir)\b|\bTODOs?\b
    |https?://
    """,
    re.I | re.X,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A commit: its id, its time in seconds since 1970, the first line of its message, the paths it touched."""

    commit: str
    time: int
    subject: str
    paths: tuple[str, ...]


def mine_history(repository: MinedRepository, n_most: int, seed: int) -> Mined:
    """Up to ``n_most`` questions from commits, drawn by ``seed``, newer ones more often, newest first.

    Raises SourceError for a repository that is no commit of git's.
    """
    source = repository.source
    if not isinstance(source, CommitSource):
        raise SourceError(f"{source.origin} is not read from git: it has no history.")
    changes = read_changes(source.folder, source.commit)
    candidates = find_candidates(changes, repository.targets)
    # Many are dropped for what became of their lines.
    drawn = _draw(candidates, random.Random(f"{seed}:{repository.name}"))[: 8 * n_most]
    texts = {path: _telling_lines(repository.texts[path]) for path in repository.targets}
    questions: dict[str, MinedQuestion] = {}
    added = _read_added(source.folder, drawn)
    n_looked_at = n_offered = 0

    def kept() -> Iterator[MinedQuestion]:
        nonlocal n_looked_at, n_offered
        for change in drawn:
            n_looked_at += 1
            paths = [path for path in change.paths if _is_kept(added.get(change.commit, {}).get(path, ()), texts[path])]
            if paths:
                n_offered += 1
                places = tuple(RelevantPlace(path) for path in paths)
                questions[change.commit] = MinedQuestion(change.subject, places, CATEGORY)
                yield questions[change.commit]

    chosen = {id(question) for question in spread(kept(), n_most, _N_PER_FILE)}
    left_out = {
        _NO_QUESTION: len(changes) - len(candidates),
        "whose lines were written over since": n_looked_at - n_offered,
        f"of files with {_N_PER_FILE} questions": n_offered - len(chosen),
        BEYOND_LIMIT: len(candidates) - n_looked_at,
    }
    asked = [questions[change.commit] for change in candidates if change.commit in questions]
    return Mined([question for question in asked if id(question) in chosen], left_out)


def read_changes(folder: Path, commit: str) -> list[Change]:
    """The newest commits that ``commit`` rests on, newest first, without merges. Raises SourceError."""
    printed = run_git(
        folder,
        *("log", commit, "--no-merges", f"--max-count={N_COMMITS}", "--no-color", "--no-renames", "-z", "--name-only"),
        f"--format={_RECORD}%H{_FIELD}%ct{_FIELD}%s{_FIELD}",
    )
    changes = []
    for record in printed.split(_RECORD)[1:]:
        if record.count(_FIELD) < 3:  # a message that holds the mark itself
            continue
        commit_id, seconds, subject, paths = record.split(_FIELD, 3)
        names = tuple(path for path in paths.replace("\n", "\0").split("\0") if path)
        changes.append(Change(commit_id, int(seconds), subject, names))
    return changes


def find_candidates(changes: Sequence[Change], targets: frozenset[str]) -> list[Change]:
    """The commits that make a question, newest first: cleaned message, and of their files those in ``targets``.

    Of several with the same files, or the same words, the newest is taken.
    """
    found: list[Change] = []
    seen: set[tuple[str, ...]] = set()
    newest = max((change.time for change in changes), default=0)
    for number, change in enumerate(changes):
        if number >= N_SURELY_RECENT and newest - change.time > MAX_AGE_SECONDS:
            continue
        code = tuple(sorted(path for path in set(change.paths) if is_target(path)))
        there = tuple(path for path in code if path in targets)
        subject = clean_subject(change.subject)
        words = (subject.lower(),)
        if not there or len(code) > MAX_FILES or not subject or there in seen or words in seen:
            continue
        seen |= {there, words}
        found.append(Change(change.commit, change.time, subject, there))
    return found


def clean_subject(subject: str) -> str:
    """A commit's first line as a question, without issue numbers and kinds; empty if it says nothing about code."""
    text = _LEADING.sub("", subject.replace("`", "").strip())
    kind = _KIND.match(text)
    if kind and any(word in _DROPPED_KINDS for word in re.split(r"[/ -]", kind[1].lower())):
        return ""
    if kind and kind[1].lower() in _STRIPPED_KINDS:
        text = text[kind.end() :]
    text = _TRAILING.sub("", _LEADING.sub("", text)).strip()
    words = text.split()
    n_plain = sum(bool(re.fullmatch(r"[A-Za-z][a-z'-]*[,.:]?", word)) for word in words)
    is_english = text.isascii() and 2 * n_plain >= len(words)
    if not MIN_WORDS <= len(words) <= MAX_WORDS or not is_english or text.endswith(("...", "?")):
        return ""
    return "" if _NO_CODE.search(text) else text


def _draw(changes: Sequence[Change], chance: random.Random) -> list[Change]:
    """All changes, in an order in which newer ones tend to come first (weighted sampling without replacement)."""
    n = max(len(changes) - 1, 1)
    keys = [chance.random() ** (1 / (1 - (1 - _OLDEST_WEIGHT) * number / n)) for number in range(len(changes))]
    return [changes[number] for number in sorted(range(len(changes)), key=lambda number: -keys[number])]


def _read_added(folder: Path, changes: Sequence[Change]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The lines that each commit added to source files, by commit and path; no other file is read."""
    if not changes:
        return {}
    paths = sorted({path for change in changes for path in change.paths})
    printed = run_git(
        folder,
        *("-c", "core.quotePath=false", "log", "--no-walk=unsorted", "--stdin", "-p", "-U0"),
        *("--no-renames", "--no-color"),
        *("--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", f"--format={_RECORD}%H"),
        *("--", *paths),
        given="".join(f"{change.commit}\n" for change in changes),
    )
    return {record.partition("\n")[0]: _added_lines(record) for record in printed.split(f"{_RECORD}")[1:]}


def _added_lines(diff: str) -> Mapping[str, Sequence[str]]:
    added: dict[str, list[str]] = {}
    path, in_head = "", True
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            in_head = True
        elif in_head and line.startswith("+++ "):
            path = line.removeprefix("+++ b/").rstrip("\t")
        elif line.startswith("@@"):
            in_head = False
        elif not in_head and line.startswith("+"):
            added.setdefault(path, []).append(line[1:])
    return added


def _is_kept(added: Sequence[str], now: frozenset[str]) -> bool:
    telling = _telling_lines("\n".join(added))
    return bool(telling) and len(telling & now) >= _MIN_KEPT * len(telling)


def _telling_lines(text: str) -> frozenset[str]:
    return frozenset(bare for line in text.split("\n") if len(bare := line.strip()) >= _MIN_LINE_CHARS)
