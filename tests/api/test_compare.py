"""``"retrieval": "compare"``: both answers over HTTP, whole and streamed, one after the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx

from api.asking import ask_in_turn
from api.callers import Caller
from api.errors import Busy
from api.queue import Ticket
from api.settings import ApiSettings
from api.state import ServiceState
from assistant.compare import stream_both
from assistant.events import AnswerDone, AskRequest
from assistant.records import Message

ASK = {
    "repo": "shop",
    "messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}],
    "retrieval": "compare",
}


def read_events(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream, in order, with their data."""
    blocks = response.read().decode().strip().split("\n\n")
    return [(block.split("\n")[0].removeprefix("event: "), json.loads(block.split("data: ", 1)[1])) for block in blocks]


def test_both_answers_each_as_it_would_be_alone(served: Callable[..., str], stand_in: Any) -> None:
    """The JSON holds both answers in full; only the one with retrieval had code to read."""
    provider = stand_in()
    url = served(provider)
    both = httpx.post(f"{url}/chat", json=ASK).json()
    alone = httpx.post(f"{url}/chat", json={**ASK, "retrieval": "off"}).json()
    assert set(both) == {"with", "without"}
    assert set(both["with"]) == set(both["without"]) == set(alone)
    assert both["without"]["sources"] == []
    assert "shop/cart.py" in [source["path"] for source in both["with"]["sources"]]
    assert sorted("quantity=3" in str(prompt) for prompt in provider.asked[:2]) == [False, True]


def test_stream_tells_the_arm_of_each_event_and_runs_them_in_turn(served: Callable[..., str], stand_in: Any) -> None:
    """Every event names its arm; the second answer begins when the first is done; each has its whole sequence."""
    with httpx.stream("POST", f"{served(stand_in())}/chat", json={**ASK, "stream": True}) as response:
        events = read_events(response)
    arms = [data["arm"] for _, data in events]
    assert arms == sorted(arms, reverse=True)  # without, then with
    for arm in ("with", "without"):
        names = [name for name, data in events if data["arm"] == arm]
        assert names == ["passages", "token", "token", "done"]


def test_error_of_one_answer_ends_both(served: Callable[..., str], stand_in: Any) -> None:
    """A model that fails ends a stream with an error event, and a whole comparison with its status."""
    url = served(stand_in(words=["a ", "b "], fails_after=1))
    with httpx.stream("POST", f"{url}/chat", json={**ASK, "stream": True}) as response:
        assert read_events(response)[-1][0] == "error"
    assert httpx.post(f"{url}/chat", json=ASK).status_code == 503
    assert httpx.post(f"{url}/chat", json={**ASK, "repo": "shp"}).status_code == 404


def test_a_session_cannot_be_compared(served: Callable[..., str], stand_in: Any) -> None:
    """It keeps one answer to a question; that is said before the repository is looked at."""
    refused = httpx.post(f"{served(stand_in())}/chat", json={**ASK, "repo": "shp", "session_id": "mine"})
    assert refused.status_code == 422 and "leave session_id out" in refused.json()["detail"]


def test_hang_up_stops_the_model(served: Callable[..., str], stand_in: Any, check_stops: Callable[[Any], None]) -> None:
    """Whoever hangs up on the first answer is not given a second one."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)
    with httpx.stream("POST", f"{served(provider)}/chat", json={**ASK, "stream": True}) as response:
        next(line for line in response.iter_lines() if line.startswith("event: token"))
    check_stops(provider)
    assert len(provider.asked) == 1


def test_others_cannot_take_the_second_answers_place(stand_in: Any, tmp_path: Path) -> None:
    """Neither a line that is full between the two answers nor the day's tokens lose a comparison that was let in."""
    settings = ApiSettings(home=tmp_path, model_slots=1, queue_length=0)
    state = ServiceState(settings, stand_in())
    laptop = Caller("laptop", max_tokens_per_day=9)  # as many as the first answer takes

    async def take_place() -> Ticket:
        while True:
            try:
                return state.queue.admit("other")
            except Busy:
                await asyncio.sleep(0)

    async def test() -> list[str]:
        asked = AskRequest(None, [Message("user", "What is a cart?")])
        answers: list[str] = []
        taking: asyncio.Task[Ticket] | None = None
        async with aclosing(stream_both(ask_in_turn(state, laptop), asked, ["without", "without"])) as events:
            async for each in events:
                taking = taking or asyncio.create_task(take_place())
                if isinstance(each.event, AnswerDone):
                    answers.append(each.event.answer.text)
        assert taking is not None and taking.done()
        return answers

    assert asyncio.run(test()) == ["The answer."] * 2
    state.close()
