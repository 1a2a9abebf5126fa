"""What may be asked about: a repository's own source, and files whose names do not say the answer."""

from __future__ import annotations

import pytest

from eval.tasks.questions.askable import is_asked_file, path_is_told


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/gate.ts", True),
        ("src/gate.test.ts", False),
        ("src/gate_test.go", False),
        ("src/test/java/Gate.java", False),
        ("src/main/java/GateTest.java", False),
        ("spec/gate.rb", False),
        ("examples-ios/gate.swift", False),
        ("src/__tests__/gate.js", False),
        ("gate.d.ts", False),
    ],
)
def test_only_own_source_is_asked_about(path: str, expected: bool) -> None:
    """Tests and examples are told by the habits of all languages."""
    assert is_asked_file(path) is expected


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("net/http_client.py", "HttpClient", True),
        ("net/http_client.py", "HttpClient.get", True),
        ("net/util.py", "HttpClient.get", False),
        ("net/mod.rs", "Net.open", True),
        ("net/mod.rs", "Gate.open", False),
    ],
)
def test_a_name_that_tells_its_file(path: str, name: str, expected: bool) -> None:
    """A file named after the class, or a package's main file after its folder, is no question."""
    assert path_is_told(path, name) is expected
