"""``quarry index``, ``search``, ``list`` and ``remove`` as a user runs them: a process, its output, its exit code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.signals import SIGNALS

Make = Callable[..., Any]
FILES = {
    "billing/invoice.py": "def create_invoice(order):\n    return Invoice(order)\n",
    "users/login.py": "def check_password(given):\n    return given == stored\n",
    "logo.png": b"\x89PNG",
}


@pytest.fixture(scope="module")
def indexed(make_repo: Make, make_home: Callable[[], Path], run_quarry: Make) -> tuple[Any, Path, Any]:
    """A repository, the home that the command indexed it into, and what the command said."""
    repo, home = make_repo(FILES, "shop"), make_home()
    return repo, home, run_quarry(home, "index", str(repo.path))


def check_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Fail unless the command failed with code 1 and one line on stderr that holds these words."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().split("\n")
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("quarry: ")
    for word in words:
        assert word in lines[0]
    assert done.stdout == ""


def test_index_says_what_it_did(indexed: Any) -> None:
    """Name, files, chunks, commit, what was left out and what to do next."""
    repo, _, done = indexed
    assert done.returncode == 0, done.stderr
    commit = repo.git("rev-parse", "HEAD")
    assert done.stdout.startswith(f"shop: 2 files, 2 chunks at {commit[:12]}; 2 new ones embedded in ")
    assert "binary: logo.png" in done.stdout
    assert 'quarry search shop "..."' in done.stdout


def test_index_again_is_up_to_date(indexed: Any, run_quarry: Make) -> None:
    """A second run says so, and its JSON has every field of the report."""
    repo, home, _ = indexed
    report = json.loads(run_quarry(home, "index", str(repo.path), "--json").stdout)
    assert (report["name"], report["n_files"], report["n_chunks"], report["n_embedded"]) == ("shop", 2, 2, 0)
    assert [(s["path"], s["reason"]) for s in report["skipped"]] == [("logo.png", "binary")]
    assert run_quarry(home, "index", ".", cwd=repo.path).stdout.startswith("shop: up to date at ")


def test_search_prints_json(indexed: Any, run_quarry: Make) -> None:
    """The JSON of a search has the promised fields, in order, with as many hits as were asked for."""
    repo, home, _ = indexed
    done = run_quarry(home, "search", "shop", "create invoice", "-k", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert list(value) == ["query", "repositories", "stale", "hits", "timings_ms"]
    (searched,) = value["repositories"]
    assert (searched["repo"], searched["ref"], value["query"]) == ("shop", "HEAD", "create invoice")
    assert searched["commit"] == repo.git("rev-parse", "HEAD")
    (hit,) = value["hits"]
    assert list(hit) == [
        "repo",
        "ref",
        "commit",
        "path",
        "start_line",
        "end_line",
        "symbol",
        "kind",
        "language",
        "score",
        "text",
        "signals",
    ]
    assert (hit["path"], hit["start_line"], hit["end_line"]) == ("billing/invoice.py", 1, 2)
    assert hit["text"] == FILES["billing/invoice.py"].rstrip("\n")


def test_search_prints_for_people(indexed: Any, run_quarry: Make) -> None:
    """Without --json each hit has its place, its symbol and its first lines; --explain adds signals and times."""
    _, home, _ = indexed
    done = run_quarry(home, "search", "shop", "check password", "--explain")
    assert done.stdout.startswith(" 1. users/login.py:1-2  function check_password\n    score ")
    assert all(signal in done.stdout for signal in SIGNALS)
    assert "      def check_password(given):\n" in done.stdout
    assert "total " in done.stdout.split("\n")[-2]


def test_symbols_shows_definitions_and_calls(make_repo: Make, make_home: Any, run_quarry: Make) -> None:
    """Where a function is defined and the lines that call it, each with the definition it stands in."""
    files = {
        "tax.py": "def add_vat(price):\n    return price * 2\n",
        "cart.py": "from tax import add_vat\n\n\nclass Cart:\n    def total(self):\n        return add_vat(self.net)\n",
    }
    home = make_home()
    assert run_quarry(home, "index", str(make_repo(files).path), "--name", "shop").returncode == 0
    done = run_quarry(home, "symbols", "shop", "add_vat")
    assert done.stdout.splitlines() == [
        "defined 1 time",
        "  tax.py:1",
        "      def add_vat(price):",
        "called 1 time",
        "  cart.py:6  in Cart",
        "      return add_vat(self.net)",
    ]
    value = json.loads(run_quarry(home, "symbols", "shop", "add_vat", "--json").stdout)
    assert [(place["path"], place["line"]) for place in value["definitions"]] == [("tax.py", 1)]
    wrong = run_quarry(home, "symbols", "shop", "add_vats")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "quarry: 'shop' neither defines nor calls 'add_vats'. Did you mean add_vat?\n"


def test_symbols_are_of_one_repository_at_one_ref(make_repo: Make, home: Path, build: Make, run_quarry: Make) -> None:
    """The repository is named as for the other commands; several are refused in one line."""
    repo = make_repo({"tax.py": "def add_vat(price):\n    return price\n"})
    repo.git("tag", "v1")
    build(home, repo.path, "shop", ref="v1")
    repo.commit({"tax.py": "import os\n\n\ndef add_vat(price):\n    return price\n"})
    build(home, repo.path, "shop")
    shown = {name: run_quarry(home, "symbols", name, "add_vat").stdout for name in ("shop", "shop@v1", "all")}
    assert ["tax.py:1\n" in shown["shop@v1"], "tax.py:4\n" in shown["shop"]] == [True, True]
    assert shown["all"] == shown["shop"]
    check_one_line(run_quarry(home, "symbols", "shop,shop@v1", "add_vat"), "names several repositories")


@pytest.mark.parametrize(("n_files", "said"), [(1, "1 file has changed since"), (2, "2 files have changed since")])
def test_search_counts_what_changed_since(
    make_repo: Make, home: Path, build: Make, run_quarry: Make, n_files: int, said: str
) -> None:
    """A source that has moved on is told with the number of its changed files."""
    repo = make_repo({f"{number}.py": "def add_vat(price):\n    return price\n" for number in range(2)})
    build(home, repo.path, "shop")
    repo.commit({f"{number}.py": "def add_tax(price):\n    return price\n" for number in range(n_files)})
    assert said in run_quarry(home, "search", "shop", "add_vat").stderr


def test_list_shows_every_ref(indexed: Any, run_quarry: Make) -> None:
    """Name, origin, refs and their sizes, for people and as JSON."""
    repo, home, _ = indexed
    (overview,) = json.loads(run_quarry(home, "list", "--json").stdout)
    assert (overview["name"], overview["origin"]) == ("shop", str(repo.path))
    assert [(ref["ref"], ref["n_files"], ref["n_chunks"]) for ref in overview["refs"]] == [("HEAD", 2, 2)]
    commit = repo.git("rev-parse", "HEAD")
    assert f"HEAD ({commit[:12]})  2 files, 2 chunks" in run_quarry(home, "list").stdout


def test_an_index_that_cannot_be_read_hides_no_other(
    make_repo: Make, home: Path, build: Make, run_quarry: Make
) -> None:
    """One of another version is listed with what to do, beside those that can be asked."""
    repo = make_repo(FILES)
    for name in ("old", "shop"):
        build(home, repo.path, name)
    record = home / "repositories" / "old" / "repository.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"format_version": 1}))
    old, shop = json.loads(run_quarry(home, "list", "--json").stdout)
    assert (old["name"], old["refs"]) == ("old", []) and "--rebuild" in old["problem"]
    assert shop["problem"] is None and len(shop["refs"]) == 1
    assert old["problem"] in run_quarry(home, "list").stdout
    assert "Did you mean" in run_quarry(home, "search", "shap", "x").stderr


def test_remove_forgets_the_index(make_repo: Make, home: Path, build: Make, run_quarry: Make) -> None:
    """After ``remove`` nothing is listed, no folder is left, and the repository is untouched."""
    repo = make_repo(FILES)
    build(home, repo.path, "shop")
    assert run_quarry(home, "remove", "shop").stdout == "Removed the index of shop.\n"
    assert run_quarry(home, "list").stdout == "Nothing is indexed yet. Run `quarry index SOURCE`.\n"
    assert list((home / "repositories").iterdir()) == []
    assert (repo.path / "billing" / "invoice.py").exists()
    check_one_line(run_quarry(home, "remove", "shop"), "No repository 'shop' is indexed")


@pytest.mark.parametrize("form", ["path", "url"])
def test_a_plan_writes_nothing(make_repo: Make, tmp_path: Path, run_quarry: Make, form: str) -> None:
    """``--plan`` counts files, bytes and chunks, names what is left out and why, and leaves no trace."""
    repo = make_repo(FILES)
    before = {path: path.stat().st_mtime_ns for path in repo.path.rglob("*")}
    source = str(repo.path) if form == "path" else f"file://{repo.path}"
    done = run_quarry(tmp_path / "home", "index", source, "--plan", "--json")
    plan = json.loads(done.stdout)
    n_bytes = sum(len(text) for path, text in FILES.items() if path.endswith(".py"))
    assert (plan["n_files"], plan["n_bytes"], plan["n_chunks"], plan["languages"]) == (2, n_bytes, 2, {"python": 2})
    assert [(s["path"], s["reason"]) for s in plan["skipped"]] == [("logo.png", "binary")]
    assert not (tmp_path / "home").exists()
    assert {path: path.stat().st_mtime_ns for path in repo.path.rglob("*")} == before


def test_a_plan_is_readable(make_repo: Make, tmp_path: Path, run_quarry: Make) -> None:
    """Without --json the plan is in words."""
    done = run_quarry(tmp_path / "home", "index", str(make_repo(FILES).path), "--plan")
    assert done.stdout.startswith("would index 2 files of ")
    assert "binary: logo.png" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["index", "/no/such/path"], ["No such path: /no/such/path"]),
        (["index", "file:///nowhere.git"], ["git cannot fetch file:///nowhere.git"]),
        (["index", "/no/such/path", "--plan"], ["No such path"]),
        (["index", "file:///nowhere.git", "--plan"], ["git cannot fetch"]),
        (["index", "{repo}", "--ref", "nope"], ["No ref 'nope'", "Branches there: main"]),
        (["index", "{repo}", "--ref", "main", "--worktree"], ["--ref or --worktree"]),
        (["index", "{repo}/logo.png"], ["is a file"]),
        (["index", "{repo}", "--name", "../x"], ["cannot name a repository"]),
        (["index", "{repo}", "--encoder", "another"], ["made with the encoder 'quarry-static'", "--rebuild"]),
        (["search", "shpo", "invoice"], ["No repository 'shpo' is indexed", "Did you mean shop?"]),
        (["search", "../shop", "invoice"], ["cannot name a repository"]),
        (["search", "shop", ""], ["query is empty"]),
        (["search", "shop", "x", "-k", "0"], ["k is 0"]),
        (["search", "shop", "x", "--ref", "v9"], ["not indexed at 'v9'", "only at HEAD"]),
        (["remove", "shpo"], ["Did you mean shop?"]),
        (["ask", "shpo", "why?"], ["Did you mean shop?"]),
        (["ask", "shop", "  "], ["question is empty"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_line(indexed: Any, run_quarry: Make, arguments: list[str], words: list[str]) -> None:
    """What cannot be done is said in one line that helps, with exit code 1 and no traceback."""
    repo, home, _ = indexed
    check_one_line(run_quarry(home, *(argument.format(repo=repo.path) for argument in arguments)), *words)


def test_an_empty_repository_is_one_line(tmp_path: Path, run_quarry: Make) -> None:
    """A repository without a commit is told what to do, and no index is left."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    check_one_line(run_quarry(tmp_path / "home", "index", str(tmp_path / "empty")), "is an empty repository")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "arguments", [["search", "shop", "x"], ["list"], ["index", "file://{repo}"], ["index", "{repo}"]]
)
def test_a_home_that_is_no_folder_is_one_line(
    indexed: Any, run_quarry: Make, tmp_path: Path, arguments: list[str]
) -> None:
    """A home that cannot be one is said in one line by every command that needs it."""
    (tmp_path / "home").write_text("a file")
    done = run_quarry(tmp_path / "home", *(argument.format(repo=indexed[0].path) for argument in arguments))
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if arguments == ["list"] else 1)


def test_a_setting_that_cannot_be_read_is_one_line(indexed: Any, run_quarry: Make) -> None:
    """A variable of the environment with a wrong value is named in one line."""
    repo, home, _ = indexed
    done = run_quarry(home, "index", str(repo.path), QUARRY_MAX_FILE_BYTES="many")
    check_one_line(done, "QUARRY_MAX_FILE_BYTES")


def test_a_wrong_command_line_has_a_code_of_its_own(home: Path, run_quarry: Make) -> None:
    """Unknown commands and options end with code 2, as is usual, and say what is wrong."""
    for arguments in (["serach"], ["search", "--no-such-option"], ["search"]):
        done = run_quarry(home, *arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "Error: " in done.stderr


def test_every_command_has_help(home: Path, run_quarry: Make) -> None:
    """``--help`` lists the commands, each with a line."""
    shown = run_quarry(home, "--help").stdout
    for command in ("index", "list", "remove", "search", "ask", "chat", "models", "serve", "eval"):
        (line,) = [line for line in shown.split("\n") if line.startswith(f"  {command} ")]
        assert len(line.split()) > 2
