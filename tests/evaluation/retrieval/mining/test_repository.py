"""Which files may be asked about, and how questions are spread over them."""

from __future__ import annotations

from typing import Any

import pytest

from eval.retrieval.mining.repository import MinedQuestion, is_target, spread
from eval.retrieval.records import RelevantPlace


@pytest.mark.parametrize("path", ["src/gate.py", "lib/open.rb", "Main.hs", "core/src/org/garden/Gate.java", "a.sh"])
def test_code_is_a_target(path: str) -> None:
    """Source files may be asked about."""
    assert is_target(path)


@pytest.mark.parametrize(
    "path",
    """tests/gate.py test_gate.py gate_test.go src/GateTest.java spec/gate_spec.rb src/gate.spec.ts Tests/GateSpec.swift
    Sources/GateTests/Gate.swift src/jvmTest/kotlin/Gate.kt docs/conf.py examples/a.go README.md a.json style.css
    setup.py conftest.py Rakefile gate.gemspec build.gradle.kts vite.config.ts lib/thor/version.rb src/gate.d.ts
    rayon-demo/src/main.rs benches/a.rs .github/run.sh CHANGELOG.md""".split(),
)
def test_side_files_are_no_targets(path: str) -> None:
    """Tests, documents, examples, configuration and build files may not be asked about."""
    assert not is_target(path)


def test_questions_are_spread_over_files() -> None:
    """No file has more than its share, and no more are taken than asked for."""
    questions = [MinedQuestion(str(n), (RelevantPlace("ab"[n >= 3]),), "x") for n in range(6)]
    assert [question.query for question in spread(questions, 3, 2)] == ["0", "1", "3"]


def test_any_repository_may_be_asked_about(make_repo: Any, opened: Any) -> None:
    """What is kept out of the fit, such as a copy of a well known project, is measured like other code."""
    files = {
        "flask/app.py": "# Adapted from the pandas code base\na = 1\n",
        "parser.c": "/* A Bison parser */\nint a;\n",
    }
    repository = opened(make_repo(files, "flask"))
    assert set(repository.texts) == set(files)
    assert repository.targets == {"flask/app.py"}
    assert repository.language == "python"
