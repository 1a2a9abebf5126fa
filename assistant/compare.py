"""With and without retrieval: one question asked both ways, as one stream of events that say which way they are of.

The two run one after the other. On a CPU two answers at once share the cores, and the seconds of each would be those of
both; so the seconds here are each arm's own.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from .events import AnswerDone, AskRequest
from .records import Answer
from .serialise import answer_as_json

Arm = Literal["with", "without"]
Vote = Literal["left", "right", "tie", "both bad"]

# The short prompt first: something to read while the long one is read by the model.
DEFAULT_ORDER: tuple[Arm, Arm] = ("without", "with")

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class ArmEvent(Generic[E]):
    """An event of one of the two answers."""

    arm: Arm
    event: E


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both answers to one question."""

    with_retrieval: Answer
    without_retrieval: Answer

    def of(self, arm: Arm) -> Answer:
        """The answer of one arm."""
        return self.with_retrieval if arm == "with" else self.without_retrieval


def arm_request(request: AskRequest, arm: Arm) -> AskRequest:
    """``request`` as that arm asks it: the same messages and caps, with or without code."""
    return replace(request, retrieval=arm == "with")


async def stream_both(
    ask: Callable[[AskRequest], AsyncGenerator[E, None]], request: AskRequest, order: Sequence[Arm] = DEFAULT_ORDER
) -> AsyncGenerator[ArmEvent[E], None]:
    """The events of both answers, one arm after the other in ``order``; ``ask`` streams one answer.

    Raises what ``ask`` raises; then there is no second answer. Closing it closes the answer that is being made.
    """
    for arm in order:
        async with aclosing(ask(arm_request(request, arm))) as events:
            async for event in events:
                yield ArmEvent(arm, event)


async def answer_both(ask: Callable[[AskRequest], AsyncGenerator[E, None]], request: AskRequest) -> Comparison:
    """Both whole answers. Raises what ``ask`` raises."""
    answers: dict[Arm, Answer] = {}
    async with aclosing(stream_both(ask, request)) as events:
        async for each in events:
            if isinstance(each.event, AnswerDone):
                answers[each.arm] = each.event.answer
    return Comparison(answers["with"], answers["without"])


def random_order() -> tuple[Arm, Arm]:
    """Which arm stands left and which right, by a coin from the system's own source."""
    arms: list[Arm] = ["with", "without"]
    random.SystemRandom().shuffle(arms)
    return arms[0], arms[1]


def comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    """Both answers to a question, each as it would be alone."""
    return {
        "with": answer_as_json(comparison.with_retrieval),
        "without": answer_as_json(comparison.without_retrieval),
    }
