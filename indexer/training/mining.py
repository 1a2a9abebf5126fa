"""One door to mining: the pairs of a source file in whatever language, and fingerprints to find copies by."""

from __future__ import annotations

from collections.abc import Iterable

from indexer.training.mining_markdown import mine_markdown
from indexer.training.mining_python import mine_python
from indexer.training.mining_trees import mine_tree
from indexer.training.prose import query_key
from indexer.training.records import Pair, Source


def mine_source(source: Source) -> list[Pair]:
    """All pairs of one file; none if it does not parse or its language is not mined."""
    if source.path.endswith((".py", ".pyi")):
        return mine_python(source)
    if source.path.endswith((".md", ".markdown")):
        return list(mine_markdown(source))
    return mine_tree(source)


def copy_keys(sources: Iterable[Source]) -> frozenset[str]:
    """Fingerprints of the definitions and docstrings of sources, to find copies of them elsewhere."""
    keys: set[str] = set()
    for source in sources:
        for pair in mine_source(source):
            keys.add(pair.key)
            keys.add(query_key(pair.query))
    keys.discard("")
    return frozenset(keys)
