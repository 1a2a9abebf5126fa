"""The line in front of the model: order, fairness, limits, hang-ups; on its own, and over a real socket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import sse
from api.asking import ask as ask_model
from api.callers import Caller
from api.errors import Busy, Stopping
from api.queue import ModelQueue, Ticket
from api.settings import ApiSettings
from api.state import ServiceState
from assistant.events import AskRequest, Event, TokenGenerated
from assistant.records import Message as Turn

ASK = {"repo": "shop", "messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]}


class Asking:
    """A question that waits in line in a task of its own."""

    def __init__(self, queue: ModelQueue, caller: str | None) -> None:
        self.ticket: Ticket = queue.admit(caller)
        self.places: list[int] = []
        self.is_running = False
        self.task = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        async for place in self.ticket.wait():
            self.places.append(place)
        self.is_running = True


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run ``test`` on a loop of its own."""
    asyncio.run(test)


def test_one_slot_serves_in_order() -> None:
    """With one slot a caller's questions run one at a time, in the order in which they came."""

    async def test() -> None:
        queue = ModelQueue(1, 8)
        questions = [Asking(queue, None) for _ in range(3)]
        for number, question in enumerate(questions):
            await settle()
            assert [each.is_running for each in questions] == [n <= number for n in range(3)]
            question.ticket.leave()

    run(test())


def test_places_are_told_each_time_they_change() -> None:
    """Who waits is told their place once, again when somebody before them is gone, and 0 when it is their turn."""

    async def test() -> None:
        queue = ModelQueue(1, 8)
        questions = [Asking(queue, None) for _ in range(3)]
        await settle()
        assert [each.places for each in questions] == [[], [1], [2]]
        questions[0].ticket.leave()
        await settle()
        assert [each.places for each in questions] == [[], [1, 0], [2, 1]]

    run(test())


def test_callers_take_turns() -> None:
    """A caller with one question does not wait for all of another caller's; each caller's own stay in order."""

    async def test() -> None:
        queue = ModelQueue(1, 20)
        many = [Asking(queue, "many") for _ in range(4)]
        await settle()
        few = [Asking(queue, "few") for _ in range(2)]
        await settle()
        served = []
        left = {**{f"many{n}": each for n, each in enumerate(many)}, **{f"few{n}": each for n, each in enumerate(few)}}
        while left:
            [name] = [name for name, each in left.items() if each.is_running]
            served.append(name)
            left.pop(name).ticket.leave()
            await settle()
        assert served == ["many0", "few0", "many1", "few1", "many2", "many3"]

    run(test())


def test_a_full_line_refuses() -> None:
    """More questions than run and wait are refused with a time to come again; a place that is left can be taken."""

    async def test() -> None:
        queue = ModelQueue(2, 1)
        questions = [Asking(queue, None) for _ in range(3)]
        await settle()
        with pytest.raises(Busy) as refused:
            queue.admit(None)
        assert int(refused.value.headers["Retry-After"]) >= 1
        questions[0].ticket.leave()
        queue.admit(None)

    run(test())


def test_one_key_cannot_fill_the_line() -> None:
    """A key that asks without end is refused while there is room for others."""

    async def test() -> None:
        queue = ModelQueue(1, 4)
        for _ in range(3):
            Asking(queue, "greedy")
        with pytest.raises(Busy):
            queue.admit("greedy")
        queue.admit("modest")

    run(test())


@pytest.mark.parametrize("asked", [[("bob", 4), ("alice", 16)], [("alice", 20)]])
def test_one_key_has_half_of_the_places_to_wait(asked: list[tuple[str, int]]) -> None:
    """Whoever has the slots: what runs does not count as waiting, and who comes next finds the other half."""

    async def test() -> None:
        queue = ModelQueue(4, 32)
        for name, n_questions in asked:
            for _ in range(n_questions):
                Asking(queue, name)
            await settle()
        assert (queue.n_running, queue.n_waiting) == (4, 16)
        with pytest.raises(Busy, match="16 questions of this key wait"):
            queue.admit("alice")
        for _ in range(16):
            queue.admit("carol")

    run(test())


def test_slots_that_others_will_take_are_no_places_to_ask_for() -> None:
    """A key has half of the places to wait also while those who will have the model still search."""

    async def test() -> None:
        queue = ModelQueue(4, 32)
        for _ in range(4):
            queue.admit("bob")
        for _ in range(16):
            queue.admit("alice")
        with pytest.raises(Busy, match="16 questions of this key wait"):
            queue.admit("alice")

    run(test())


def test_the_wait_is_estimated_from_recent_answers() -> None:
    """The time to come again is the mean of recent answers, shared among the slots; rounded up where it is told."""

    async def test() -> None:
        now = [0.0]
        queue = ModelQueue(2, 4, clock=lambda: now[0])
        for seconds in (20.0, 41.0):
            question = Asking(queue, None)
            await settle()
            now[0] += seconds
            question.ticket.leave()
        assert queue.seconds_until_free() == 15.25
        for _ in range(6):
            queue.admit(None)
        with pytest.raises(Busy, match=r"ask again in 16 s\.") as refused:
            queue.admit(None)
        assert refused.value.headers["Retry-After"] == "16"

    run(test())


def test_leaving_twice_frees_one_place() -> None:
    """A ticket that is given back twice does not let two others in."""

    async def test() -> None:
        queue = ModelQueue(1, 8)
        questions = [Asking(queue, None) for _ in range(3)]
        await settle()
        questions[0].ticket.leave()
        questions[0].ticket.leave()
        await settle()
        assert (queue.n_running, queue.n_waiting) == (1, 1)

    run(test())


def test_a_stopping_line_sends_the_waiting_away_and_lets_the_running_finish() -> None:
    """After ``stop`` nobody is admitted, who waits gets Stopping, and the line is drained when what runs has left."""

    async def test() -> None:
        queue = ModelQueue(1, 8)
        running, waiting = Asking(queue, None), Asking(queue, None)
        searching = queue.admit(None)
        await settle()
        queue.stop(5)
        with pytest.raises(Stopping):
            queue.admit(None)
        with pytest.raises(Stopping):
            await waiting.task
        with pytest.raises(Stopping):
            await anext(searching.wait())
        drained = asyncio.create_task(queue.drained())
        await settle()
        assert running.is_running and not drained.done()
        running.ticket.leave()
        await drained

    run(test())


def test_cut_interrupts_what_runs() -> None:
    """``cut`` cancels a running answer in a way that its code can tell from a hang-up."""

    async def answer(queue: ModelQueue) -> str:
        ticket = queue.admit(None)
        ticket.keep_task()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "cut" if ticket.was_cut() else "hung up"
        finally:
            ticket.leave()
        return "finished"

    async def test() -> None:
        queue = ModelQueue(1, 8)
        cut, hung_up = asyncio.create_task(answer(queue)), asyncio.create_task(answer(queue))
        await settle()
        hung_up.cancel()
        assert await hung_up == "hung up"
        queue.cut()
        assert await cut == "cut"

    run(test())


def test_who_reads_nothing_does_not_keep_the_model(home: Path, stand_in: Any) -> None:
    """A client that is there but takes nothing more, such as a suspended laptop, gives the model back in time."""
    provider = stand_in(words=["word "] * 900, pause_seconds=0.001)
    state = ServiceState(ApiSettings(home=home, model_slots=1), provider)
    scope = {"type": "http", "asgi": {"spec_version": "2.3"}}  # uvicorn's
    n_sent = n_running = 0

    async def receive() -> Any:
        await asyncio.Event().wait()  # it does not hang up

    async def send(message: Any) -> None:
        nonlocal n_sent, n_running
        n_sent += 1
        if b"token" in message.get("body", b""):
            n_running = state.queue.n_running
            await asyncio.Event().wait()

    def encode(event: Event) -> list[str]:
        return [sse.format_event({}, "token" if isinstance(event, TokenGenerated) else "other")]

    async def test() -> None:
        asked = AskRequest("shop", [Turn("user", "What is the default quantity in add_to_cart?")])
        events = ask_model(state, asked, Caller())
        response = sse.stream(await anext(events), events, encode, unread_seconds=0.2)
        await asyncio.wait_for(response(scope, receive, send), 60)
        assert (n_running, state.queue.n_running) == (1, 0)
        await asyncio.wait_for(state.queue.drained(), 1)

    run(test())
    state.close()
    assert n_sent == 3 and len(provider.given) < 900


# Over a real socket


class Stream:
    """One streamed answer, read as far as a test wants. Closing it hangs up."""

    def __init__(self, url: str, **changes: Any) -> None:
        self._context = httpx.stream("POST", f"{url}/chat", json={**ASK, "stream": True, **changes}, timeout=60)
        self.response = self._context.__enter__()
        self._lines = self.response.iter_lines()
        self.names: list[str] = []

    def read_until(self, name: str) -> dict[str, Any]:
        """Read up to the next event of this name; its data."""
        for line in self._lines:
            if line.startswith("event: "):
                self.names.append(line.removeprefix("event: "))
            elif line.startswith("data: ") and self.names[-1] == name:
                data: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return data
        raise AssertionError(f"the stream ended without {name}: {self.names}")

    def close(self) -> None:
        self._context.__exit__(None, None, None)


@pytest.fixture
def ask() -> Iterator[Callable[..., Stream]]:
    """Starts streams, which are closed with the test."""
    streams: list[Stream] = []

    def start(url: str, **changes: Any) -> Stream:
        streams.append(Stream(url, **changes))
        return streams[-1]

    yield start
    for stream in streams:
        stream.close()


def metric(url: str, name: str) -> float:
    """A gauge or counter without labels, as /metrics shows it."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith(f"{name} ")]
    return float(value)


def wait_for_metric(url: str, name: str, value: float) -> None:
    """Return when the metric has that value; fail after ten seconds."""
    for _ in range(200):
        if metric(url, name) == value:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} is {metric(url, name)} after ten seconds, not {value}")


def test_the_waiting_see_their_passages_and_places(
    served: Callable[..., str], stand_in: Any, ask: Callable[..., Stream]
) -> None:
    """While one answer runs, the next one has its passages at once, then its place, its turn, and its answer."""
    url = served(stand_in(words=["word "] * 20, pause_seconds=0.05), model_slots=1)
    first, second = ask(url), ask(url)
    assert second.read_until("queued") == {"place": 1}
    first.read_until("done")
    assert second.read_until("queued") == {"place": 0}
    second.read_until("done")
    assert second.names[:4] == ["passages", "queued", "queued", "token"]
    assert "queued" not in first.names


def test_past_the_line_is_429(served: Callable[..., str], stand_in: Any, ask: Callable[..., Stream]) -> None:
    """Where all places are taken the status is 429 with Retry-After, streamed or not; a search needs no place."""
    url = served(stand_in(words=["word "] * 900, pause_seconds=0.05), model_slots=1, queue_length=1)
    ask(url).read_until("token")
    ask(url).read_until("queued")
    for is_streamed in (True, False):
        refused = httpx.post(f"{url}/chat", json={**ASK, "stream": is_streamed})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"].count("\n") == 0
    assert httpx.get(f"{url}/search", params={"repo": "shop", "q": "vat"}).status_code == 200


@pytest.mark.parametrize("is_waiting", [True, False])
def test_hanging_up_frees_the_place(
    served: Callable[..., str], stand_in: Any, ask: Callable[..., Stream], is_waiting: bool
) -> None:
    """Who hangs up, while waiting or while being answered, leaves the line, and the next one moves up."""
    url = served(stand_in(words=["word "] * 900, pause_seconds=0.05), model_slots=1)
    running, waiting, last = ask(url), ask(url), ask(url)
    running.read_until("token")
    waiting.read_until("queued")
    assert last.read_until("queued") == {"place": 2}
    (waiting if is_waiting else running).close()
    assert last.read_until("queued") == {"place": 1}
    wait_for_metric(url, "quarry_queue_waiting", 1)
    assert metric(url, "quarry_model_running") == 1


def test_hanging_up_a_whole_answer_in_line_frees_its_place(
    served: Callable[..., str], stand_in: Any, ask: Callable[..., Stream]
) -> None:
    """A client that waits for a whole answer and goes away while it is in line gives its place back."""
    url = served(stand_in(words=["word "] * 900, pause_seconds=0.05), model_slots=1)
    ask(url).read_until("token")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/chat", json=ASK, timeout=1.0)
    wait_for_metric(url, "quarry_queue_waiting", 0)


def test_a_question_that_fails_frees_its_place(served: Callable[..., str], stand_in: Any) -> None:
    """Questions that fail, before the model or in it, do not use the line up."""
    url = served(stand_in(fails_after=1), model_slots=1, queue_length=0)
    for _ in range(3):
        assert httpx.post(f"{url}/chat", json={**ASK, "repo": "nowhere"}).status_code == 404
        assert httpx.post(f"{url}/chat", json=ASK).status_code == 503
