"""Which commits become questions, and what is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eval.retrieval.mining.history import Change, clean_subject, find_candidates, mine_history
from eval.retrieval.mining.repository import MinedRepository
from indexer.errors import SourceError
from indexer.repository import FolderSource

GATE = "def open_gate(key):\n    check_the_key(key)\n    return turn_the_handle()\n"


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        ("Open the gate with a spare key", "Open the gate with a spare key"),
        ("fix: close the gate at night", "close the gate at night"),
        ("feat(gate)!: close the gate at night (#123)", "close the gate at night"),
        ("[Gate] Close the gate at night.", "Close the gate at night"),
        ("Fix #12: close the gate at night", "close the gate at night"),
        ("Close the gate at night, fixes #12", "Close the gate at night"),
        ("Close the gate at night (closes owner/garden#12)", "Close the gate at night"),
        ("Close the `gate` at night #686", "Close the gate at night"),
        ("gate: close it at night", "gate: close it at night"),
        ("Make Gate.close() work in gate.py", "Make Gate.close() work in gate.py"),
    ],
)
def test_a_subject_is_asked_without_its_label(subject: str, query: str) -> None:
    """Kinds, tags and issue numbers are taken off; the names of code are kept."""
    assert clean_subject(subject) == query


@pytest.mark.parametrize(
    "subject",
    [
        "Fix gate",
        "Fixes #123",
        "Merge branch 'gate' into the main one",
        'Revert "Close the gate at night"',
        "Release of the new gate 2.1.0",
        "Bump gate from one to the other",
        "chore: close the gate at night",
        "docs(gate): say how to close it",
        "Fix a typo in the gate's message",
        "Reformat all of the gate's code",
        "Add tests for the gate at night",
        "Update the changelog for the gate",
        "Update dependencies of the gate again",
        "Run the gate on GitHub Actions too",
        "Close the gate at night?",
        "Закрыть ворота на ночь всегда",
        "a b-1 c_2 d() 3 4 5",
        " ".join(["word"] * 21),
    ],
)
def test_a_subject_that_says_nothing_about_code_is_dropped(subject: str) -> None:
    """Too short or long, not English, or about versions, form, documents, tests, dependencies and builds."""
    assert clean_subject(subject) == ""


def _change(subject: str, *paths: str, commit: str = "c", time: int = 0) -> Change:
    return Change(commit, time, subject, paths)


def test_tests_may_change_beside_but_are_no_answer() -> None:
    """What remains of the paths is the code that is still there."""
    change = _change("Close the gate at night", "gate.py", "tests/test_gate.py", "README.md", "gone.py")
    [found] = find_candidates([change], frozenset({"gate.py", "shed.py"}))
    assert found.paths == ("gate.py",)


@pytest.mark.parametrize("paths", [("tests/test_gate.py",), ("gone.py",), ("a.py", "b.py", "c.py", "gone.py")])
def test_a_commit_must_change_one_to_three_source_files(paths: tuple[str, ...]) -> None:
    """None that is there, or too many to be about one thing, is no question."""
    assert find_candidates([_change("Close the gate at night", *paths)], frozenset({"a.py", "b.py", "c.py"})) == []


def test_of_commits_of_the_same_files_the_newest_is_asked() -> None:
    """And of those with the same words."""
    changes = [
        _change("Close the gate at night", "gate.py", commit="new"),
        _change("Open the gate by day", "gate.py", commit="old"),
        _change("Close the gate at night", "shed.py", commit="older"),
    ]
    assert [found.commit for found in find_candidates(changes, frozenset({"gate.py", "shed.py"}))] == ["new"]


def test_old_commits_of_a_busy_repository_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the newest so many, only those of the last years count."""
    monkeypatch.setattr("eval.retrieval.mining.history.N_SURELY_RECENT", 1)
    year = 365 * 86400
    changes = [
        _change("Close the gate at night", "a.py", commit="new", time=20 * year),
        _change("Open the gate by day", "b.py", commit="recent", time=18 * year),
        _change("Paint the gate in green", "c.py", commit="old", time=2 * year),
    ]
    found = find_candidates(changes, frozenset({"a.py", "b.py", "c.py"}))
    assert [change.commit for change in found] == ["new", "recent"]


def test_a_commit_is_asked_while_its_lines_are_there(make_repo: Any, opened: Any, commit_as: Any) -> None:
    """A commit whose lines were written over since is answered by nothing."""
    repo = make_repo({"README.md": "# Garden\n"})
    commit_as(repo, "Water the beds from a deep well", {"well.py": "depth_metres = 20\nbucket = find_bucket()\n"})
    commit_as(repo, "Open the gate with a spare key", {"gate.py": GATE})
    commit_as(repo, "misc", {"well.py": "pump = start_the_pump()\n"})
    mined = mine_history(opened(repo), 10, 0)
    questions = mined.questions
    assert [(question.query, question.relevant[0].path) for question in questions] == [
        ("Open the gate with a spare key", "gate.py")
    ]
    assert questions[0].category == "history"
    assert list(mined.left_out.values()) == [2, 1, 0, 0]  # no code or message, lines gone


def test_merges_are_not_asked(make_repo: Any, opened: Any, commit_as: Any) -> None:
    """What a merge says was done by the commits that it merges."""
    repo = make_repo({"README.md": "# Garden\n"})
    repo.git("checkout", "--quiet", "-b", "side")
    commit_as(repo, "misc", {"gate.py": GATE})
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "side", "--message", "Open the gate with a spare key")
    assert mine_history(opened(repo), 10, 0).questions == []


def test_the_draw_is_the_seed_s_and_newest_first(make_repo: Any, opened: Any, commit_as: Any) -> None:
    """The same seed draws the same commits, another one others."""
    repo = make_repo({"README.md": "# Garden\n"})
    words = "one two three four five six seven eight nine ten eleven twelve".split()
    for word in words:
        commit_as(repo, f"Water the bed of number {word}", {f"{word}.py": f"number_of_the_bed = '{word}'\n"})
    drawn = {seed: [q.query for q in mine_history(opened(repo), 6, seed).questions] for seed in (0, 1)}
    assert drawn[0] == [q.query for q in mine_history(opened(repo), 6, 0).questions]
    assert drawn[0] != drawn[1] and len(drawn[0]) == 6
    places = [words.index(query.split()[-1]) for query in drawn[0]]
    assert places == sorted(places, reverse=True)


def test_all_commits_are_asked_or_counted(make_repo: Any, opened: Any, commit_as: Any) -> None:
    """Those that are beyond the limit and those of files that have their share too."""
    repo = make_repo({"README.md": "# Garden\n"})
    for number, word in enumerate("one two three four five six".split(), 1):
        beds = {f"bed{n}.py": f"number_of_this_bed = '{n}'\n" for n in (0, number)}
        commit_as(
            repo,
            f"Water the bed of number {word}",
            beds | {"bed0.py": "".join(f"well_of_bed = '{n}'\n" for n in range(number))},
        )
    for n_most, n_asked in ((10, 4), (2, 2)):
        mined = mine_history(opened(repo), n_most, 0)
        assert len(mined.questions) == n_asked
        assert sum(mined.left_out.values()) == 7 - n_asked


def test_a_mark_within_a_message_is_no_record(make_repo: Any, opened: Any, commit_as: Any) -> None:
    """The commit is passed over, and the others are read."""
    repo = make_repo({"README.md": "# Garden\n"})
    commit_as(repo, "Open the gate with a spare key", {"gate.py": GATE})
    commit_as(repo, "Close \x1e it", {"shed.py": "hook = 1\n"})
    assert len(mine_history(opened(repo), 10, 0).questions) == 1


def test_a_plain_folder_has_no_history(tmp_path: Path) -> None:
    """It is told from a repository without commits that can be asked about."""
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match="has no history"):
        mine_history(MinedRepository(FolderSource(tmp_path / "plain"), "plain", 1_000_000), 10, 0)
