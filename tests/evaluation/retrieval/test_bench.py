"""The comparison with others: what its figures say, and that it goes on where it stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import retrieval
from bench.retrieval import paired_difference, to_section

N_REPOSITORIES = 12


def _figures(gain: float, peak_mb: int = 100) -> dict[str, Any]:
    repositories = [
        {"name": f"r{n}", "index_seconds": 0.5, "n_chunks": 9, "ndcg": [n / 20 + gain, 0.25 + gain], "query_ms": [2, 4]}
        for n in range(N_REPOSITORIES)
    ]
    return {"key": "k", "date": "2026-01-01", "commit": "c0ffee", "peak_mb": peak_mb, "repositories": repositories}


def test_a_difference_is_paired_by_question() -> None:
    """A constant gain over the same questions has an interval without width, in whatever order they were measured."""
    other = _figures(0.0)
    other["repositories"].reverse()
    difference, interval, n = paired_difference(_figures(0.125), other)
    assert difference == pytest.approx(0.125)
    assert interval is not None and (interval.low, interval.high) == pytest.approx((0.125, 0.125))
    assert n == 2 * N_REPOSITORIES


def test_the_section_shows_every_method_with_its_figures() -> None:
    """Quality, times and memory of each, and the difference to the peer."""
    methods = {"quarry": _figures(0.1), "semble": _figures(0.0, peak_mb=321), "ripgrep": _figures(-0.1)}
    page = to_section({"methods": methods, "machine": {"cores": "2", "commit": "c0ffee"}})
    for text in ("| Quarry ", "| semble ", "| ripgrep, keywords ", "321", "0.362", "+0.100", "24 questions", "cores 2"):
        assert text in page
    assert "all-MiniLM" not in page  # which was not measured


def test_each_method_is_named_with_what_it_was_measured_with() -> None:
    """A peer that was measured by an older version, on another day, is not given the newer one's."""
    quarry = _figures(0.1) | {"machine": {"python": "3.11", "commit": "c0ffee"}, "date": "2026-02-02"}
    semble = _figures(0.0) | {"machine": {"python": "3.12", "commit": "decade", "semble": "0.7"}, "commit": "decade"}
    page = to_section({"methods": {"quarry": quarry, "semble": semble}})
    assert "Machine: python 3.11 and 3.12, semble 0.7." in page
    [row] = [line for line in page.splitlines() if line.startswith("| semble ")]
    assert "2026-01-01" in row and "decade" in row and "2026-02-02" not in row


def test_nothing_is_published_of_changes_that_are_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page names a commit that others can check out."""
    monkeypatch.setattr(retrieval, "RESULTS", tmp_path / "figures.json")
    monkeypatch.setattr(retrieval, "describe_machine", lambda: {"commit": "c0ffee with changes"})
    monkeypatch.setattr(sys, "argv", ["bench", "--suite", str(tmp_path), "--checkouts", str(tmp_path), "--methods", ""])
    with pytest.raises(SystemExit) as stopped:
        retrieval.main()
    assert stopped.value.code == 2
    assert "commit the changes" in capsys.readouterr().err


def test_what_is_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that stopped goes on with the next method; --again and other questions measure anew."""
    measured: list[str] = []
    stops = iter([True])

    def measure(method: str, suite: Path, checkouts: Path) -> dict[str, Any]:
        measured.append(method)
        if method == "semble" and next(stops, False):
            raise SystemExit(1)
        return _figures(0.0)

    monkeypatch.setattr(retrieval, "_measure", measure)
    (tmp_path / "repos.json").write_text("[]")
    words = ["--suite", str(tmp_path), "--checkouts", str(tmp_path), "--out", str(tmp_path / "out" / "figures.json")]
    (tmp_path / "out").mkdir()

    def run(*more: str) -> list[str]:
        measured.clear()
        monkeypatch.setattr(sys, "argv", ["bench", *words, "--methods", "quarry,semble", *more])
        retrieval.main()
        return list(measured)

    with pytest.raises(SystemExit):
        run()
    assert list(json.loads((tmp_path / "out" / "figures.json").read_text())["methods"]) == ["quarry"]
    assert run() == ["semble"]
    assert run() == []
    assert run("--again", "quarry") == ["quarry"]
    (tmp_path / "repos.json").write_text("[{}]")
    assert run() == ["quarry", "semble"]


def test_a_method_that_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own last line is shown, the others are kept, and the command fails."""

    def measure(method: str, suite: Path, checkouts: Path) -> dict[str, Any]:
        if method == "semble":
            raise subprocess.CalledProcessError(1, "bench.peers", stderr="noise\nsemble is not installed\n")
        return _figures(0.0)

    monkeypatch.setattr(retrieval, "_measure", measure)
    (tmp_path / "repos.json").write_text("[]")
    words = ["--suite", str(tmp_path), "--checkouts", str(tmp_path), "--out", str(tmp_path / "figures.json")]
    monkeypatch.setattr(sys, "argv", ["bench", *words, "--methods", "semble,quarry"])
    with pytest.raises(SystemExit) as stopped:
        retrieval.main()
    assert stopped.value.code == 1
    assert "semble: semble is not installed" in capsys.readouterr().err
    assert list(json.loads((tmp_path / "figures.json").read_text())["methods"]) == ["quarry"]
