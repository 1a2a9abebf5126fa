"""``quarry eval run retrieval --repo PATH``: the questions are made from the repository itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assistant.search import Searcher
from eval.cli import evaluate
from eval.errors import HarvestError
from indexer.home import list_repositories

SENTENCES = {
    "gate": "Turn the iron key twice before dusk.",
    "well": "Lower a bucket until water is reached.",
    "shed": "Sort rakes by the length of their handles.",
    "pond": "Count those frogs that croak loudest.",
    "lawn": "Mow stripes along the longer side.",
}
SUBJECTS = {"gate": "Keep a spare key under some stone", "well": "Warn when the rope is too short"}


def _function(name: str) -> str:
    return f"def use_{name}(tool):\n    '''{SENTENCES[name]}'''\n    {name}_size = len(tool)\n    return {name}_size\n"


FILES = {f"{name}.py": _function(name) for name in SENTENCES} | {"tests/test_gate.py": _function("gate")}


@pytest.fixture(autouse=True)
def _home(evaluation_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARRY_HOME", str(evaluation_home))


@pytest.fixture
def garden(make_repo: Any, commit_as: Any) -> Path:
    """A git repository with five documented functions, and two commits that say what they did to one file each."""
    repo = make_repo({path: text for path, text in FILES.items() if not path.startswith("tests/")}, "garden")
    for name, subject in SUBJECTS.items():
        commit_as(repo, subject, {f"{name}.py": f"{_function(name)}\n\n{name}_limit = 'as said by {name}'\n"})
    return Path(repo.path)


def run(repo: Path, *arguments: object) -> Result:
    """Call the command for a repository without questions."""
    words = ["run", "retrieval", "--repo", str(repo), *(str(argument) for argument in arguments)]
    return CliRunner().invoke(evaluate, words)


def _folder(parent: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        target = parent / "plain" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return parent / "plain"


def _questions(repo: Path, details: Path, *arguments: object) -> list[tuple[str, str, str]]:
    assert run(repo, "--details", details, *arguments).exit_code == 0
    lines = [json.loads(line) for line in details.read_text().splitlines()]
    return [(line["category"], line["query"], line["relevant"][0]["path"]) for line in lines]


def test_both_kinds_are_made_and_told_apart(garden: Path) -> None:
    """Every figure is given by kind, over all arms, and what was made and left out is counted."""
    result = run(garden, "--json", "--arms", "lexical,path-masked")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    kinds = figures["summary"]["by_category"]
    assert {kind: entry["n_queries"] for kind, entry in kinds.items()} == {"docstring": 5, "history": 2}
    assert all(0 < entry[name] <= 1 for entry in kinds.values() for name in ("ndcg@10", "recall@10", "mrr@10"))
    assert (kinds["docstring"]["n_queries_with_lines"], kinds["history"]["covered@1000"]) == (5, None)
    assert set(figures["arms"]["path-masked"]["by_category"]) == {"docstring", "history"}
    assert (figures["summary"]["n_repositories"], figures["repositories"][0]["language"]) == (1, "python")
    assert figures["mined"]["docstring"]["n_questions"] == 5
    assert figures["mined"]["history"]["n_questions"] == 2
    assert sum(figures["mined"]["history"]["left_out"].values()) == 1  # the first commit is of too many files
    assert "docstring: 5 questions from 5 documented definitions" in result.stderr
    assert "history: 2 questions from 3 commits; left out: 1 that are none by message" in result.stderr
    assert "garden (docstring): indexed" in result.stderr and "garden (history): indexed" in result.stderr


def test_the_table_has_a_row_for_each_kind(garden: Path) -> None:
    """With all measures, for people."""
    printed = run(garden).stdout
    rows = {line.split("|")[1].strip(): line for line in printed.splitlines() if "|" in line}
    assert "recall@5" in rows["ranked, by category"] and "MRR@10" in rows["ranked, by category"]
    assert rows["docstring"].split("|")[2].strip() == "5"
    assert rows["history"].split("|")[2].strip() == "2"


def test_the_docstring_that_is_asked_cannot_be_found(garden: Path, evaluation_home: Path) -> None:
    """It stands in no chunk that docstring questions are asked of, with and without file names; all code does."""
    run(garden, "--arms", "path-masked")
    own = evaluation_home / "evaluations" / "retrieval"
    texts: dict[bool, list[str]] = {True: [], False: []}
    for name in (each.name for each in list_repositories(own)):
        hits = Searcher(own).search(name, "key bucket rakes frogs stripes", k=100).hits
        assert {hit.chunk.path.count(".py") for hit in hits} == {1}
        texts["undocumented" in name].append("\n".join(hit.chunk.embedded_text for hit in hits))
    assert [len(each) for each in texts.values()] == [2, 2]
    for name, sentence in SENTENCES.items():
        assert all(sentence in text for text in texts[False])
        assert all(sentence not in text and f"{name}_size = len(tool)" in text for text in texts[True])


def test_only_the_docstrings_that_are_asked_are_hidden(garden: Path, evaluation_home: Path) -> None:
    """With a limit, the others stay: users have them too."""
    run(garden, "--limit", 2)
    own = evaluation_home / "evaluations" / "retrieval"
    [name] = [each.name for each in list_repositories(own) if "undocumented" in each.name]
    hits = Searcher(own).search(name, "key bucket rakes frogs stripes", k=100).hits
    text = "\n".join(hit.chunk.embedded_text for hit in hits)
    assert sum(sentence in text for sentence in SENTENCES.values()) == 3


def test_the_seed_draws_the_same_questions_again(garden: Path, tmp_path: Path) -> None:
    """Another seed draws others; --limit is of each kind."""
    drawn = [_questions(garden, tmp_path / "details", "--limit", 1, "--seed", seed) for seed in (0, 0, 1, 2, 3)]
    assert drawn[0] == drawn[1]
    assert any(each != drawn[0] for each in drawn[2:])
    assert [kind for kind, _, _ in drawn[0]] == ["docstring", "history"]


def test_another_draw_hides_other_docstrings(garden: Path, tmp_path: Path) -> None:
    """The index of the run before is not taken for the one that is needed."""
    for seed in range(3):
        [(_, query, path), _] = _questions(garden, tmp_path / "details", "--limit", 1, "--seed", seed)
        line = json.loads((tmp_path / "details").read_text().splitlines()[0])
        assert SENTENCES[path.removesuffix(".py")].startswith(query)
        assert line["relevant"][0]["rank"] is not None
        again = run(garden, "--limit", 1, "--seed", seed)
        assert again.stderr.count("kept index") == 2


def test_a_folder_without_git_gives_docstrings_alone(tmp_path: Path) -> None:
    """A line says so; files of tests are not asked about."""
    files = {path: text for path, text in FILES.items() if path != "gate.py"}
    result = run(_folder(tmp_path, files), "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert list(figures["summary"]["by_category"]) == list(figures["mined"]) == ["docstring"]
    assert figures["summary"]["n_queries"] == 4
    assert result.stderr.count("is not kept by git") == 1
    assert "no history: questions are from docstrings alone" in result.stderr


def test_history_alone_is_asked_where_nothing_is_documented(make_repo: Any, commit_as: Any) -> None:
    """The kind that gave nothing is said with its count."""
    repo = make_repo({"README.md": "# Garden\n"}, "garden")
    commit_as(repo, SUBJECTS["gate"], {"gate.py": "key_below_stone = True\nlock = find_lock()\n"})
    result = run(Path(repo.path), "--json")
    assert list(json.loads(result.stdout)["summary"]["by_category"]) == ["history"]
    assert "docstring: 0 questions from 0 documented definitions" in result.stderr


@pytest.mark.parametrize(("has_git", "said"), [(True, "no commit says"), (False, "it has no history")])
def test_nothing_to_ask_is_one_clear_line(make_repo: Any, tmp_path: Path, has_git: bool, said: str) -> None:
    """It says what is missing and what to do, before anything is indexed."""
    files = {"gate.py": "x = 1\n"}
    result = run(Path(make_repo(files).path) if has_git else _folder(tmp_path, files))
    assert isinstance(result.exception, HarvestError)
    message = str(result.exception)
    assert said in message and "--queries FILE" in message and "\n" not in message
    assert "indexed" not in result.stderr
