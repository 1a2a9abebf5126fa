"""How other programs are measured, with a stand-in for one, and ripgrep itself where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.peers import METHODS, BenchError, Found, _index_ripgrep, _measure_peer

Suite = tuple[Path, Path]


def _index_stand_in(folder: Path) -> tuple[object, int]:
    """A search that returns every file, by name, whatever is asked."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.is_file())
    return (lambda query: [Found(name, 1, 99) for name in names]), len(names)


def test_a_peer_is_scored_on_the_same_questions(suite: Suite, tmp_path: Path) -> None:
    """Each repository of the suite, each question in its order, from the folder that the suite names."""
    measured = list(_measure_peer(_index_stand_in)(*suite, tmp_path))  # type: ignore[arg-type]
    assert [(each.name, each.n_chunks) for each in measured] == [("pen", 2), ("till", 2)]
    # gate.py is before sheep.py, coins.go before receipt.go.
    assert measured[0].ndcg == pytest.approx([0.63093, 1.0], abs=1e-4)
    assert measured[1].ndcg == [1.0]
    assert [len(each.query_ms) for each in measured] == [2, 1]


def test_a_peer_reads_no_other_files_than_we_do(suite: Suite, tmp_path: Path) -> None:
    """A checkout with changes, or at another commit, would make another comparison."""
    (suite[1] / "pen" / "pen" / "gate.py").write_text("changed\n")
    with pytest.raises(BenchError, match="with changes"):
        list(_measure_peer(_index_stand_in)(*suite, tmp_path))  # type: ignore[arg-type]


def test_our_own_arms_are_measured_too(suite: Suite, tmp_path: Path, rules_cache: Path) -> None:
    """A method that is ours gives one figure a question, and leaves no index behind."""
    home = tmp_path / "home-lexical" / "cache"
    home.mkdir(parents=True)
    shutil.copytree(rules_cache, home / "secret-rules")
    measured = list(METHODS["bm25"](*suite, tmp_path))
    assert [len(each.ndcg) for each in measured] == [2, 1]
    assert measured[0].ndcg[0] == 1.0
    assert list(tmp_path.glob("home-*")) == []


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
def test_ripgrep_ranks_files_by_distinct_keywords(tmp_path: Path) -> None:
    """Two keywords once go before one keyword often; case is no matter; words without a meaning are not looked for."""
    (tmp_path / "often.py").write_text("sheep = sheep + sheep\n")
    (tmp_path / "both.py").write_text("Sheep in the PEN\n")
    (tmp_path / "none.py").write_text("where is the goat\n")
    search, _ = _index_ripgrep(tmp_path)
    found: Sequence[Found] = search("where is the sheep pen")
    assert [each.path for each in found] == ["both.py", "often.py"]
