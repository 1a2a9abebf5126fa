"""``quarry mcp`` as an editor runs it: a child process, asked by the official client over its standard streams."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client
from mcp.types import CallToolResult

Make = Callable[..., Any]
QUARRY = str(Path(sys.executable).parent / "quarry")
SECRET = "ghp_" + "R7m2XqL9vTzK4wNcY8bJ3pHsD6fGa10QuEoZ"
FILES = {
    "billing/invoice.py": 'def create_invoice(order):\n    """One invoice an order."""\n\n    return Invoice(order)\n',
    "users/login.py": f'def check_password(given):\n    return given == stored\n\n\ntoken = "{SECRET}"\n',
    "logo.png": b"\x89PNG",
}


@pytest.fixture(scope="module")
def indexed(make_repo: Make, make_home: Callable[[], Path], build: Make) -> tuple[Any, Path]:
    """A repository and a home in which it is indexed as ``shop``."""
    repo, home = make_repo(FILES, "shop"), make_home()
    build(home, repo.path, "shop")
    return repo, home


def ask(home: Path, questions: Callable[[Client], Awaitable[Any]]) -> Any:
    """Start the server, let ``questions`` be put to it, and return what they give."""
    server = StdioServerParameters(command=QUARRY, args=["mcp"], env={"QUARRY_HOME": str(home)})

    async def run() -> Any:
        async with Client(stdio_client(server)) as client:
            return await questions(client)

    return asyncio.run(asyncio.wait_for(run(), 60))


def call(home: Path, tool: str, **arguments: Any) -> CallToolResult:
    """The result of one call."""

    async def questions(client: Client) -> CallToolResult:
        return await client.call_tool(tool, arguments)

    return ask(home, questions)


def words(result: CallToolResult) -> str:
    """The text that a model would read."""
    (content,) = result.content
    assert content.type == "text"
    return content.text


def check_error(result: CallToolResult, *expected: str) -> None:
    """Fail unless the result is an error of one line that holds these words."""
    assert result.is_error
    assert "\n" not in words(result)
    for word in expected:
        assert word in words(result)


def test_tools_describe_themselves(indexed: Any) -> None:
    """Each tool says what it does, of which arguments, and that it changes nothing."""
    tools = ask(indexed[1], lambda client: client.list_tools()).tools
    arguments = {tool.name: list(tool.input_schema["properties"]) for tool in tools}
    assert arguments == {
        "search_code": ["repo", "query", "k", "ref"],
        "find_symbol": ["repo", "symbol", "ref"],
        "read_lines": ["repo", "path", "start", "end", "ref"],
        "list_repositories": [],
    }
    for tool in tools:
        assert tool.description and tool.annotations and tool.annotations.read_only_hint
        assert all("description" in argument for argument in tool.input_schema["properties"].values())


def test_search_gives_places_and_code(indexed: Any) -> None:
    """A hit has its place and code, for a model as words and for a program as values."""
    repo, home = indexed
    result = call(home, "search_code", repo="shop", query="create invoice", k=1)
    assert "billing/invoice.py:1-4  create_invoice\ndef create_invoice(order):" in words(result)
    found = result.structured_content
    assert found is not None
    (searched,) = found["repositories"]
    assert (searched["commit"], searched["ref"]) == (repo.git("rev-parse", "HEAD"), "HEAD")
    assert [(hit["path"], hit["start_line"], hit["end_line"]) for hit in found["hits"]] == [
        ("billing/invoice.py", 1, 4)
    ]


def test_lines_are_read_as_they_were_indexed(indexed: Any) -> None:
    """A file's lines come with their blank ones, up to its end, and without the credential that it holds."""
    _, home = indexed
    result = call(home, "read_lines", repo="shop", path="users/login.py", start=2, end=99)
    found = result.structured_content
    assert found is not None
    assert (found["start_line"], found["end_line"], found["n_lines"]) == (2, 5, 5)
    lines = found["text"].split("\n")
    assert lines[:3] == ["    return given == stored", "", ""]
    assert "[REDACTED" in lines[3]
    assert SECRET not in words(result)


def test_what_is_there_is_listed(indexed: Any, make_home: Callable[[], Path]) -> None:
    """Repositories come with refs and commits; an empty home says what to do."""
    repo, home = indexed
    result = call(home, "list_repositories")
    assert result.structured_content is not None
    (shop,) = result.structured_content["repositories"]
    assert (shop["name"], shop["refs"][0]["commit"]) == ("shop", repo.git("rev-parse", "HEAD"))
    assert "quarry index SOURCE" in words(call(make_home(), "list_repositories"))


def test_errors_are_one_line(indexed: Any) -> None:
    """What cannot be answered says why and what would do, and the server goes on."""
    _, home = indexed

    async def questions(client: Client) -> list[CallToolResult]:
        calls = [
            ("search_code", {"repo": "shopp", "query": "x"}),
            ("search_code", {"repo": "../x", "query": "x"}),
            ("search_code", {"repo": "shop", "query": " "}),
            ("search_code", {"repo": "shop", "query": "x", "k": 0}),
            ("search_code", {"repo": "shop", "query": "x", "ref": "nope"}),
            ("read_lines", {"repo": "shop", "path": "login.py"}),
            ("read_lines", {"repo": "shop", "path": "logo.png"}),
            ("read_lines", {"repo": "shop", "path": "billing/invoice.py", "start": 9, "end": 12}),
            ("read_lines", {"repo": "shop", "path": "billing/invoice.py", "start": 3, "end": 2}),
            ("list_repositories", {}),
        ]
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]

    *errors, last = ask(home, questions)
    expected = [
        ("'shopp'", "Did you mean shop?"),
        ("'../x' cannot name a repository",),
        ("query is empty",),
        ("k is 0",),
        ("not indexed at 'nope', only at HEAD",),
        ("Did you mean users/login.py?",),
        ("not indexed: binary",),
        ("has 4 lines", "no line 9"),
        ("3 to 2",),
    ]
    for result, lines in zip(errors, expected, strict=True):
        check_error(result, *lines)
    assert not last.is_error


def test_a_new_index_is_seen_at_once(make_repo: Make, home: Path, build: Make) -> None:
    """A running server answers from what another process has indexed since."""
    repo = make_repo({"a.py": "def alpha():\n    return 1\n"})

    async def questions(client: Client) -> list[CallToolResult]:
        arguments = {"repo": "project", "query": "beta", "k": 1}
        results = [await client.call_tool("search_code", arguments)]
        for name in ("alpha", "beta"):
            repo.commit({"a.py": f"def {name}():\n    return 1\n"})
            build(home, repo.path)
            results.append(await client.call_tool("search_code", arguments))
        return results

    before, first, second = ask(home, questions)
    check_error(before, "No repository 'project' is indexed", "quarry index SOURCE --name project")
    symbols = [result.structured_content["hits"][0]["symbol"] for result in (first, second)]
    assert symbols == ["alpha", "beta"]


def test_only_the_protocol_is_on_standard_output(indexed: Any) -> None:
    """Every line that the server writes there is a message, also around a call that fails."""
    _, home = indexed
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "search_code", "arguments": {"repo": "no", "query": "x"}}},
        {"id": 3, "method": "tools/call", "params": {"name": "no_such_tool", "arguments": {}}},
        {
            "id": 4,
            "method": "tools/call",
            "params": {"name": "search_code", "arguments": {"repo": "shop", "query": "x"}},
        },
    ]
    with subprocess.Popen(
        [QUARRY, "mcp"],
        env=os.environ | {"QUARRY_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        answered: set[int] = set()
        for message in messages:
            server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            server.stdin.flush()
        while answered != {1, 2, 3, 4}:
            answered.add(json.loads(server.stdout.readline())["id"])
        server.stdin.close()
        assert server.stdout.read() == ""
        assert server.wait(30) == 0


def test_the_server_starts_light(run_python: Make) -> None:
    """Neither the model stack nor the writers' store is imported to answer a search."""
    code = "import sys, api.mcp, assistant.search; print({'torch', 'chromadb', 'git'} & set(sys.modules))"
    assert run_python(code).strip() == "set()"
