"""Stand-ins for what evaluations rest on: questions, a configuration, and an Assistant without a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from assistant.events import AskRequest
from assistant.records import Answer, Message, Passage, TokenCount, Trace, Usage
from eval.cases import Verdict
from eval.records import ArmAnswer, RetrievedPassage, RunConfig
from eval.tasks.questions.records import Kind, Question

MakeAnswer = Callable[..., ArmAnswer]


@dataclass
class StandIn:
    """Answers by a function of the request, and remembers what it was asked. An exception is raised instead."""

    reply: Callable[[AskRequest], str | BaseException]
    passages: list[Passage] = field(default_factory=list)
    requests: list[AskRequest] = field(default_factory=list)

    async def answer(self, request: AskRequest) -> Answer:
        self.requests.append(request)
        text = self.reply(request)
        if isinstance(text, BaseException):
            raise text
        passages = self.passages if request.retrieval else []
        none = TokenCount(0, True)
        return Answer(
            text=text,
            passages=passages,
            model="stand-in/model",
            usage=Usage(100 if passages else 20, 5),
            finish_reason="stop",
            timings_ms={"total": 1.0},
            trace=Trace("1", [], [], 0, none, none),
            messages=[Message("system", "be short"), *request.messages],
        )


@pytest.fixture
def questions() -> list[Question]:
    """Three constants in three files; the value of the n-th is 10 n."""
    return [
        Question(f"q{n}", "constant", f"What is `SIZE_{n}`?", f"{n}0", (), f"m{n}.py", 5, 6, f"SIZE_{n}")
        for n in (1, 2, 3)
    ]


@pytest.fixture
def config() -> RunConfig:
    """A configuration of three questions under both arms."""
    return RunConfig(
        task="questions",
        repo="garden",
        commit=None,
        ref="@worktree",
        content="c0ffee",
        model="stand-in/model",
        arms=["none", "retrieval"],
        seed=0,
        n_questions=3,
        max_tokens=48,
        context_tokens=1600,
        window_tokens=8192,
        index="static",
        quarry_version="0",
        prompt_version="1",
        harvest_version=1,
        scoring_version=1,
        search_version=1,
    )


@pytest.fixture
def make_answer() -> MakeAnswer:
    """Makes a stored answer; what a test does not name is plain."""

    def make(
        question_id: str,
        arm: str,
        verdict: Verdict,
        *,
        kind: Kind = "constant",
        path: str | None = None,
        prompt_tokens: int = 20,
        seconds: float = 1.0,
        retrieved: bool | None = None,
    ) -> ArmAnswer:
        return ArmAnswer(
            question_id=question_id,
            arm=arm,
            kind=kind,
            path=path or f"{question_id}.py",
            question="?",
            expected="1",
            messages=[],
            passages=[] if retrieved is None else [RetrievedPassage("a.py", 1, 2)],
            text="x",
            normalised="x",
            verdict=verdict,
            explanation="",
            retrieved_answer=bool(retrieved),
            prompt_tokens=prompt_tokens,
            completion_tokens=4,
            seconds=seconds,
            timings_ms={},
            finish_reason="stop",
            error="gone" if verdict == "error" else None,
        )

    return make


@pytest.fixture
def stand_in() -> type[StandIn]:
    """The class of the stand-in."""
    return StandIn
