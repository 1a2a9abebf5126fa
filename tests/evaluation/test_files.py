"""Files that are kept between runs: whole or not at all, and made anew where they are damaged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eval.cases import Case, Score
from eval.files import add_to_journal, open_journal, read_journal, read_kept, read_record, read_sound, write_whole
from eval.tasks.published.programs import Candidate, choose
from eval.tasks.repository import coverage_map, environment
from eval.tasks.repository.coverage_map import map_coverage
from eval.tasks.repository.environment import open_environment
from eval.tasks.repository.records import TestRecord, TestReport
from eval.tasks.repository.running import Collection

DAMAGED = ("", '{"torn": ', "[]", "null", '{"version": 1}', '{"tests": [{}]}')


def test_what_is_written_is_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    """The folder is made, what was there before is replaced, and text that is no UTF-8 by itself comes back."""
    file = tmp_path / "a" / "kept.json"
    for value in ("one", "\ud800"):
        write_whole(file, json.dumps({"value": value}, ensure_ascii=False))
        assert read_kept(file) == {"value": value}
    assert list(file.parent.iterdir()) == [file]


def test_whoever_is_stopped_while_writing_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new text takes the old one's place in one step, after all of it is there."""
    file = tmp_path / "kept.json"
    write_whole(file, "{}")

    def stop(path: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(file, '{"new": 1}')
    assert file.read_text() == "{}"
    assert list(tmp_path.iterdir()) == [file]  # half of the new one would be a stranger's file to whoever looks


def test_a_journal_goes_on_behind_its_last_whole_line(tmp_path: Path) -> None:
    """Whoever was killed while writing left half a line; what JSON does not end a line by is part of its text."""
    file = tmp_path / "a" / "journal.jsonl"
    open_journal(file)
    add_to_journal(file, {"text": "one\u2028line \ud800"})
    file.write_bytes(file.read_bytes() + b'{"text": "tor')
    assert [kept["text"] for kept in read_journal(file)] == ["one\u2028line \ud800"]
    open_journal(file)
    add_to_journal(file, {"text": "two"})
    assert [kept["text"] for kept in read_journal(file)] == ["one\u2028line \ud800", "two"]


def test_of_a_journal_that_can_be_made_anew_what_is_sound_is_read(tmp_path: Path) -> None:
    """Damaged lines, others' lines and a torn one are passed over; no file is an empty one."""
    file = tmp_path / "journal.jsonl"
    assert list(read_sound(file, ["key"])) == []
    file.write_text('{"key": 1}\n{"key": 2{"key": 3}\n[]\n{"other": 4}\n{"key": 5, "other": 6}\n{"ke')
    assert [kept["key"] for kept in read_sound(file, ["key"])] == [1, 5]


def test_a_record_is_read_by_the_fields_of_today() -> None:
    """What a later version added is passed over, what an earlier one did not have is as by default."""
    kept = {"verdict": "wrong", "explanation": "no", "weather": "fair", "measures": {}}
    assert read_record(Score, kept, measures={"n": 1.0}) == Score("wrong", "no", "", {"n": 1.0})
    with pytest.raises(TypeError):
        read_record(Score, {"verdict": "wrong"})


@pytest.mark.parametrize("text", DAMAGED)
def test_an_environment_with_a_damaged_record_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Half an environment is not taken for a whole one, and the next start finds the new one."""
    made: list[Path] = []

    def make(checkout: Path, folder: Path, on_progress: Callable[[str], None]) -> list[str]:
        made.append(folder)
        (folder / "venv" / "bin").mkdir(parents=True)
        (folder / "venv" / "bin" / "python").symlink_to(sys.executable)
        return ["a note"]

    monkeypatch.setattr(environment, "_make", make)
    write_whole(tmp_path / "environment" / "quarry.json", text)
    for _ in range(2):
        assert open_environment(tmp_path, tmp_path, None, lambda line: None).notes == ("a note",)
    assert len(made) == 1


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_map_of_coverage_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The tests run once more, and their map is then found."""
    runs: list[object] = []

    def run(*given: object) -> tuple[TestReport, Collection]:
        runs.append(given)
        return TestReport([TestRecord("t", "test_a.py", "passed", 0.1)], "", "", 1.0, ""), Collection(["t"], [])

    monkeypatch.setattr(coverage_map, "run_tests", run)
    kept = tmp_path / "coverage.json"
    write_whole(kept, text)
    copy: Any = SimpleNamespace(out=tmp_path)
    nothing: Any = None
    found = [map_coverage(nothing, nothing, copy, [], kept, lambda line: None) for _ in range(2)]
    assert len(runs) == 1 and found[0] == found[1] and list(found[0].tests) == ["t"]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_list_of_what_a_set_decides_is_made_anew(tmp_path: Path, text: str) -> None:
    """Its solutions are tried once more."""
    tried: list[str] = []

    def score(case: Case, code: str) -> Score:
        tried.append(code)
        return Score("correct" if code == "right" else "wrong", "")

    candidates = [Candidate(Case("c", "t", "", "", "", ""), "right", "stub")]
    sandbox = SimpleNamespace(name="bubblewrap")
    given: Any = SimpleNamespace(seed=0, folder=tmp_path, on_progress=lambda line: None, data="set", sandbox=sandbox)
    assert len(choose(given, candidates, score, 1, "key")[0]) == 1
    [file] = tmp_path.iterdir()
    file.write_text(text)
    for _ in range(2):
        assert len(choose(given, candidates, score, 1, "key")[0]) == 1
    assert tried == ["right", "stub"] * 2
    sandbox.name = "container"  # where other programs or a network may be
    assert len(choose(given, candidates, score, 1, "key")[0]) == 1
    assert tried == ["right", "stub"] * 3
