"""``quarry ask`` with a hosted model, as a user runs it; a stand-in is in its package's place."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]
STANDINS = Path(__file__).resolve().parents[1] / "standins"
QUESTION = ("project", "what does create_invoice return?")


@pytest.fixture(scope="module")
def indexed(make_repo: Make, make_home: Make, build: Make) -> Path:
    """A home with a small repository."""
    home = make_home()
    build(home, make_repo({"invoice.py": "def create_invoice(order):\n    return Invoice(order)\n"}).path)
    return home


@pytest.fixture
def ask(indexed: Path, tmp_path: Path, run_quarry: Make) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``quarry ask`` where the stand-in is installed and has a key."""

    def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(STANDINS), os.environ.get("PYTHONPATH")]))
        given = {"PYTHONPATH": path, "ANTHROPIC_API_KEY": "a-key", "STANDIN_LOG": str(tmp_path / "log")}
        return run_quarry(indexed, "ask", *QUESTION, "--no-abstain", *options, **(given | environment))

    return run


@pytest.mark.parametrize("by_setting", [True, False])
def test_a_hosted_model_answers_where_it_was_chosen(ask: Make, tmp_path: Path, by_setting: bool) -> None:
    """By the option or the setting; the code is in the prompt, and the line at the end names model and tokens."""
    name = "anthropic/claude-some"
    done = ask(QUARRY_MODEL=name) if by_setting else ask("--model", name)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("10\n")
    assert re.search(rf"\n{name}: 50 \+ 3 tokens, [\d.]+ s\n", done.stderr)
    (asked,) = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert "return Invoice(order)" in asked["messages"][-1][1]


def test_an_estimate_is_called_one(ask: Make) -> None:
    """In the line at the end, and in the JSON."""
    done = ask("--model", "anthropic/claude-uncounted")
    assert re.search(r"\d+ \+ 1 tokens \(estimated\), ", done.stderr)
    assert json.loads(ask("--model", "anthropic/claude-uncounted", "--json").stdout)["usage"]["is_estimate"] is True
    assert json.loads(ask("--model", "anthropic/claude-some", "--json").stdout)["usage"]["is_estimate"] is False


@pytest.mark.parametrize(
    ("name", "environment", "words"),
    [
        ("anthropic/claude-some", {"ANTHROPIC_API_KEY": ""}, "set ANTHROPIC_API_KEY"),
        ("google_genai/gemini-x", {}, "`pip install langchain-google-genai`"),
        ("anthropic/claude-failing", {}, "(529): Overloaded"),
        ("antropic/claude-some", {}, "did you mean anthropic/claude-some?"),
    ],
)
def test_what_is_missing_is_one_line(ask: Make, name: str, environment: dict[str, str], words: str) -> None:
    """Package, key, a server in trouble, a slip in the name."""
    done = ask("--model", name, **environment)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    *_, line = done.stderr.strip().splitlines()
    assert line.startswith("quarry: ") and words in line


def test_a_key_alone_sends_nothing(ask: Make, tmp_path: Path) -> None:
    """Without a choice it is the machine's own model, which is not here: that is said, and no other is asked."""
    done = ask(QUARRY_OLLAMA_URL="http://127.0.0.1:9")
    assert done.returncode == 1 and "quarry models pull" in done.stderr
    assert not (tmp_path / "log").exists()
