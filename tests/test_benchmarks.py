"""`make bench`: the repositories it measures on, its page, and its figures kept section by section."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from bench import __main__ as bench
from bench import conversations, corpus
from bench.concurrency import plan_rounds
from bench.conversations import read_conversations
from bench.corpus import make_repository
from bench.machine import run
from bench.page import to_page


@pytest.fixture
def _two_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the pinned wheels, two small ones: four chunks in all."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with zipfile.ZipFile(tmp_path / name / "wheel.whl", "w") as archive:
            for number in (1, 2):
                body = "\n".join(f"    value = value + {i}" for i in range(20))
                archive.writestr(f"{name}/module{number}.py", f"def {name}{number}(value):\n{body}\n")
            archive.writestr(f"{name}/data.bin", b"\0" * 100)
    monkeypatch.setattr(corpus, "PACKAGES", tuple(corpus._pin(name, "1", "MIT", "") for name in ("one", "two")))
    monkeypatch.setattr(corpus, "_fetch", lambda package, work: tmp_path / package.name / "wheel.whl")


@pytest.mark.usefixtures("_two_packages")
def test_a_repository_is_filled_with_packages_and_then_again_under_another_folder(tmp_path: Path) -> None:
    """It has as many chunks as asked, every file of the packages first, and all of it is committed."""
    folder = make_repository(tmp_path, 6)
    listed = subprocess.run(["git", "ls-files"], cwd=folder, capture_output=True, text=True, check=True).stdout
    first = [f"part1/{name}/module{number}.py" for name in ("one", "two") for number in (1, 2)]
    assert sorted(listed.split()) == [*first, "part2/one/module1.py", "part2/one/module2.py"]


def test_a_command_is_not_charged_with_the_memory_of_who_started_it() -> None:
    """A process's maximum begins with its parent's on Linux; what is reported is the command's own."""
    held = b"x" * 300_000_000
    done = run([sys.executable, "-S", "-c", "print(7)"], {})
    assert done.stdout == "7\n"
    assert done.peak_bytes < 100_000_000 < len(held)


def test_a_command_that_fails_is_an_error_with_its_output() -> None:
    """Nothing is reported of a command that did not do its work."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run([sys.executable, "-c", "import sys; sys.exit('no')"], {})
    assert caught.value.stderr.strip() == "no"


def _section(**figures: Any) -> dict[str, Any]:
    machine = {"cores": "2", "commit": "c0ffee"}
    return {"date": "2026-01-01", "machine": machine, "load": 0.5, "interpreter_seconds": 0.7, "figures": figures}


def test_the_page_says_what_was_missed_and_leaves_out_what_was_not_measured() -> None:
    """A row a figure, with its target; a section that was not measured has none."""
    small = _section(files=92, chunks=2012, seconds=3.5, process_seconds=4.5)
    page = to_page({"sections": {"small": small}}, {}, None)
    [row] = [line for line in page.splitlines() if "2,012 chunks" in line]
    assert "3.5 s" in row and "under 3 s (missed)" in row
    assert "c0ffee" in page and "quarry watch" not in page
    small["figures"]["seconds"] = 2.5
    assert "missed" not in to_page({"sections": {"small": small}}, {}, None)


def test_a_section_measured_alone_leaves_the_others_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures are merged by section, so that each can be measured again alone."""
    for name in ("RESULTS", "RETRIEVAL", "PAGE", "PLOT"):
        monkeypatch.setattr(bench, name, tmp_path / name)
    monkeypatch.setenv("QUARRY_BENCH_WORK", str(tmp_path / "work"))
    kept = _section(chunks=1, prompt_tokens=1)
    (tmp_path / "RESULTS").write_text(json.dumps({"sections": {"other": kept}}))
    figures = {"files": 92, "chunks": 2012, "seconds": 2.5, "process_seconds": 4.5}
    monkeypatch.setattr(bench, "SECTIONS", {"small": lambda work: figures})
    monkeypatch.setattr(sys, "argv", ["bench", "small"])
    bench.main()
    sections = json.loads((tmp_path / "RESULTS").read_text())["sections"]
    assert sections["other"] == kept
    assert sections["small"]["figures"] == figures
    assert "2,012 chunks" in (tmp_path / "PAGE").read_text()


def test_conversations_are_twenty_of_two_or_three_turns() -> None:
    """What is measured over is what the page says: twenty conversations, no question asked twice."""
    talks = read_conversations()
    assert len(talks) == 20
    assert {len(turns) for turns in talks} == {2, 3}
    questions = [question for turns in talks for question in turns]
    assert len(set(questions)) == len(questions)


def test_rounds_ask_nothing_twice_and_change_the_order() -> None:
    """Each number of clients begins as often; where there are no questions left the run does not begin."""
    rounds = plan_rounds(4)
    asked = [question for questions, _ in rounds for question in questions]
    assert len(set(asked)) == len(asked) == 16
    assert [order for _, order in rounds] == [(1, 4), (4, 1)] * 2
    for n_rounds in (1, 6):
        with pytest.raises(SystemExit, match="QUARRY_BENCH_ROUNDS"):
            plan_rounds(n_rounds)


def test_conversations_are_measured_again_once_all_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was stopped goes on at the same commit; after the last one, and at another commit, all is measured."""
    measured: list[list[str]] = []
    stops_at: list[list[str]] = []
    machine = {"commit": "c0ffee"}
    turn = dict.fromkeys(("first_token_ms", "n_cached", "n_read", "n_generated", "generated_ms"), 1.0)
    turn |= {"n_drafted": 0, "n_accepted": 0, "same_text": True}

    async def converse(home: Path, providers: Any, questions: list[str]) -> dict[str, Any]:
        if questions in stops_at:
            stops_at.clear()
            raise InterruptedError
        measured.append(questions)
        return {"turns": [dict.fromkeys(conversations.ARMS, turn)]}

    monkeypatch.setattr(conversations, "index_django", lambda work: work)
    monkeypatch.setattr(conversations, "describe_machine", lambda: machine)
    monkeypatch.setattr(conversations, "_open", lambda options: MagicMock())
    monkeypatch.setattr(conversations, "_converse", converse)
    monkeypatch.setattr(conversations, "_measure_first_questions", lambda *_: {"cold_ms": 2.0})
    monkeypatch.setattr(conversations, "read_conversations", lambda: [["a"], ["b"]])

    def run() -> tuple[int, int, list[list[str]]]:
        measured.clear()
        figures = conversations.measure_conversations(tmp_path)
        assert figures["first_question"] == {"cold_ms": 2.0}
        return figures["n_conversations"], figures["n_runs"], list(measured)

    for commit in ("c0ffee", "decade"):
        stops_at.append(["b"])
        with pytest.raises(InterruptedError):
            run()
        machine["commit"] = commit
        assert run() == ((2, 2, [["b"]]) if commit == "c0ffee" else (2, 1, [["a"], ["b"]]))
    assert run() == (2, 1, [["a"], ["b"]])


def test_the_page_sets_each_engine_against_the_plainest() -> None:
    """A row's ratios are those to the first row, for the wait and for the speed."""
    plain = {
        "n_turns": 45,
        "prompt_tokens": 1500.0,
        "first_token_ms": 8000.0,
        "cached_share": 0.0,
        "tokens_per_second": 40.0,
        "accepted_share": 0.0,
        "same_text_share": 1.0,
    }
    quick = plain | {"first_token_ms": 6000.0, "tokens_per_second": 60.0, "same_text_share": 0.9}
    figures = {
        "model": "small",
        "speculation": "ngram-mod",
        "n_conversations": 20,
        "arms": {"nothing": plain, "quick": quick},
        "first_question": {
            "cold_ms": 9000.0,
            "warm_ms": 8000.0,
            "cold_read_tokens": 1600.0,
            "warm_read_tokens": 1480.0,
        },
    }
    row = next(
        line
        for line in to_page({"sections": {"conversations": _section(**figures)}}, {}, None).splitlines()
        if line.startswith("| quick")
    )
    assert [cell.strip() for cell in row.split("|")[2:8]] == ["6.00 s", "0.75", "0%", "60.0", "1.50", ""]
