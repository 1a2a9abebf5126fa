"""``quarry mcp`` as an editor runs it: a child process, asked by the official client over its standard streams."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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


def ask(home: Path, questions: Callable[[Client], Awaitable[Any]], **environment: str) -> Any:
    """Start the server, let ``questions`` be put to it, and return what they give."""
    python_path = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # the client hands on next to nothing by itself
    environment = python_path | {"QUARRY_HOME": str(home)} | environment
    server = StdioServerParameters(command=QUARRY, args=["mcp"], env=environment)

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
        "ask": ["repo", "question", "ref", "max_tokens"],
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


class _ModelServer(BaseHTTPRequestHandler):
    """An OpenAI-compatible server whose one model answers in four words."""

    def do_GET(self) -> None:
        self._send("application/json", json.dumps({"data": [{"id": "words"}]}))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        deltas: list[tuple[dict[str, str], str | None]] = [({"content": w}, None) for w in ("One ", "an ", "order.")]
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "words"}
        chunks = [
            head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in [*deltas, ({}, "stop")]
        ]
        events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        self._send("text/event-stream", "".join([*events, "data: [DONE]\n\n"]))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def model_server() -> Iterator[str]:
    """Address of a model's server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _ModelServer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def test_questions_are_answered(indexed: Any, model_server: str) -> None:
    """The first question opens the model that the settings name; its answer has sources, and progress is told."""
    seen: list[str | None] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        seen.append(message)

    async def questions(client: Client) -> CallToolResult:
        arguments = {"repo": "shop", "question": "How many invoices does create_invoice make of an order?"}
        return await client.call_tool("ask", arguments, progress_callback=on_progress)

    result = ask(indexed[1], questions, QUARRY_MODEL="openai/words", QUARRY_OPENAI_URL=model_server)
    assert words(result) == "One an order."
    assert result.structured_content["model"] == "openai/words"
    assert "billing/invoice.py" in [source["path"] for source in result.structured_content["sources"]]
    assert seen and "passages" in str(seen[0])


def test_without_a_model_only_asking_fails(indexed: Any) -> None:
    """Where no model is there, a question says how to get one in one line, and searches are answered."""

    async def questions(client: Client) -> list[CallToolResult]:
        return [
            await client.call_tool("ask", {"repo": "shop", "question": "What is an invoice?"}),
            await client.call_tool("search_code", {"repo": "shop", "query": "invoice"}),
        ]

    asked, searched = ask(indexed[1], questions, QUARRY_MODEL="embedded/qwen2.5-coder-0.5b")
    check_error(asked, "quarry models pull qwen2.5-coder-0.5b")
    assert not searched.is_error


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
