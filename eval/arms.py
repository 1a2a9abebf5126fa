"""The arms of the comparison: one question, one model, and what it is given to read. An arm only makes the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.events import AskRequest
from assistant.records import Message
from eval.tasks.questions.records import Question
from eval.tasks.questions.wording import word_freely, word_question
from indexer.errors import InputError


@dataclass(frozen=True, slots=True)
class Target:
    """The index that is asked, and the cap on every answer."""

    repo: str
    ref: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Arm:
    """A named way to ask: the user's message, and whether the assistant searches."""

    name: str
    word: Callable[[Question], str]
    retrieval: bool

    def make_request(self, question: Question, target: Target) -> AskRequest:
        """The request with the target's cap. It names the repository also without retrieval, to look up names in."""
        messages = [Message("user", self.word(question))]
        return AskRequest(target.repo, messages, retrieval=self.retrieval, max_tokens=target.max_tokens, ref=target.ref)


def choose_arms(names: Sequence[str]) -> list[Arm]:
    """The arms of these names, each once, in the given order. Raises InputError and lists them."""
    chosen = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    unknown = [name for name in chosen if name not in ARMS]
    if unknown or not chosen:
        wrong = f"There is no arm {unknown[0]!r}" if unknown else "No arm is named"
        raise InputError(f"{wrong}: choose from {', '.join(ARMS)}, separated by commas.")
    return [ARMS[name] for name in chosen]


ARMS: Mapping[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("none", word_question, retrieval=False),
        Arm("retrieval", word_question, retrieval=True),
        Arm("free", word_freely, retrieval=False),
        Arm("free-retrieval", word_freely, retrieval=True),
    )
}
