"""``quarry eval run retrieval`` as a user meets it, over little repositories, with real indexes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eval.cli import evaluate
from indexer.errors import QuarryError
from indexer.home import list_repositories

Suite = tuple[Path, Path]


@pytest.fixture(autouse=True)
def _home(evaluation_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARRY_HOME", str(evaluation_home))


def invoke(*arguments: object) -> Result:
    """Call the command with these words."""
    return CliRunner().invoke(evaluate, ["run", "retrieval", *(str(argument) for argument in arguments)])


def run_suite(suite: Suite, *arguments: object) -> Result:
    """Call it for a suite."""
    return invoke("--suite", suite[0], "--checkouts", suite[1], *arguments)


def test_a_suite_gives_its_figures_as_json(suite: Suite) -> None:
    """Both repositories are indexed and asked; the summary is the mean over them, and everything is there."""
    result = run_suite(suite, "--arms", "dense,path-masked", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    summary, (pen, till) = figures["summary"], figures["repositories"]
    assert summary["ndcg@10"] == pytest.approx((pen["ndcg@10"] + till["ndcg@10"]) / 2, abs=1e-5)
    assert (summary["n_queries"], summary["n_repositories"]) == (3, 2)
    assert summary["ci95"] is None  # two repositories say nothing about others
    for entry in (summary, pen, till):
        measures = {"ndcg@10", "ci95", "recall@1", "recall@5", "recall@10", "mrr@10", "covered@1000"}
        assert measures | {"index_seconds", "query_p50_ms", "query_p95_ms", "by_category"} <= set(entry)
        assert entry["recall@10"] == 1.0  # there are but a few chunks
    assert (pen["name"], pen["language"], pen["n_files"]) == ("pen", "python", 2)
    assert (till["commit"], till["covered@1000"], pen["covered@1000"]) == (None, None, 1.0)
    assert set(summary["by_category"]) == {"semantic", "symbol"}
    assert summary["by_category"]["symbol"]["n_queries"] == 1
    assert list(figures["arms"]) == ["dense", "path-masked"]
    for arm in figures["arms"].values():
        assert arm["difference"] == pytest.approx(arm["ndcg@10"] - summary["ndcg@10"], abs=1e-5)
        assert set(arm["repositories"]) == {"pen", "till"}


def test_one_repository_reads_as_a_table(suite: Suite, tmp_path: Path) -> None:
    """--repo and --queries score any repository; its paths may start above or below those of the questions."""
    result = invoke("--repo", suite[1] / "till" / "src", "--queries", suite[0] / "till.jsonl", "--arms", "lexical")
    assert result.exit_code == 0, result.output
    assert "| src " in result.stdout
    assert "| lexical" in result.stdout
    assert "1.000" in result.stdout
    assert "[1/1] src: indexed" in result.stderr


def test_the_json_of_one_repository_has_the_same_shape(suite: Suite) -> None:
    """The summary is then that repository's figures."""
    result = invoke("--repo", suite[1] / "pen", "--queries", suite[0] / "pen.jsonl", "--json")
    figures = json.loads(result.stdout)
    (entry,) = figures["repositories"]
    assert {key: entry[key] for key in figures["summary"]} == figures["summary"]
    assert figures["arms"] == {}


def test_an_index_is_kept_and_made_anew_when_told_or_changed(suite: Suite) -> None:
    """The second run builds nothing, --fresh does, and so does another content of the files."""
    kept = [run_suite(suite, *options).stderr for options in ((), (), ("--fresh",))]
    assert [text.count(": indexed in") for text in kept] == [2, 0, 2]
    (suite[1] / "till" / "src" / "coins.go").write_text("package till\n\nfunc CountAll() int { return 2 }\n")
    changed = run_suite(suite).stderr
    assert "till: indexed" in changed and "pen: kept index" in changed


def test_users_indexes_are_left_alone(suite: Suite, evaluation_home: Path, build: Callable[..., Any]) -> None:
    """An index of the same name is neither read nor changed, and none is added beside it."""
    build(evaluation_home, suite[1] / "till", "till")
    before = list_repositories(evaluation_home)
    assert run_suite(suite).exit_code == 0
    assert list_repositories(evaluation_home) == before


def test_the_commit_of_the_suite_is_searched_and_not_what_is_checked_out(suite: Suite) -> None:
    """A later commit, or an uncommitted change, in a checkout makes no other figure."""
    before = json.loads(run_suite(suite, "--json", "--only", "pen").stdout)
    (suite[1] / "pen" / "pen" / "sheep.py").unlink()
    after = json.loads(run_suite(suite, "--json", "--only", "pen", "--fresh").stdout)
    assert after["summary"]["ndcg@10"] == before["summary"]["ndcg@10"] > 0
    assert after["repositories"][0]["commit"] == before["repositories"][0]["commit"]


def test_details_show_what_was_found(suite: Suite, tmp_path: Path) -> None:
    """A line for each question and arm, with the rank of each place and the hits by their true paths."""
    path = tmp_path / "details.jsonl"
    run_suite(suite, "--details", path, "--arms", "path-masked")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 6
    masked = next(line for line in lines if line["arm"] == "path-masked" and line["query"] == "count_sheep")
    found = masked["relevant"][0]
    assert masked["hits"][found["rank"] - 1]["location"].startswith("pen/sheep.py:")


def _fails(result: Result) -> str:
    assert isinstance(result.exception, QuarryError), result.output
    message = str(result.exception)
    assert "\n" not in message
    return message


def test_a_missing_checkout_says_which_and_how_to_get_it(suite: Suite) -> None:
    """The line can be pasted into a shell."""
    shutil.rmtree(suite[1] / "till")
    message = _fails(run_suite(suite))
    assert f"git clone https://example.org/till.git {suite[1] / 'till'}" in message


def test_a_checkout_without_the_commit_is_measured_as_it_is_and_says_so(suite: Suite) -> None:
    """A note names the commit that is missing, and the figures the one that was read."""
    path = suite[0] / "repos.json"
    entries = json.loads(path.read_text())
    commit, entries[0]["commit"] = entries[0]["commit"], "1" * 40
    path.write_text(json.dumps(entries))
    result = run_suite(suite, "--json", "--only", "pen")
    assert result.exit_code == 0, result.output
    assert f"does not hold the suite's commit {'1' * 40}" in result.stderr
    (entry,) = json.loads(result.stdout)["repositories"]
    assert (entry["commit"], entry["suite_commit"]) == (commit, "1" * 40)


def test_a_checkout_without_the_root_is_an_error(suite: Suite) -> None:
    """The folder to index is named."""
    (suite[1] / "till" / "src").rename(suite[1] / "till" / "lib")
    assert "has no folder 'src'" in _fails(run_suite(suite))


def test_a_question_that_no_file_answers_is_an_error(suite: Suite) -> None:
    """It would count as a failure of the search; the line is named before anything is indexed."""
    with (suite[0] / "till.jsonl").open("a") as file:
        file.write('{"query": "q", "relevant": [{"path": "src/gone.go"}]}\n')
    result = run_suite(suite)
    message = _fails(result)
    assert "till.jsonl, line 2" in message and "src/gone.go" in message
    assert "indexed" not in result.stderr


def test_a_suite_without_a_file_of_questions_is_an_error(suite: Suite) -> None:
    """The file that is missing is named."""
    (suite[0] / "till.jsonl").unlink()
    assert "till.jsonl" in _fails(run_suite(suite))


def test_an_unknown_repository_of_the_suite_lists_the_known_ones(suite: Suite) -> None:
    """--only is checked."""
    assert "It has: pen, till" in _fails(run_suite(suite, "--only", "barn"))


@pytest.mark.parametrize(
    "options", [(), ("--queries", "q"), ("--suite", "."), ("--repo", ".", "--queries", "q", "--suite", ".")]
)
def test_half_a_command_line_says_what_goes_together(options: tuple[str, ...]) -> None:
    """Questions need a repository, a suite needs checkouts, and it is one or the other."""
    result = invoke(*options)
    assert result.exit_code == 2
    assert "--repo, --repo and --queries, or --suite and --checkouts" in result.stderr
