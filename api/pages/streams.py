"""The events of an answer as the page reads them: HTML that is rendered and sanitised here, not in the browser."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from assistant.compare import Arm, ArmEvent, Comparison
from assistant.events import AnswerDone, CitationFound, Event, PassagesFound, PlaceInLine, TokenGenerated
from assistant.records import Answer, Citation

from ..sse import format_event
from .rendering import Marks, hide_sources, render_blocks
from .templating import render
from .traces import trace_hits

_MIN_SECONDS_BETWEEN = 0.08  # the eye sees no more; rendering at every token would cost the square of the answer

PageEvent = tuple[str, dict[str, Any]]


class GrowingAnswer:
    """One answer on its way: turns its events into the page's, which carry only the blocks that changed."""

    def __init__(self, question: str) -> None:
        self._question = question
        self._text: list[str] = []
        self._citations: list[Citation] = []
        self._shown: list[str] = []
        self._sent_at = 0.0

    def take(self, event: Event) -> PageEvent | None:
        """The page's event for one of the answer's, or None where nothing is to be shown yet."""
        match event:
            case PlaceInLine(place):
                return "queued", {"place": place}
            case PassagesFound(are_read=False):
                return None  # the nearest places come with the refusal, which is next
            case PassagesFound(passages):
                html = render("_passages.html", passages=passages, abstained=False)
                return "passages", {"n": len(passages), "html": html}
            case TokenGenerated(text):
                self._text.append(text)
                if time.monotonic() - self._sent_at < _MIN_SECONDS_BETWEEN:
                    return None
                return self.show()
            case CitationFound(citation):
                self._citations.append(citation)
                return None
            case AnswerDone(answer):
                self._text = [answer.text]
                marks = Marks(answer.citations, answer.unknown_names)
                return "done", {**self._changed_blocks(marks), **finished(answer, self._question)}

    def show(self) -> PageEvent:
        """The text as far as it has come, also what was held back to send less often."""
        self._sent_at = time.monotonic()
        return "answer", self._changed_blocks(Marks(self._citations))

    def _changed_blocks(self, marks: Marks) -> dict[str, Any]:
        blocks = render_blocks("".join(self._text), marks)
        start = 0
        while start < min(len(blocks), len(self._shown)) and blocks[start] == self._shown[start]:
            start += 1
        self._shown = blocks
        return {"start": start, "blocks": blocks[start:]}


def finished(answer: Answer, question: str) -> dict[str, Any]:
    """What stands below a finished answer, and what the page keeps of it for the next question."""
    return {
        "passages": render("_passages.html", passages=answer.passages, abstained=answer.abstained),
        "footer": render("_after.html", answer=answer, hits=trace_hits(answer), question=question),
        "n_tokens": answer.usage.completion_tokens,
        "seconds": round(answer.timings_ms["total"] / 1000, 1),
    }


def answer_html(answer: Answer) -> str:
    """A whole answer."""
    return "".join(render_blocks(answer.text, Marks(answer.citations, answer.unknown_names)))


async def page_events(
    events: AsyncGenerator[Event | ArmEvent[Event], None], question: str
) -> AsyncGenerator[PageEvent, None]:
    """The events of an answer to ``question``, or of both answers of a comparison, each with its ``arm``."""
    growing: dict[Arm | None, GrowingAnswer] = {}
    arm: Arm | None = None
    async with aclosing(events):
        try:
            async for each in events:
                arm, event = (each.arm, each.event) if isinstance(each, ArmEvent) else (None, each)
                taken = growing.setdefault(arm, GrowingAnswer(question)).take(event)
                if taken is not None:
                    yield _of_arm(arm, *taken)
        except Exception:  # whatever it is, what was written until then is shown
            if arm in growing:
                yield _of_arm(arm, *growing[arm].show())
            raise


def _of_arm(arm: Arm | None, name: str, data: dict[str, Any]) -> PageEvent:
    return name, data if arm is None else {"arm": arm, **data}


async def gather_both(
    events: AsyncGenerator[ArmEvent[Event], None], answers: dict[Arm, Answer]
) -> AsyncGenerator[PageEvent, None]:
    """Puts both answers into ``answers``, and tells only how many are done: even the wait would say which is which."""
    async with aclosing(events):
        async for each in events:
            if isinstance(each.event, PlaceInLine):
                yield "queued", {"place": each.event.place}
            elif isinstance(each.event, AnswerDone):
                answers[each.arm] = each.event.answer
                yield "progress", {"n_done": len(answers)}


def blind_event(ballot_id: str, order: tuple[Arm, Arm], comparison: Comparison) -> PageEvent:
    """Both answers side by side, with nothing that says which had code to read."""
    passages = comparison.of("with").passages
    texts = (hide_sources(comparison.of(arm).text, passages) for arm in order)
    left, right = ("".join(render_blocks(text)) or "<p>(no answer)</p>" for text in texts)
    return "blind", {"ballot": ballot_id, "left": left, "right": right}


def encode(event: PageEvent) -> list[str]:
    """The event on the wire."""
    name, data = event
    return [format_event(data, name)]
