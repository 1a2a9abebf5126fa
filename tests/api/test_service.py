"""The other routes over a real socket: search, repositories, jobs, health, OpenAPI."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from api.asking import ask
from api.callers import Caller
from api.settings import ApiSettings
from api.state import ServiceState
from assistant.events import AnswerDone, AskRequest, last_event
from assistant.records import Message


def wait_for_job(url: str, job_id: str) -> dict[str, Any]:
    """The job once it has ended."""
    for _ in range(600):
        job: dict[str, Any] = httpx.get(f"{url}/jobs/{job_id}").json()
        if job["state"] in ("done", "failed"):
            return job
        time.sleep(0.1)
    raise AssertionError("the job did not end within a minute")


def test_search_finds_the_definition(served: Callable[..., str], stand_in: Any) -> None:
    """The chunk that defines a symbol is the first hit for its name, with its lines and text."""
    answer = httpx.get(f"{served(stand_in())}/search", params={"repo": "shop", "q": "add_vat", "k": 2}).json()
    assert set(answer) == {"query", "repositories", "stale", "hits", "timings_ms"}
    first = answer["hits"][0]
    assert (first["path"], first["language"]) == ("shop/tax.py", "python")
    assert "def add_vat" in first["text"]
    assert first["signals"]["defines"] == 1


def test_symbols_are_looked_up(served: Callable[..., str], stand_in: Any) -> None:
    """The line that defines a function; an unknown name is 422."""
    url = served(stand_in())
    answer = httpx.get(f"{url}/symbols", params={"repo": "shop", "symbol": "add_vat"}).json()
    assert [place["path"] for place in answer["definitions"]] == ["shop/tax.py"]
    assert httpx.get(f"{url}/symbols", params={"repo": "shop", "symbol": "no_such_name"}).status_code == 422


def test_symbols_take_a_name_with_its_ref(served: Callable[..., str], stand_in: Any) -> None:
    """NAME@REF and `worktree` are read as in a search; several names are 422."""
    url = served(stand_in())
    at_head = httpx.get(f"{url}/symbols", params={"repo": "shop@HEAD", "symbol": "add_vat"})
    assert [place["path"] for place in at_head.json()["definitions"]] == ["shop/tax.py"]
    for asked in ({"repo": "shop", "ref": "worktree"}, {"repo": "shop@worktree"}):
        refused = httpx.get(f"{url}/symbols", params={**asked, "symbol": "add_vat"})
        assert refused.status_code == 422 and "not indexed at '@worktree'" in refused.json()["detail"]
    assert httpx.get(f"{url}/symbols", params={"repo": "shop,shop@v1", "symbol": "add_vat"}).status_code == 422


def test_a_source_whose_name_is_no_utf8_hides_none(served: Callable[..., str], stand_in: Any, latin_home: Path) -> None:
    """All repositories are listed, with what can be written of their sources' names, over HTTP and on the page."""
    url = served(stand_in(), home=latin_home)
    listed = {repository["name"]: repository["origin"] for repository in httpx.get(f"{url}/repos").json()}
    assert list(listed) == ["cafe", "shop"] and listed["cafe"].endswith("/caf?")
    (latin_home.parent / os.fsdecode(b"caf\xe9") / "shop" / "tax.py").write_text("VAT_RATE = 0.07\n")
    for path in ("/", "/ui/repos"):
        page = httpx.get(url + path)
        assert page.status_code == 200 and page.text.count('class="repo-name">') == 3, path
    assert '/caf?" data-name="cafe"' in httpx.get(f"{url}/ui/repos").text


def test_search_problems(served: Callable[..., str], stand_in: Any) -> None:
    """An unknown repository is 404; an empty query or a k out of bounds is 422."""
    url = served(stand_in())
    for params, status in (
        ({"repo": "nowhere", "q": "x"}, 404),
        ({"repo": "shop", "q": " "}, 422),
        ({"repo": "shop", "q": "x", "k": 0}, 422),
        ({"repo": "shop", "q": "x", "k": 1001}, 422),
        ({"repo": "shop"}, 422),
    ):
        response = httpx.get(f"{url}/search", params=params)
        assert response.status_code == status, params
        assert response.headers["content-type"] == "application/problem+json", params


def test_repository_is_indexed_in_the_background_and_removed(
    served: Callable[..., str], stand_in: Any, own_home: Path, tmp_path: Path
) -> None:
    """A repository that was posted can be searched when its job is done, and not after it was deleted."""
    url = served(stand_in(), home=own_home)
    source = tmp_path / "tools"
    source.mkdir()
    (source / "hammer.py").write_text("def hit_nail():\n    return 'bang'\n")
    response = httpx.post(f"{url}/repos", json={"source": str(source)})
    assert response.status_code == 202
    assert response.headers["location"] == f"/jobs/{response.json()['id']}"
    job = wait_for_job(url, response.json()["id"])
    assert job["state"] == "done", job
    assert job["report"]["n_chunks"] == 1
    assert "tools" in [repository["name"] for repository in httpx.get(f"{url}/repos").json()]
    hits = httpx.get(f"{url}/search", params={"repo": "tools", "q": "hit nail"}).json()["hits"]
    assert hits[0]["path"] == "hammer.py"
    assert httpx.delete(f"{url}/repos/tools").status_code == 204
    assert httpx.get(f"{url}/search", params={"repo": "tools", "q": "hit nail"}).status_code == 404
    assert httpx.delete(f"{url}/repos/tools").status_code == 404


def test_failed_job_says_why(served: Callable[..., str], stand_in: Any) -> None:
    """A source that cannot be read fails its job with the line that a user of the CLI would see."""
    url = served(stand_in())
    job = wait_for_job(url, httpx.post(f"{url}/repos", json={"source": "/no/such/folder"}).json()["id"])
    assert job["state"] == "failed"
    assert job["error"].startswith("No such path: /no/such/folder")


def test_rebuilt_index_is_seen_without_a_restart(
    served: Callable[..., str], stand_in: Any, own_home: Path, tmp_path: Path
) -> None:
    """A service answers from the new state after another process has indexed."""
    url = served(stand_in(), home=own_home)
    source = tmp_path / "notes"
    source.mkdir()
    (source / "one.py").write_text("FIRST = 'alpha'\n")
    job = httpx.post(f"{url}/repos", json={"source": str(source)}).json()
    wait_for_job(url, job["id"])
    assert (
        httpx.get(f"{url}/search", params={"repo": "notes", "q": "second beta"}).json()["hits"][0]["path"] == "one.py"
    )
    (source / "two.py").write_text("SECOND = 'beta'\n")
    wait_for_job(url, httpx.post(f"{url}/repos", json={"source": str(source)}).json()["id"])
    assert (
        httpx.get(f"{url}/search", params={"repo": "notes", "q": "second beta"}).json()["hits"][0]["path"] == "two.py"
    )


def test_unknown_job_is_404(served: Callable[..., str], stand_in: Any) -> None:
    """A job id that was never given out is a problem, not an empty answer."""
    assert httpx.get(f"{served(stand_in())}/jobs/123").status_code == 404


def test_health(served: Callable[..., str], stand_in: Any) -> None:
    """Live and ready answer 200, and readiness names the model."""
    url = served(stand_in())
    assert httpx.get(f"{url}/health/live").json()["status"] == "ok"
    assert httpx.get(f"{url}/health/ready").json()["model"] == "stand-in/words"


def test_openapi_is_complete(served: Callable[..., str], stand_in: Any) -> None:
    """Every operation has a summary, a description and its errors as problems, and the chat has examples."""
    description = httpx.get(f"{served(stand_in())}/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        "POST /chat",
        "POST /v1/chat/completions",
        "GET /v1/models",
        "GET /v1/models/{model_id}",
        "POST /v1/completions",
        "POST /v1/embeddings",
        "POST /sessions",
        "GET /sessions",
        "GET /sessions/{session_id}",
        "DELETE /sessions/{session_id}",
        "GET /votes",
        "GET /search",
        "GET /symbols",
        "GET /repos",
        "POST /repos",
        "GET /jobs/{job_id}",
        "DELETE /repos/{name}",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    }
    for name, operation in operations.items():
        assert operation["summary"] and operation["description"], name
        for status, response in operation["responses"].items():
            if status.startswith("4"):
                form = "application/json" if "/v1/" in name else "application/problem+json"
                assert list(response["content"]) == [form], (name, status)
    assert description["components"]["schemas"]["Problem"]["properties"]["detail"]
    assert description["components"]["schemas"]["ChatRequest"]["examples"]
    assert description["components"]["schemas"]["ChatAnswer"]["examples"]


def test_taken_port_is_one_clear_line(
    home: Path, served: Callable[..., str], stand_in: Any, run_quarry: Callable[..., Any]
) -> None:
    """`quarry serve` on a port that is taken ends with one line that names the way out."""
    ended = run_quarry(home, "serve", "--port", served(stand_in()).rpartition(":")[2])
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.count("\n") == 1 and "--port" in ended.stderr


def test_stopping_the_service_stops_indexing(own_home: Path, tmp_path: Path) -> None:
    """A service that is told to end does not wait for a long indexing job; indexing again completes it."""
    from api.jobs import JobQueue
    from api.schemas.repos import IndexRequest
    from api.settings import ApiSettings

    source = tmp_path / "large"
    source.mkdir()
    for number in range(3000):
        (source / f"file{number}.py").write_text(f"def function_{number}():\n    return {number}\n")
    jobs = JobQueue(ApiSettings(home=own_home))
    job = jobs.submit(IndexRequest(source=str(source)))
    while (now := jobs.get(job.id)) is None or now.progress is None:
        time.sleep(0.01)
    jobs.close()
    for _ in range(300):
        now = jobs.get(job.id)
        if now is not None and now.state == "failed":
            break
        time.sleep(0.05)
    assert now is not None and now.state == "failed" and "index again" in str(now.error)
    again = JobQueue(ApiSettings(home=own_home))
    job = again.submit(IndexRequest(source=str(source)))
    while (now := again.get(job.id)) is None or now.state in ("queued", "running"):
        time.sleep(0.05)
    again.close()
    assert now.state == "done" and now.report is not None and now.report.n_files == 3000


def test_a_foreign_host_name_is_refused(served: Callable[..., str], stand_in: Any) -> None:
    """A page elsewhere whose name points to loopback is no local client: its Host gives it away."""
    url = served(stand_in())
    assert httpx.get(f"{url}/repos", headers={"Host": "evil.example"}).status_code == 400
    assert httpx.get(f"{url}/repos", headers={"Host": "localhost:8000"}).status_code == 200


def test_questions_that_wait_for_the_model_to_load_take_one_thread(stand_in: Any, home: Path) -> None:
    """What else blocks is done meanwhile, however many they are; then all of them are answered."""
    loaded = threading.Event()
    provider = stand_in()
    count = provider.count_prompt
    provider.check = lambda: loaded.wait(30)
    provider.count_prompt = lambda messages: loaded.wait(30) and count(messages)
    state = ServiceState(ApiSettings(home=home), provider)
    asked = AskRequest(repo="shop", messages=[Message("user", "What is the default quantity in add_to_cart?")])

    async def run() -> list[str]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        asks = [asyncio.ensure_future(last_event(ask(state, asked, Caller()), AnswerDone)) for _ in range(3)]
        await asyncio.sleep(0.3)
        try:
            await asyncio.wait_for(asyncio.to_thread(time.monotonic), 5)
        finally:
            loaded.set()
        return [(await each).answer.text for each in asks]

    assert asyncio.run(run()) == ["The answer."] * 3
    state.close()
