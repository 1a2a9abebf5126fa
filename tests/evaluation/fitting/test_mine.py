"""The command: two suites that `quarry eval run retrieval` takes as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import eval.fitting.mining
from eval.fitting.mine import main
from eval.fitting.mining import read_sources
from eval.retrieval.queries import read_questions
from eval.retrieval.run import open_suite
from indexer.settings import IndexerSettings

GATE = (
    "def close(gate):\n    '''Close the gate for the night.'''\n    find_the_key(gate)\n"
    "    turn_the_key(gate)\n    return gate\n"
)


@pytest.fixture
def sources(make_repo: Any, commit_as: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of one repository, with a question of each kind."""
    monkeypatch.setenv("QUARRY_HOME", str(tmp_path / "home"))
    repo = make_repo({"CHANGELOG.md": "- Keep a spare key for the gate\n", ".gitignore": "gate.py\n"}, "garden")
    repo.write("gate.py", GATE)
    repo.git("add", "--force", "gate.py")
    commit_as(repo, "Keep a spare key for the gate", {"shed.py": "hook = 1\n"})
    path = tmp_path / "sources.txt"
    path.write_text(f"'{repo.path}' garden {repo.git('rev-parse', 'HEAD')}\n")
    return path


def test_both_suites_can_be_evaluated(sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each has its questions and its sources, every answer is a file that is indexed, and the counts are said."""
    out = tmp_path / "out"
    assert main(["--sources", str(sources), "--out", str(out)]) == 0
    assert "garden: 1 commits, 1 docstrings (python" in capsys.readouterr().out
    for suite in ("commits", "docstrings"):
        [opened] = open_suite(out / suite, out / f"checkouts-{suite}", IndexerSettings(home=tmp_path / "home"))
        files = {file.path for file in opened.source.list_files(lambda path, n_bytes: None).files}
        assert {place.path for question in opened.questions for place in question.relevant} <= files
        assert opened.repository.language == "python" and len(opened.repository.commit) == 40


def test_the_copies_do_not_hold_the_questions(sources: Path, tmp_path: Path) -> None:
    """Neither the docstring that is asked nor the change log that repeats a commit."""
    out = tmp_path / "out"
    main(["--sources", str(sources), "--out", str(out)])
    [question] = read_questions(out / "docstrings" / "garden.jsonl")
    assert question.query not in (out / "checkouts-docstrings" / "garden" / "gate.py").read_text()
    assert question.query in (out / "checkouts-commits" / "garden" / "gate.py").read_text()
    assert not (out / "checkouts-commits" / "garden" / "CHANGELOG.md").exists()
    assert (out / "checkouts-docstrings" / "garden" / "CHANGELOG.md").exists()


def test_a_folder_with_files_is_not_written_over(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Suites of two runs are not mixed."""
    assert main(["--sources", str(sources), "--out", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_a_repository_without_questions_is_one_clear_line(
    make_repo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No empty suite is written."""
    monkeypatch.setenv("QUARRY_HOME", str(tmp_path / "home"))
    (tmp_path / "list").write_text(f"'{make_repo({'a.py': 'x = 1'}, 'empty').path}'\n")
    assert main(["--sources", str(tmp_path / "list"), "--out", str(tmp_path / "out")]) == 1
    assert "No source gives a question" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_excluded_source_stops_the_run_before_it_begins(
    sources: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the line of the list; nothing is mined of the others."""
    sources.write_text(sources.read_text() + "https://github.com/pallets/flask\n")
    assert main(["--sources", str(sources), "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert "line 2: flask is pallets/flask" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_repository_s_own_list_can_be_read() -> None:
    """No project of the exclusion list is on it, and each has its commit."""
    listed = read_sources(Path(eval.fitting.mining.__file__).with_name("sources.txt"))
    assert len(listed) > 10 and all(len(source.commit) == 40 for source in listed)
