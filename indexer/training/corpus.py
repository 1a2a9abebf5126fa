"""From wheels to clean pairs and evaluation collections: copies dropped, packages kept apart and capped."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from indexer.training.mining import copy_keys, mine_source, query_key
from indexer.training.packages import fetch_wheels, load_packages, read_sources
from indexer.training.records import Collection, Package, Pair, Split

SEED = 20261123
# A large package must not outweigh thirty small ones, and its files repeat each other.
MAX_SOURCE_BYTES = 10_000_000
MAX_PAIRS_PER_KIND = {"function": 5_000, "class": 1_500, "module": 600, "symbol": 2_500, "comment": 1_500}
N_QUERIES, N_CANDIDATES = 300, 1_500  # a package, so that a transformer can be measured on the same items


def load_corpus(work: Path, n_processes: int = 2) -> dict[Split, list[Pair]]:
    """The pairs of each split, mined once and kept in ``work/pairs.jsonl``."""
    cache = work / "pairs.jsonl"
    packages = load_packages()
    if not cache.exists():
        excluded = load_packages("excluded")
        wheels = fetch_wheels(packages + excluded, work / "wheels")
        forbidden = copy_keys(source for p in excluded for source in read_sources(p, wheels[p.name]))
        tasks = [(package, wheels[package.name], forbidden) for package in packages]
        with ProcessPoolExecutor(n_processes) as pool:
            mined = [pair for pairs in pool.map(_mine_package, tasks) for pair in pairs]
        partial = cache.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(asdict(pair)) + "\n" for pair in mined)
        partial.replace(cache)
    with cache.open(encoding="utf-8") as lines:
        pairs = [Pair(**json.loads(line)) for line in lines]
    return separate(pairs, {package.name: package.split for package in packages})


def separate(pairs: Iterable[Pair], splits: dict[str, Split]) -> dict[Split, list[Pair]]:
    """Pairs by split. Code that a tune or test package also holds is taken out of train."""
    by_split: dict[Split, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_split[splits[pair.package]].append(pair)
    held_out = {pair.key for pair in chain(by_split["tune"], by_split["test"])} - {""}
    by_split["train"] = [pair for pair in by_split["train"] if pair.key not in held_out]
    return dict(by_split)


def build_collections(pairs: Iterable[Pair], with_header: bool = True) -> list[Collection]:
    """One ranking task a package: docstring sentences to the functions that they were taken from."""
    by_package: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.kind == "function":
            by_package[pair.package].append(pair)
    collections = []
    for package, functions in sorted(by_package.items()):
        shuffler = random.Random(SEED)
        shuffler.shuffle(functions)
        functions = functions[:N_CANDIDATES]
        counts = Counter(pair.query for pair in functions)
        rows = [row for row, pair in enumerate(functions) if counts[pair.query] == 1][:N_QUERIES]
        codes = tuple(p.code if with_header else p.code.partition("\n")[2] for p in functions)
        queries = tuple(functions[row].query for row in rows)
        collections.append(Collection(package, codes, queries, tuple(rows)))
    return collections


def _mine_package(task: tuple[Package, Path, frozenset[str]]) -> list[Pair]:
    package, wheel, forbidden = task
    shuffler = random.Random(SEED)
    sources = list(read_sources(package, wheel))
    shuffler.shuffle(sources)
    pairs: list[Pair] = []
    n_bytes = 0
    for source in sources:
        n_bytes += len(source.text)
        if n_bytes > MAX_SOURCE_BYTES:
            break
        pairs.extend(mine_source(source))
    return _without_copies(pairs, forbidden, shuffler)


def _without_copies(pairs: Sequence[Pair], forbidden: frozenset[str], shuffler: random.Random) -> list[Pair]:
    """Pairs that are copies neither of an excluded project nor of each other, at most so many of a kind."""
    kept: list[Pair] = []
    seen: set[tuple[str, str]] = set()
    n_of_kind: Counter[str] = Counter()
    order = list(pairs)
    shuffler.shuffle(order)
    for pair in order:
        identity = (pair.kind, pair.key) if pair.key and pair.kind != "comment" else (pair.query, pair.code)
        if pair.key in forbidden or query_key(pair.query) in forbidden or identity in seen:
            continue
        if n_of_kind[pair.kind] < MAX_PAIRS_PER_KIND[pair.kind]:
            seen.add(identity)
            n_of_kind[pair.kind] += 1
            kept.append(pair)
    return kept
