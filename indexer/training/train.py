"""In-batch contrastive training of the rows: a query's own code against the other codes of its batch.

Loss: symmetric cross entropy over cosine similarities over a temperature (InfoNCE, van den Oord et al. 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.training.examples import (
    Bags,
    Rows,
    plan_batches,
    sample_codes_of,
    tokenize_pairs,
    vary_queries,
)
from indexer.training.model import StaticModel
from indexer.training.records import Pair

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """The knobs of a run. ``own_package_share``: batches drawn from one package, where negatives are hard.

    ``symbol_share``: so many of the pairs that ask by a name alone are used: they are half of all.
    ``n_sampled_tokens``: of a code's tokens after its first line so many are drawn, anew at each sight of it.
    ``n_threads``: more than one is hardly quicker, and sums in an order that differs from run to run.
    """

    n_epochs: int = 4
    batch_size: int = 2048
    learning_rate: float = 4e-3
    temperature: float = 0.05
    own_package_share: float = 0.5
    symbol_share: float = 0.2
    n_sampled_tokens: int = 64
    query_dropout: float = 0.1
    question_share: float = 0.15
    n_threads: int = 1
    seed: int = 20261123


def train(
    model: StaticModel,
    pairs: Sequence[Pair],
    settings: TrainingSettings,
    report: Callable[[str], None] = lambda line: None,
) -> StaticModel:
    """A copy of ``model`` whose rows are trained on ``pairs``; ``report`` gets one line an epoch.

    With one thread the same settings give the same rows, on the same kind of machine and build of torch.
    """
    import torch

    torch.set_num_threads(settings.n_threads)
    torch.set_flush_denormal(True)  # Adam's moments of rare tokens fade into denormals, which are slow
    examples = tokenize_pairs(model.tokenizer, pairs)
    sampler = np.random.default_rng(settings.seed)
    drawn = sampler.random(len(examples.groups)) < settings.symbol_share
    used = np.flatnonzero(~examples.is_symbol | drawn)

    def plan(own: np.random.Generator) -> list[Rows]:
        return plan_batches(examples.packages, used, settings.batch_size, settings.own_package_share, own)

    rows = torch.nn.Parameter(torch.from_numpy(model.rows.copy()))
    optimizer = torch.optim.Adam([rows], lr=settings.learning_rate, fused=True)
    n_steps = settings.n_epochs * len(plan(np.random.default_rng(0)))  # an epoch has some batches more or less
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=n_steps + 1, pct_start=0.1, cycle_momentum=False
    )
    for epoch in range(settings.n_epochs):
        losses = []
        for batch in plan(sampler):
            queries = vary_queries(examples, batch, settings.query_dropout, settings.question_share, sampler)
            heads, rests = sample_codes_of(examples, batch, settings.n_sampled_tokens, sampler)
            left = _embed(rows, queries)
            right = torch.nn.functional.normalize(_embed(rows, heads) + _embed(rows, rests), dim=1)
            loss = _loss(left, right, torch.from_numpy(examples.groups[batch]), settings.temperature)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if schedule.last_epoch < n_steps:
                schedule.step()
            losses.append(loss.item())
        report(f"epoch {epoch + 1}: mean loss {np.mean(losses):.4f} over {len(losses)} batches")
    return StaticModel(model.tokenizer, rows.detach().numpy())


def _embed(rows: Tensor, bags: Bags) -> Tensor:
    """Unit vectors; a sum is as good as a mean before it is made unit norm."""
    import torch

    ids, offsets = torch.from_numpy(bags.flat), torch.from_numpy(np.cumsum(bags.counts) - bags.counts)
    sums = torch.nn.functional.embedding_bag(ids.to(torch.int64), rows, offsets, mode="sum")
    return torch.nn.functional.normalize(sums, dim=1)


def _loss(left: Tensor, right: Tensor, groups: Tensor, temperature: float) -> Tensor:
    """Both directions; another row with the same query is no negative."""
    import torch

    scores = left @ right.T / temperature
    same = (groups[:, None] == groups[None, :]) & ~torch.eye(len(groups), dtype=torch.bool)
    scores = scores.masked_fill(same, float("-inf"))
    target = torch.arange(len(groups))
    entropy = torch.nn.functional.cross_entropy
    return (entropy(scores, target) + entropy(scores.T, target)) / 2
