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

from indexer.training.archives import read_sources
from indexer.training.mining import copy_keys, mine_source
from indexer.training.packages import fetch_archives, load_packages, package_lists_digest
from indexer.training.prose import query_key
from indexer.training.records import Collection, Package, Pair, Split

SEED = 20261123
# A large package must not outweigh thirty small ones, and its files repeat each other.
MAX_SOURCE_BYTES = {"pypi": 10_000_000}
MAX_OTHER_SOURCE_BYTES = 3_000_000
MAX_PAIRS_PER_KIND = {
    "function": 5_000,
    "class": 1_500,
    "module": 600,
    "symbol": 2_500,
    "comment": 1_500,
    "readme": 400,
}
OTHERS_SHARE = 0.4  # of these caps, for packages that are not Python: there are three times as many of them
# A package and language, so that a transformer can be measured on the same items.
N_QUERIES, N_CANDIDATES = {"python": 300}, {"python": 1_500}
N_OTHER_QUERIES, N_OTHER_CANDIDATES, MIN_QUERIES = 100, 300, 30


def load_corpus(work: Path, n_processes: int = 2) -> dict[Split, list[Pair]]:
    """The pairs of each split, mined once for these lists of packages and kept in ``work/pairs-….jsonl``.

    After a change of what is mined from a package delete that file.
    """
    cache = work / f"pairs-{package_lists_digest()}.jsonl"
    packages = load_packages()
    if not cache.exists():
        excluded = load_packages("excluded")
        archives = fetch_archives(packages + excluded, work / "archives")
        with ProcessPoolExecutor(n_processes) as pool:
            keys = pool.map(_copy_keys, [(package, archives[package.sha256]) for package in excluded])
            forbidden = frozenset(chain.from_iterable(keys))
            tasks = [(package, archives[package.sha256], forbidden) for package in packages]
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


def sample_codes(pairs: Sequence[Pair], n_texts: int = 40_000) -> list[str]:
    """Queries and codes of some pairs, every language with the same number where it has so many."""
    by_language: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.kind in ("function", "class"):
            by_language[pair.language].append(pair)
    share = n_texts // max(1, len(by_language))
    shuffler = random.Random(SEED)
    chosen = [
        pair
        for _, of_language in sorted(by_language.items())
        for pair in shuffler.sample(of_language, min(share, len(of_language)))
    ]
    return [f"{pair.query}\n{pair.code}" for pair in chosen]


def build_collections(pairs: Iterable[Pair], with_header: bool = True) -> list[Collection]:
    """One ranking task a package: docstring sentences to the functions that they were taken from."""
    by_package: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.kind == "function":
            by_package[pair.package, pair.language].append(pair)
    collections = []
    for (package, language), functions in sorted(by_package.items()):
        shuffler = random.Random(SEED)
        shuffler.shuffle(functions)
        functions = functions[: N_CANDIDATES.get(language, N_OTHER_CANDIDATES)]
        counts = Counter(pair.query for pair in functions)
        rows = [row for row, pair in enumerate(functions) if counts[pair.query] == 1]
        rows = rows[: N_QUERIES.get(language, N_OTHER_QUERIES)]
        if len(rows) < MIN_QUERIES:
            continue
        codes = tuple(p.code if with_header else p.code.partition("\n")[2] for p in functions)
        queries = tuple(functions[row].query for row in rows)
        collections.append(Collection(package, language, codes, queries, tuple(rows)))
    return collections


def _copy_keys(task: tuple[Package, Path]) -> frozenset[str]:
    return copy_keys(read_sources(*task))


def _mine_package(task: tuple[Package, Path, frozenset[str]]) -> list[Pair]:
    package, archive, forbidden = task
    shuffler = random.Random(SEED)
    sources = list(read_sources(package, archive))
    shuffler.shuffle(sources)
    pairs: list[Pair] = []
    n_bytes = 0
    for source in sources:
        n_bytes += len(source.text)
        if n_bytes > MAX_SOURCE_BYTES.get(package.registry, MAX_OTHER_SOURCE_BYTES):
            break
        pairs.extend(mine_source(source))
    share = 1.0 if package.registry == "pypi" else OTHERS_SHARE
    return _without_copies(pairs, forbidden, shuffler, share)


def _without_copies(
    pairs: Sequence[Pair], forbidden: frozenset[str], shuffler: random.Random, share: float = 1.0
) -> list[Pair]:
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
        if n_of_kind[pair.kind] < MAX_PAIRS_PER_KIND[pair.kind] * share:
            seen.add(identity)
            n_of_kind[pair.kind] += 1
            kept.append(pair)
    return kept
