"""What a request may be, and what every answer carries: sizes, rates, origins, headers, and a page of the API."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.errors import Busy
from api.keys import Key, KeyStore
from api.limits import BodyLimit, RateLimiter
from api.settings import ApiSettings

QUESTION = {"role": "user", "content": "What is the default quantity in add_to_cart?"}
ASK = {"repo": "shop", "messages": [QUESTION]}


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_message_is_413(served: Callable[..., str], stand_in: Any, chunked: bool) -> None:
    """Ten megabytes are refused with one line, whether the length is said before or not; the next request is fine."""
    url = served(stand_in())
    body = b'{"repo": "shop", "messages": [{"role": "user", "content": "%s"}]}' % (b"x" * 10_000_000)

    def in_chunks() -> Iterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    with httpx.Client(base_url=url, headers={"Content-Type": "application/json"}) as client:
        for path in ("/chat", "/repos", "/v1/chat/completions", "/mcp"):
            response = client.post(path, content=in_chunks() if chunked else body)
            assert response.status_code == 413, (path, response.text)
            assert "2,000,000 bytes" in response.text and response.text.count("\n") == 0, path
        assert client.post("/chat", json=ASK).status_code == 200


def test_the_largest_body_is_a_setting(served: Callable[..., str], stand_in: Any) -> None:
    """A body of as many bytes as the setting says is read, and one more is too many."""
    url = served(stand_in(), max_body_bytes=1000)
    for n_bytes, status in ((1000, 422), (1001, 413)):
        response = httpx.post(f"{url}/chat", content=b" " * n_bytes, headers={"Content-Type": "application/json"})
        assert response.status_code == status


def test_a_length_that_is_no_number_is_the_server_s_to_refuse() -> None:
    """A digit that is no decimal (`²`) says nothing of the length, and is no failure of the check's own."""
    reached: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])

    scope = {"type": "http", "path": "/chat", "headers": [(b"content-length", "²".encode("latin-1"))]}
    asyncio.run(BodyLimit(app, 10)(scope, None, None))  # type: ignore[arg-type]
    assert reached == ["/chat"]


def test_wrong_role_orders_say_which_message(served: Callable[..., str], stand_in: Any) -> None:
    """Roles take turns, beginning and ending with the user; what is wrong is named by its place."""
    url = served(stand_in())
    answer = {"role": "assistant", "content": "3"}
    for messages, where in (
        ([answer, QUESTION], "message 1"),
        ([QUESTION, QUESTION], "message 2"),
        ([QUESTION, answer, answer], "message 3"),
        ([QUESTION, answer], "last message"),
    ):
        response = httpx.post(f"{url}/chat", json={"repo": "shop", "messages": messages})
        assert response.status_code == 422, messages
        assert where in response.json()["detail"], response.json()
    assert httpx.post(f"{url}/chat", json={"repo": "shop", "messages": [QUESTION, answer, QUESTION]}).status_code == 200


def test_more_tokens_than_the_window_holds_are_refused(served: Callable[..., str], stand_in: Any) -> None:
    """A cap beyond the window is 422, and names the window."""
    response = httpx.post(f"{served(stand_in(window_tokens=4096))}/chat", json={**ASK, "max_tokens": 4097})
    assert response.status_code == 422 and "4096" in response.json()["detail"]


def test_the_rate_of_a_key_is_held(served: Callable[..., str], stand_in: Any, own_home: Path) -> None:
    """A key's requests of a minute, and no more, are answered; then 429 with Retry-After, health and others aside."""
    store = KeyStore(own_home)
    slow, other = store.create("slow", requests_per_minute=3), store.create("other")
    url = served(stand_in(), home=own_home, require_keys=True)
    headers = {"Authorization": f"Bearer {slow}"}
    statuses = [httpx.get(f"{url}/repos", headers=headers).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = httpx.get(f"{url}/repos", headers=headers)
    assert 1 <= int(refused.headers["retry-after"]) <= 20
    assert refused.headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{url}/health/live", headers=headers).status_code == 200
    assert httpx.get(f"{url}/repos", headers={"X-API-Key": other}).status_code == 200


def test_a_rate_fills_again_evenly() -> None:
    """After a wait of a request's share of the minute one more is let through, and only one."""
    now = [0.0]
    limiter = RateLimiter(clock=lambda: now[0])
    key = Key("k", "", None, 6, None, "", None)

    def is_let_through() -> bool:
        try:
            limiter.take(key)
        except Busy:
            return False
        return True

    assert [is_let_through() for _ in range(7)] == [True] * 6 + [False]
    now[0] += 9.9
    assert not is_let_through()
    now[0] += 0.2
    assert [is_let_through(), is_let_through()] == [True, False]
    now[0] += 3600
    assert [is_let_through() for _ in range(7)] == [True] * 6 + [False]


def test_the_wait_is_the_same_in_words_and_in_the_header() -> None:
    """A tenth of a second is a second to both: nobody is told to wait for none."""
    limiter = RateLimiter(clock=lambda: 0.0)
    key = Key("k", "", None, 600, None, "", None)
    for _ in range(600):
        limiter.take(key)
    with pytest.raises(Busy, match=r"wait 1 s\.") as refused:
        limiter.take(key)
    assert refused.value.headers["Retry-After"] == "1"


def test_every_answer_carries_the_security_headers(served: Callable[..., str], stand_in: Any) -> None:
    """Pages, data, streams and errors of all kinds stay out of frames and guesses, and load nothing from elsewhere."""
    url = served(stand_in(), max_body_bytes=10_000)
    answers = [
        httpx.get(f"{url}/repos"),
        httpx.get(f"{url}/docs"),
        httpx.get(f"{url}/nothing"),
        httpx.get(f"{url}/search"),
        httpx.get(f"{url}/repos", headers={"Host": "evil.example"}),
        httpx.post(f"{url}/chat", json=ASK),
        httpx.post(f"{url}/chat", json={**ASK, "stream": True}),
        httpx.post(f"{url}/chat", content=b"x" * 10_001),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 422, 400, 200, 200, 413]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_what_nobody_foresaw_is_answered_with_the_same_headers(
    running_app: Callable[[FastAPI], AbstractContextManager[str]], stand_in: Any, home: Path
) -> None:
    """A route that raises is a 500 problem, which stays out of frames, too, and which named origins may read."""
    app = create_app(ApiSettings(home=home, cors_origins=("https://example.org",)), stand_in())

    @app.get("/fails")
    def fail() -> None:
        raise KeyError("inside")

    with running_app(app) as url:
        failed = httpx.get(f"{url}/fails", headers={"Origin": "https://example.org"})
        counted = httpx.get(f"{url}/metrics").text
    assert failed.status_code == 500 and "inside" not in failed.text
    assert failed.headers["content-type"] == "application/problem+json"
    assert "default-src 'self'" in failed.headers["content-security-policy"]
    assert failed.headers["x-content-type-options"] == "nosniff"
    assert failed.headers["access-control-allow-origin"] == "https://example.org"
    assert "X-Request-ID" in failed.headers["access-control-expose-headers"] and failed.headers["x-request-id"]
    assert 'quarry_http_requests_total{method="GET",route="/fails",status="500"} 1.0' in counted


def test_no_other_origin_may_read_by_default(served: Callable[..., str], stand_in: Any) -> None:
    """Without the setting no answer allows another origin, whatever one asks."""
    url = served(stand_in())
    origin = {"Origin": "https://example.org"}
    preflight = httpx.options(f"{url}/chat", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in preflight.headers
    assert "access-control-allow-origin" not in httpx.get(f"{url}/repos", headers=origin).headers


def test_named_origins_may_read_with_a_key(served: Callable[..., str], stand_in: Any) -> None:
    """An origin of the setting gets its preflight answered without a key, and no other origin does."""
    url = served(stand_in(), cors_origins="https://example.org, https://example.com", require_keys=True)
    added_by_clients = "authorization, mcp-protocol-version, x-stainless-os"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": added_by_clients}
    allowed = httpx.options(f"{url}/chat", headers={"Origin": "https://example.com", **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://example.com"
    assert "access-control-allow-credentials" not in allowed.headers
    refused = httpx.options(f"{url}/chat", headers={"Origin": "https://evil.example", **asked})
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({}, 404),
    ],
)
def test_a_page_of_another_site_changes_nothing(
    served: Callable[..., str], stand_in: Any, headers: dict[str, str], status: int
) -> None:
    """What a browser would send for a page elsewhere is refused, though no key is asked for; our own page works."""
    url = served(stand_in())
    assert httpx.delete(f"{url}/repos/nowhere", headers=headers).status_code == status
    assert httpx.get(f"{url}/repos", headers=headers).status_code == 200


def test_a_proxys_name_is_trusted_where_it_is_named(served: Callable[..., str], stand_in: Any) -> None:
    """A service on loopback behind a proxy answers under the proxy's name, and then asks for keys."""
    url = served(stand_in(), trusted_hosts="code.example.org")
    assert httpx.get(f"{url}/health/live", headers={"Host": "code.example.org"}).status_code == 200
    assert httpx.get(f"{url}/repos", headers={"Host": "code.example.org"}).status_code == 401
    for same in ("code.example.org:8443", "CODE.example.org", "localhost", "[::1]:8000"):
        assert httpx.get(f"{url}/health/live", headers={"Host": same}).status_code == 200, same
    for other in ("evil.example", "code.example.org.evil.example", "[::", ""):
        refused = httpx.get(f"{url}/health/live", headers={"Host": other})
        assert refused.status_code == 400, other
        assert "QUARRY_TRUSTED_HOSTS" in refused.json()["detail"]
    refused = httpx.get(f"{url}/v1/models", headers={"Host": "evil.example"})
    assert refused.status_code == 400 and "QUARRY_TRUSTED_HOSTS" in refused.json()["error"]["message"]


def test_hosts_of_a_domain_are_trusted_together(served: Callable[..., str], stand_in: Any) -> None:
    """`*.example.org` is every host below it, not the domain itself, and nobody is sent to another name."""
    url = served(stand_in(), trusted_hosts="*.example.org, www.example.com")
    for host, status in (("a.example.org", 200), ("example.org", 400), ("badexample.org", 400), ("example.com", 400)):
        assert httpx.get(f"{url}/health/live", headers={"Host": host}).status_code == status, host


def test_the_page_of_the_api_is_whole_and_from_here(served: Callable[..., str], stand_in: Any) -> None:
    """/docs names every operation of the description, and loads nothing from another address and no script at all."""
    url = served(stand_in())
    page = httpx.get(f"{url}/docs").text
    for path, methods in httpx.get(f"{url}/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<script" not in page and not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert httpx.get(f"{url}/docs/style.css").headers["content-type"].startswith("text/css")
