"""The arms of the comparison: one question, one model, and what it is given to read. An arm only makes the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.answer import AskRequest
from assistant.records import Message
from indexer.errors import InputError

from .harvest import ANSWER_FORMS
from .records import Question


@dataclass(frozen=True, slots=True)
class Target:
    """The index that is asked, and the cap on every answer."""

    repo: str
    ref: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Arm:
    """A named way to ask. ``make_request`` must use the question's own words and the target's cap."""

    name: str
    make_request: Callable[[Question, Target], AskRequest]


def word_question(question: Question) -> str:
    """The message of the user, to the letter the same in every arm."""
    return f"{question.text} {ANSWER_FORMS[question.kind]}"


def choose_arms(names: Sequence[str]) -> list[Arm]:
    """The arms of these names, each once, in the given order. Raises InputError and lists them."""
    chosen = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    unknown = [name for name in chosen if name not in ARMS]
    if unknown or not chosen:
        wrong = f"There is no arm {unknown[0]!r}" if unknown else "No arm is named"
        raise InputError(f"{wrong}: choose from {', '.join(ARMS)}, separated by commas.")
    return [ARMS[name] for name in chosen]


def _ask_alone(question: Question, target: Target) -> AskRequest:
    messages = [Message("user", word_question(question))]
    return AskRequest(None, messages, retrieval=False, max_tokens=target.max_tokens)


def _ask_with_retrieval(question: Question, target: Target) -> AskRequest:
    messages = [Message("user", word_question(question))]
    return AskRequest(target.repo, messages, max_tokens=target.max_tokens, ref=target.ref)


ARMS: Mapping[str, Arm] = {arm.name: arm for arm in (Arm("none", _ask_alone), Arm("retrieval", _ask_with_retrieval))}
