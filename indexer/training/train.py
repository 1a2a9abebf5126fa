"""In-batch contrastive training of the rows: a query's own code against the other codes of its batch.

Loss: symmetric cross entropy over cosine similarities over a temperature (InfoNCE, van den Oord et al. 2018).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from indexer.training.model import StaticModel
from indexer.training.records import Pair

if TYPE_CHECKING:
    from torch import Tensor

Ids = list[NDArray[np.int32]]

MAX_CODE_CHARS = 1_500  # as much as a chunk of an index holds

# People ask questions, docstrings state. A share of the queries gets one of these in front, so that the rows of
# the words that make a question learn to say nothing.
QUESTIONS = (
    "how does it",
    "how is this done:",
    "how are these",
    "how do I",
    "how to",
    "where is the code that",
    "where does it",
    "what is used to",
    "which function",
    "what happens when it should",
    "find the implementation of",
    "why does it",
)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The knobs of a run. ``own_package_share``: batches drawn from one package, where negatives are hard.

    ``symbol_share``: so many of the pairs that ask by a name alone are used: they are half of all.
    ``n_sampled_tokens``: of a code's tokens so many are drawn, anew at each sight of it.
    """

    n_epochs: int = 12
    batch_size: int = 2048
    learning_rate: float = 4e-3
    temperature: float = 0.05
    own_package_share: float = 0.5
    symbol_share: float = 0.4
    n_sampled_tokens: int = 128
    query_dropout: float = 0.1
    question_share: float = 0.15
    kinds: tuple[str, ...] = ("function", "class", "module", "symbol", "comment", "readme")
    n_threads: int = 2
    seed: int = 20261123


# A short run keeps what questions need, a long one fits docstrings; their average is better than both on tune.
RUNS = (TrainingSettings(n_epochs=3, n_sampled_tokens=64), TrainingSettings())


def train(
    model: StaticModel,
    pairs: Sequence[Pair],
    settings: TrainingSettings,
    report: Callable[[str], None] = lambda line: None,
) -> StaticModel:
    """A copy of ``model`` whose rows are trained on ``pairs``; ``report`` gets one line an epoch."""
    import torch

    torch.set_num_threads(settings.n_threads)
    torch.manual_seed(settings.seed)
    torch.set_flush_denormal(True)  # Adam's moments of rare tokens fade into denormals, which are slow
    shuffler = random.Random(settings.seed)
    sampler = np.random.default_rng(settings.seed)
    used = [
        pair
        for pair in pairs
        if pair.kind in settings.kinds and (pair.kind != "symbol" or shuffler.random() < settings.symbol_share)
    ]
    queries = tokenize(model.tokenizer, [pair.query for pair in used])
    codes = tokenize(model.tokenizer, [pair.code[:MAX_CODE_CHARS] for pair in used])
    questions = tokenize(model.tokenizer, QUESTIONS)
    groups = np.unique([pair.query.lower() for pair in used], return_inverse=True)[1]
    keep = [row for row in range(len(used)) if len(queries[row]) and len(codes[row])]
    rows = torch.from_numpy(model.rows.copy())
    table = torch.nn.EmbeddingBag.from_pretrained(rows, freeze=False, mode="mean")
    optimizer = torch.optim.Adam(table.parameters(), lr=settings.learning_rate)
    n_steps = settings.n_epochs * len(plan_batches(used, keep, settings, random.Random(0)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=n_steps + 1, pct_start=0.1, cycle_momentum=False
    )
    for epoch in range(settings.n_epochs):
        losses = []
        for batch in plan_batches(used, keep, settings, shuffler):
            asked = [_vary(queries[row], questions, settings, sampler) for row in batch]
            left = _embed(table, asked)
            right = _embed(table, [_sample(codes[row], settings.n_sampled_tokens, sampler) for row in batch])
            loss = _loss(left, right, torch.from_numpy(groups[batch]), settings.temperature)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule.last_epoch < n_steps:
                schedule.step()
            losses.append(loss.item())
        report(f"epoch {epoch + 1}: mean loss {np.mean(losses):.4f} over {len(losses)} batches")
    return StaticModel(model.tokenizer, table.weight.detach().numpy().astype(np.float32))


def train_average(
    model: StaticModel,
    pairs: Sequence[Pair],
    runs: Sequence[TrainingSettings],
    report: Callable[[str], None] = lambda line: None,
) -> StaticModel:
    """The mean of the rows of several runs from the same start, better than each (Wortsman et al. 2022)."""
    trained = [train(model, pairs, settings, report).rows.astype(np.float16) for settings in runs]
    mean = np.mean([rows.astype(np.float32) for rows in trained], axis=0)
    return StaticModel(model.tokenizer, mean.astype(np.float32))


def tokenize(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int | None = None) -> Ids:
    """Token ids of texts, the first ``max_tokens`` of each."""
    ids: Ids = []
    for start in range(0, len(texts), 4096):
        batch = tokenizer.encode_batch_fast(list(texts[start : start + 4096]), add_special_tokens=False)
        ids.extend(np.asarray(encoding.ids[:max_tokens], dtype=np.int32) for encoding in batch)
    return ids


def plan_batches(
    pairs: Sequence[Pair], rows: Sequence[int], settings: TrainingSettings, shuffler: random.Random
) -> list[list[int]]:
    """The rows of each batch: a share of the pairs in batches of their own package, the others mixed."""
    own: dict[str, list[int]] = defaultdict(list)
    mixed: list[int] = []
    for row in rows:
        (own[pairs[row].package] if shuffler.random() < settings.own_package_share else mixed).append(row)
    batches: list[list[int]] = []
    for package in own.values():
        for batch in _cut(package, settings.batch_size, shuffler):
            if len(batch) >= settings.batch_size // 4:
                batches.append(batch)
            else:
                mixed.extend(batch)  # too few for hard negatives
    batches.extend(_cut(mixed, settings.batch_size, shuffler))
    shuffler.shuffle(batches)
    return batches


def _cut(rows: list[int], size: int, shuffler: random.Random) -> Iterator[list[int]]:
    shuffler.shuffle(rows)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _vary(
    query: NDArray[np.int32], questions: Ids, settings: TrainingSettings, sampler: np.random.Generator
) -> NDArray[np.int32]:
    """A query with some of its words missing, or with the words of a question in front."""
    if len(query) > 3 and settings.query_dropout:
        kept = query[sampler.random(len(query)) >= settings.query_dropout]
        query = kept if len(kept) else query
    if sampler.random() < settings.question_share:
        query = np.concatenate([questions[int(sampler.integers(len(questions)))], query])
    return query


def _sample(code: NDArray[np.int32], n_tokens: int, sampler: np.random.Generator) -> NDArray[np.int32]:
    if len(code) <= n_tokens:
        return code
    return code[sampler.random(len(code)) < n_tokens / len(code)]


def _embed(table: Callable[..., Tensor], ids: Ids) -> Tensor:
    import torch

    lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
    flat = torch.from_numpy(np.concatenate(ids).astype(np.int64))
    offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)[:-1]]))
    return torch.nn.functional.normalize(table(flat, offsets), dim=1)


def _loss(left: Tensor, right: Tensor, groups: Tensor, temperature: float) -> Tensor:
    """Both directions; another row with the same query is no negative."""
    import torch

    scores = left @ right.T / temperature
    same = (groups[:, None] == groups[None, :]) & ~torch.eye(len(groups), dtype=torch.bool)
    scores = scores.masked_fill(same, float("-inf"))
    target = torch.arange(len(groups))
    entropy = torch.nn.functional.cross_entropy
    return (entropy(scores, target) + entropy(scores.T, target)) / 2
