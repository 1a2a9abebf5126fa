"""``/mcp`` of the service, asked by the official client over streamable HTTP on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import httpx
import pytest
from click.testing import CliRunner
from mcp.client.client import Client
from mcp.types import CallToolResult

from api.cli import mcp
from api.mcp import _failure
from api.state import ServiceState
from assistant.search import Searcher
from indexer.errors import InputError

Served = Callable[..., str]
QUESTION = {"repo": "shop", "question": "What is the default quantity in add_to_cart?"}


def talk(url: str, questions: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """Let ``questions`` be put to the server at ``url``, and return what they give."""

    async def run() -> Any:
        async with Client(f"{url}/mcp", **options) as client:
            return await questions(client)

    return asyncio.run(asyncio.wait_for(run(), 60))


def words(result: CallToolResult) -> str:
    """The text that a model would read."""
    (content,) = result.content
    assert content.type == "text"
    return content.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_same_tools_by_both_protocols(served: Served, stand_in: Any, mode: str) -> None:
    """The tools are those of `quarry mcp`, to clients of today's protocol and to those that shake hands first."""

    async def questions(client: Client) -> tuple[list[str], CallToolResult]:
        tools = await client.list_tools()
        found = await client.call_tool("search_code", {"repo": "shop", "query": "add_vat", "k": 1})
        return [tool.name for tool in tools.tools], found

    names, found = talk(served(stand_in()), questions, mode=mode)
    assert names == ["search_code", "read_lines", "find_symbol", "list_repositories", "ask"]
    assert found.structured_content["hits"][0]["path"] == "shop/tax.py"


def test_what_a_search_was_asked_of_can_be_read_too(served: Served, stand_in: Any) -> None:
    """A name with its ref means to `read_lines` and `find_symbol` what it means to `search_code`."""

    async def questions(client: Client) -> list[CallToolResult]:
        repo = {"repo": "shop@HEAD"}
        return [
            await client.call_tool("search_code", {**repo, "query": "add_vat", "k": 1}),
            await client.call_tool("read_lines", {**repo, "path": "shop/tax.py"}),
            await client.call_tool("find_symbol", {**repo, "symbol": "add_vat"}),
            await client.call_tool("find_symbol", {"repo": "shop@worktree", "symbol": "add_vat"}),
        ]

    searched, read, found, elsewhere = talk(served(stand_in()), questions)
    assert searched.structured_content["hits"][0]["path"] == "shop/tax.py"
    assert (read.structured_content["repo"], read.structured_content["ref"]) == ("shop", "HEAD")
    assert [place["path"] for place in found.structured_content["definitions"]] == ["shop/tax.py"]
    assert elsewhere.is_error and "not indexed at '@worktree'" in words(elsewhere)


def test_a_source_whose_name_is_no_utf8_hides_none(served: Served, stand_in: Any, latin_home: Path) -> None:
    """All repositories are listed, with what can be written of their sources' names; errors may name them, too."""

    async def questions(client: Client) -> CallToolResult:
        return await client.call_tool("list_repositories", {})

    listed = talk(served(stand_in(), home=latin_home), questions)
    assert not listed.is_error and "/caf?" in words(listed) and "shop  " in words(listed)
    assert words(_failure(InputError("nothing at caf\udce9"))) == "nothing at caf?"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_ask_answers_with_sources_and_progress(served: Served, stand_in: Any, mode: str) -> None:
    """A question is answered as words and as values, and a client that gives a token sees how far it is."""
    seen: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, message))

    async def questions(client: Client) -> CallToolResult:
        return await client.call_tool("ask", QUESTION, progress_callback=on_progress)

    result: CallToolResult = talk(served(stand_in()), questions, mode=mode)
    assert not result.is_error and words(result) == "The answer."
    assert result.structured_content is not None
    assert "shop/cart.py" in [source["path"] for source in result.structured_content["sources"]]
    assert [progress for progress, _ in seen] == [1, 2]
    assert "passages" in str(seen[0][1])


def test_a_refusal_is_not_called_the_models(served: Served, stand_in: Any, many_home: Path) -> None:
    """Where the search found too little nobody reads or answers, and progress does not say so."""
    provider = stand_in()
    seen: list[str | None] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append(message)

    async def questions(client: Client) -> CallToolResult:
        foreign = {"repo": "many", "question": "How does the Kubernetes scheduler evict pods under pressure?"}
        return await client.call_tool("ask", foreign, progress_callback=on_progress)

    result = talk(served(provider, home=many_home, min_confidence=0.999), questions)
    assert result.structured_content["abstained"] and result.structured_content["sources"]
    assert seen == ["the model is not asked"] and not provider.asked


@pytest.fixture
def searchers(monkeypatch: pytest.MonkeyPatch) -> list[Searcher]:
    """All searchers that are made in this process during a test."""
    made: list[Searcher] = []
    initialise = Searcher.__init__

    def note(searcher: Searcher, home: Path) -> None:
        made.append(searcher)
        initialise(searcher, home)

    monkeypatch.setattr(Searcher, "__init__", note)
    return made


def test_an_index_is_opened_once_in_a_service(served: Served, stand_in: Any, searchers: list[Searcher]) -> None:
    """The tools search with the service's own searcher, so that no index is in memory twice."""

    async def questions(client: Client) -> tuple[CallToolResult, CallToolResult]:
        found = await client.call_tool("search_code", {"repo": "shop", "query": "add_vat", "k": 1})
        return found, await client.call_tool("ask", QUESTION)

    assert not any(result.is_error for result in talk(served(stand_in()), questions))
    assert len(searchers) == 1


def test_an_index_is_opened_once_over_standard_streams(
    home: Path, searchers: list[Searcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What answers questions there searches with the same one as the tools."""

    def create(home: Path, searcher: Searcher, open_state: Callable[[], ServiceState]) -> MagicMock:
        assert open_state().searcher is searcher
        return MagicMock()

    monkeypatch.setattr("api.mcp.create_server", create)
    monkeypatch.setenv("QUARRY_HOME", str(home))
    assert CliRunner().invoke(mcp, catch_exceptions=False).exit_code == 0
    assert len(searchers) == 1


def test_errors_are_one_line(served: Served, stand_in: Any) -> None:
    """What cannot be asked, and a model that fails, are errors of one line, and the server goes on."""

    async def questions(client: Client) -> list[CallToolResult]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("ask", {**QUESTION, "repo": "shp"}),
            ("ask", {**QUESTION, "question": " "}),
            ("ask", {**QUESTION, "max_tokens": 0}),
            ("ask", {**QUESTION, "max_tokens": 1_000_000}),
            ("ask", QUESTION),
            ("list_repositories", {}),
        ]
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    *errors, last = talk(served(stand_in(words=["a ", "b "], fails_after=1)), questions)
    expected = ["Did you mean shop?", "question is empty", "max_tokens is 0", "max_tokens is 1000000", "stand-in/words"]
    for result, line in zip(errors, expected, strict=True):
        assert result.is_error and line in words(result) and "\n" not in words(result)
    assert not last.is_error


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_call_that_is_given_up_stops_the_model(
    served: Served, stand_in: Any, check_stops: Callable[[Any], None], mode: str
) -> None:
    """A client that cancels its call stops the generation: at once, or by the older protocol when it hangs up."""
    provider = stand_in(words=["word "] * 400, pause_seconds=0.02)

    async def questions(client: Client) -> None:
        call = asyncio.create_task(client.call_tool("ask", QUESTION))
        while not provider.given:
            await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.wait([call])
        if mode == "auto":
            await asyncio.to_thread(check_stops, provider)

    talk(served(provider), questions, mode=mode)
    check_stops(provider)


def test_pages_elsewhere_are_kept_out(served: Served, stand_in: Any) -> None:
    """A request from another origin, or under another host's name, is refused; one from its own page is not."""
    url = served(stand_in())
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }

    def post(**headers: str) -> int:
        accept = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        return httpx.post(f"{url}/mcp", content=json.dumps(hello), headers=accept | headers).status_code

    assert post() == 200
    assert post(Origin=url) == 200
    assert post(Origin="http://localhost:3000") == 403
    assert post(Origin="https://example.org") == 403
    assert post(Host="example.org") in (400, 421)


def test_a_key_sees_its_own_repositories_only(own_home: Path, served: Served, stand_in: Any) -> None:
    """Without a key the server is closed; with one for another repository no tool knows of the shop."""
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    from api.keys import KeyStore

    keys = KeyStore(own_home)
    keyed = {"mine": keys.create("mine", repos=["shop"]), "strange": keys.create("strange", repos=["elsewhere"])}
    keys.close()
    provider = stand_in()
    url = served(provider, home=own_home, require_keys=True)
    assert httpx.post(f"{url}/mcp", json={}).status_code == 401

    async def run(key: str) -> list[CallToolResult]:
        calls: list[tuple[str, dict[str, Any]]] = [
            ("list_repositories", {}),
            ("search_code", {"repo": "shop", "query": "vat"}),
            ("search_code", {"repo": "all", "query": "vat"}),
            ("read_lines", {"repo": "shop", "path": "shop/tax.py"}),
            ("find_symbol", {"repo": "shop", "symbol": "add_vat"}),
            ("ask", QUESTION),
        ]
        http_client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
        async with Client(streamable_http_client(f"{url}/mcp", http_client=http_client)) as client:
            return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    listed, *others = asyncio.run(asyncio.wait_for(run(keyed["strange"]), 60))
    assert listed.structured_content == {"repositories": []}
    for result in others:
        assert result.is_error and "Did you mean" not in words(result)
    assert not provider.asked
    assert not any(result.is_error for result in asyncio.run(asyncio.wait_for(run(keyed["mine"]), 60)))
