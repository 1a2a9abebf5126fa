"""The fit of the ranking's weights, by questions whose answer is told by one signal."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.ranking import Weights
from assistant.signals import CHUNK_SIGNALS, FILE_SIGNALS, Candidates
from eval.fitting.__main__ import cross_validate, main, to_toml
from eval.fitting.examples import Example, ExampleSet, Place
from eval.fitting.fit import FitSettings, fit_weights, score_questions
from eval.retrieval.records import RelevantPlace, RetrievalQuestion

TELLING, NOISE = list(FILE_SIGNALS).index("words_best"), list(FILE_SIGNALS).index("size")
SETTINGS = FitSettings(penalty=0.001)


def example(rng: np.random.Generator, sign: float = 1.0) -> Example:
    """Six files of two chunks; `words_best` (times ``sign``) tells the one that answers, `chunk_meaning` its lines."""
    answer = int(rng.integers(6))
    files = np.zeros((6, len(FILE_SIGNALS)), dtype=np.float32)
    files[:, NOISE] = rng.random(6)
    files[:, TELLING] = rng.random(6) * 0.5 * sign
    files[answer, TELLING] = sign
    chunks = np.zeros((12, len(CHUNK_SIGNALS)), dtype=np.float32)
    chunks[:, list(CHUNK_SIGNALS).index("chunk_meaning")] = np.tile([-0.4, 0.0], 6)
    owners = np.repeat(np.arange(6), 2)
    places = [Place(f"f{number // 2}.py", 1 + 10 * (number % 2), 9 + 10 * (number % 2)) for number in range(12)]
    question = RetrievalQuestion("what", [RelevantPlace(f"f{answer}.py", 12, 15)], "semantic", 1)
    answering = np.arange(6) == answer
    lines = np.asarray([owners[n] == answer and n % 2 == 1 for n in range(12)])
    return Example(question, Candidates(np.arange(6), files, np.arange(12), owners, chunks), places, answering, lines)


def examples(name: str, seed: int, sign: float = 1.0) -> ExampleSet:
    """A repository of twenty such questions."""
    rng = np.random.default_rng(seed)
    return ExampleSet(name, False, [example(rng, sign) for _ in range(20)])


def test_the_telling_signal_gets_the_weight() -> None:
    """What tells answers apart is weighed, noise hardly, and all questions are then answered first."""
    weights = fit_weights([examples("one", 1), examples("two", 2)], [], SETTINGS)
    assert weights.files["words_best"] > 5 * abs(weights.files["size"])
    assert weights.chunks["chunk_meaning"] > 1
    assert all(weights.files[name] == 0 for name in ("test", "docs", "defines"))
    assert score_questions(examples("three", 3), weights) == [1.0] * 20


def test_a_larger_penalty_makes_smaller_weights() -> None:
    """The penalty holds the weights down."""
    sets = [examples("one", 1)]
    light, heavy = (fit_weights(sets, [], FitSettings(penalty=penalty)) for penalty in (0.0001, 0.1))
    assert abs(heavy.files["words_best"]) < abs(light.files["words_best"])


def test_mined_questions_count_less() -> None:
    """Two sets that say the opposite of each other: the written one decides."""
    weights = fit_weights([examples("one", 1)], [examples("two", 2, sign=-1.0)], FitSettings(0.001, mined_share=0.1))
    assert weights.files["words_best"] > 0


def test_a_repository_is_judged_by_the_others() -> None:
    """One that is unlike all others gets a bad figure: its own questions had no part in the weights."""
    sets = [examples("one", 1), examples("two", 2), examples("odd", 3, sign=-1.0)]
    held_out = {each.repository: scores for each, scores in cross_validate(sets, [], SETTINGS)}
    assert set(held_out) == {"one", "two", "odd"}
    assert np.mean(held_out["odd"]) < 0.6
    own = fit_weights([sets[2]], [], SETTINGS)
    assert np.mean(score_questions(sets[2], own)) == 1.0


def test_weights_are_written_as_they_are_read() -> None:
    """The file holds every weight under its signal's name."""
    weights = Weights(dict.fromkeys(FILE_SIGNALS, 0.5), dict.fromkeys(CHUNK_SIGNALS, -1.25), 3.0, 1.5)
    table = tomllib.loads(to_toml(weights))
    assert Weights(table["files"], table["chunks"], table["repeat_penalty"], table["context_repeat_penalty"]) == weights


@pytest.fixture
def suite(tmp_path: Path) -> tuple[Path, Path]:
    """Two small repositories with two questions each."""
    folder, checkouts = tmp_path / "suite", tmp_path / "checkouts"
    folder.mkdir()
    for name, thing in (("bakery", "bread"), ("garage", "engine")):
        (checkouts / name / "src").mkdir(parents=True)
        (checkouts / name / "src" / f"{thing}.py").write_text(f"def make_{thing}(parts):\n    return {thing}(parts)\n")
        (checkouts / name / "src" / "other.py").write_text("def unrelated():\n    return 0\n")
        lines = [
            {"query": f"how is the {thing} made", "relevant": [{"path": f"src/{thing}.py"}], "category": "semantic"},
            {"query": f"make_{thing}", "relevant": [{"path": f"src/{thing}.py"}], "category": "symbol"},
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "repos.json").write_text(json.dumps([{"name": "bakery"}, {"name": "garage"}]))
    return folder, checkouts


def test_the_recipe_runs_from_suites_to_a_file(
    suite: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """One command: indexes with and without names, cross-validation, a file of weights and a report."""
    out, report = tmp_path / "w.toml", tmp_path / "r.json"
    folders = [str(part) for part in suite]
    main(
        ["--written", *folders, "--mined", *folders, "--home", str(home), "--out", str(out), "--report", str(report)],
        standalone_mode=False,
    )
    assert list(tomllib.loads(out.read_text())["files"]) == list(FILE_SIGNALS)
    told: dict[str, Any] = json.loads(report.read_text())
    assert [(each["name"], each["is_masked"]) for each in told["repositories"]] == [
        ("bakery", False),
        ("bakery", True),
        ("garage", False),
        ("garage", True),
    ]
    assert all(len(each["questions"]) == 2 for each in told["repositories"])
    printed = capsys.readouterr().out
    assert "ranked: nDCG@10" in printed and "path-masked: nDCG@10" in printed
