"""Keys: how they are kept, what they open, and that nobody learns of what they do not open."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from api.app import create_app
from api.asking import ask, complete
from api.callers import Caller
from api.keys import KeyStore
from api.keys_cli import keys
from api.settings import ApiSettings
from api.state import ServiceState
from assistant.completion import CompletionRequest
from assistant.conversations.sessions import SessionStore
from assistant.events import AskRequest, TokenGenerated
from assistant.infilling import Gap
from assistant.records import Message
from indexer.build import build_index
from indexer.errors import InputError
from indexer.repository import open_source

QUESTION = {"messages": [{"role": "user", "content": "What is the default quantity in add_to_cart?"}]}


@pytest.fixture(scope="module")
def two_repositories(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    """A home with `shop` and `secrets`, to copy from."""
    top = tmp_path_factory.mktemp("two")
    shutil.copytree(home, top / "home")
    source = top / "secrets"
    source.mkdir()
    (source / "launch.py").write_text("def launch_code():\n    return 1234\n")
    settings = ApiSettings(home=top / "home")
    build_index(open_source(str(source), clones=top / "home" / "clones"), "secrets", settings)
    return top / "home"


@pytest.fixture
def keyed_home(two_repositories: Path, tmp_path: Path) -> Path:
    """A home of a test's own, with both repositories and no keys."""
    return Path(shutil.copytree(two_repositories, tmp_path / "home"))


@pytest.fixture
def store(keyed_home: Path) -> KeyStore:
    """The keys of that home, as another process would write them."""
    return KeyStore(keyed_home)


@pytest.fixture
def url(served: Callable[..., str], stand_in: Any, keyed_home: Path) -> str:
    """A service on loopback that asks for keys."""
    return served(stand_in(), home=keyed_home, require_keys=True)


def bearer(key: str) -> dict[str, str]:
    """The header that shows a key."""
    return {"Authorization": f"Bearer {key}"}


def wait_until(happens: Callable[[], Any]) -> None:
    """Return when ``happens`` gives something true; fail after ten seconds."""
    for _ in range(200):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_key_is_random_and_stored_as_a_hash_only(store: KeyStore, keyed_home: Path) -> None:
    """The file holds no key, and nobody but its owner may read it."""
    keys = [store.create("one"), store.create("two")]
    assert all(key.startswith("qk_") and len(key) == 46 for key in keys) and keys[0] != keys[1]
    for path in keyed_home.glob("keys.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert not any(key.encode() in path.read_bytes() for key in keys)


def test_a_key_is_found_by_other_processes_and_gone_after_it_was_revoked(store: KeyStore, keyed_home: Path) -> None:
    """What one process writes, another one that has the file open sees at once."""
    other = KeyStore(keyed_home)
    assert other.list_keys() == []
    key = store.create("laptop", repos=["shop"], requests_per_minute=3, max_tokens_per_day=5)
    found = other.find(key)
    assert found is not None
    assert (found.name, found.repos, found.requests_per_minute, found.max_tokens_per_day) == ("laptop", {"shop"}, 3, 5)
    store.revoke("laptop")
    assert other.find(key) is None


def test_names_are_unique_and_revoking_needs_one(store: KeyStore) -> None:
    """A taken name, a name of other characters and an unknown name are each one clear line."""
    store.create("laptop")
    for wrong in (lambda: store.create("laptop"), lambda: store.create("a b"), lambda: store.revoke("nobody")):
        with pytest.raises(InputError):
            wrong()


def test_without_a_key_nothing_is_answered(url: str, store: KeyStore) -> None:
    """Every operation of the description but health answers 401 without a key, with a wrong one, and says how."""
    store.create("laptop")
    open_paths = {"/health/live", "/health/ready"}
    paths = httpx.get(f"{url}/openapi.json").json()["paths"]
    asked = [(method, path) for path, methods in paths.items() for method in methods if path not in open_paths]
    assert len(asked) >= 8
    for method, path in [*asked, ("get", "/no/such/route"), ("post", "/mcp"), ("get", "/")]:
        for headers in ({}, bearer("qk_wrong"), {"X-API-Key": "qk_wrong"}, {"Cookie": "quarry_login=a.9999999999.b"}):
            response = httpx.request(method, f"{url}{path}", headers=headers)
            assert response.status_code == 401, (method, path, headers)
            assert response.headers["www-authenticate"].startswith("Bearer")
            kind = "application/json" if path.startswith("/v1/") else "application/problem+json"  # v1 has OpenAI's
            assert response.headers["content-type"] == kind


def test_health_needs_no_key_and_tells_nothing(url: str) -> None:
    """A load balancer learns whether the service is there; which model it has is for those with a key."""
    assert httpx.get(f"{url}/health/live").json()["status"] == "ok"
    ready = httpx.get(f"{url}/health/ready").json()
    assert (ready["status"], ready["model"]) == ("ok", None)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_both_headers_show_a_key(url: str, store: KeyStore, header: str) -> None:
    """A key opens the service as a bearer token and as X-API-Key, and is then known to have been used."""
    key = store.create("laptop")
    shown = {header: f"Bearer {key}" if header == "Authorization" else key}
    answer = httpx.post(f"{url}/chat", json={"repo": "shop", **QUESTION}, headers=shown)
    assert answer.json()["answer"] == "The answer."
    assert store.list_keys()[0].last_used_at is not None


def test_a_revoked_key_opens_nothing_in_a_service_that_runs(url: str, store: KeyStore) -> None:
    """Revoking needs no restart."""
    key = store.create("laptop")
    assert httpx.get(f"{url}/repos", headers=bearer(key)).status_code == 200
    store.revoke("laptop")
    assert httpx.get(f"{url}/repos", headers=bearer(key)).status_code == 401


def test_conversations_of_a_revoked_key_are_forgotten(keyed_home: Path) -> None:
    """A new key of the same name, which may be somebody else's, finds none of them."""
    settings = ApiSettings(home=keyed_home)
    sessions = SessionStore(settings)
    KeyStore(keyed_home).create("laptop")
    for owner in ("laptop", "other"):
        sessions.append(owner, "s1", "a question", "an answer", repo="shop")
    done = CliRunner().invoke(keys, ["revoke", "laptop"], env={"QUARRY_HOME": str(keyed_home)})
    assert done.exit_code == 0, done.output
    assert sessions.list_sessions("laptop") == [] and len(sessions.list_sessions("other")) == 1
    assert sessions.read_history("laptop", "s1") == []
    sessions.close()


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_an_answer_does_not_bring_back_a_revoked_keys_conversation(
    running_app: Callable[..., Any], stand_in: Any, tmp_path: Path, is_made_anew: bool
) -> None:
    """What is being answered when a key is revoked is not shown to who has its name next, and says so."""
    settings = ApiSettings(home=tmp_path, require_keys=True)
    store, runner = KeyStore(tmp_path), CliRunner(env={"QUARRY_HOME": str(tmp_path)})
    provider = stand_in(words=["word "] * 100, pause_seconds=0.05)
    body = {**QUESTION, "retrieval": "off", "session_id": "s1", "stream": True}
    headers = bearer(store.create("laptop"))
    with (
        running_app(create_app(settings, provider)) as url,
        httpx.stream("POST", f"{url}/chat", json=body, headers=headers, timeout=60) as response,
    ):
        lines = response.iter_lines()
        next(line for line in lines if line == "event: token")
        assert runner.invoke(keys, ["revoke", "laptop"]).exit_code == 0
        if is_made_anew:
            store.create("laptop")
        next(line for line in lines if line == "event: done")
        done = json.loads(next(lines).removeprefix("data: "))
    assert done["answer"] and "revoked" in done["session_error"]
    sessions = SessionStore(settings)
    assert sessions.list_sessions("laptop") == []
    sessions.close()


def ask_everywhere(url: str, key: str, repo: str) -> list[httpx.Response]:
    """Each way to ask of a repository by name."""
    headers = bearer(key)
    return [
        httpx.get(f"{url}/search", params={"repo": repo, "q": "launch code"}, headers=headers),
        httpx.get(f"{url}/symbols", params={"repo": repo, "symbol": "launch_code"}, headers=headers),
        httpx.post(f"{url}/chat", json={"repo": repo, **QUESTION}, headers=headers),
        httpx.post(f"{url}/chat", json={"repo": repo, "stream": True, **QUESTION}, headers=headers),
        httpx.delete(f"{url}/repos/{repo}", headers=headers),
    ]


def test_a_repository_of_others_is_as_if_it_were_not_there(url: str, store: KeyStore) -> None:
    """For a key of one repository the other one and one that nobody has are told apart by their name alone."""
    key = store.create("laptop", repos=["shop", "planned"])
    answers = zip(*(ask_everywhere(url, key, name) for name in ("secrets", "sacrets", "planned")), strict=True)
    for hidden, unknown, planned in answers:
        assert hidden.status_code == unknown.status_code == planned.status_code == 404
        assert hidden.text == unknown.text.replace("sacrets", "secrets")
        assert dict(hidden.headers).keys() == dict(unknown.headers).keys()
        # Near names are those of what the key opens, whatever was asked for.
        assert "secrets" not in unknown.text and "secrets" not in planned.text
        assert "Indexed are: shop." in planned.text


def test_near_names_are_offered_among_what_a_key_opens(url: str, store: KeyStore) -> None:
    """A typo in the name of one's own repository is still helped with."""
    key = store.create("laptop", repos=["shop"])
    detail = httpx.get(f"{url}/search", params={"repo": "shp", "q": "x"}, headers=bearer(key)).json()["detail"]
    assert "Did you mean shop?" in detail


def test_all_and_lists_hold_what_a_key_opens(url: str, store: KeyStore) -> None:
    """`all` is what a key opens, a list with a repository of others in it is 404, and /repos lists no other."""
    key = store.create("laptop", repos=["shop"])
    headers = bearer(key)
    found = httpx.get(f"{url}/search", params={"repo": "all", "q": "launch code"}, headers=headers).json()
    assert [searched["repo"] for searched in found["repositories"]] == ["shop"]
    found = httpx.get(f"{url}/search", params={"repo": "all@HEAD", "q": "launch code"}, headers=headers).json()
    assert [(searched["repo"], searched["ref"]) for searched in found["repositories"]] == [("shop", "HEAD")]
    for several in ("shop,secrets", "secrets@HEAD", "shop, secrets@main", " secrets"):
        response = httpx.get(f"{url}/search", params={"repo": several, "q": "launch code"}, headers=headers)
        assert response.status_code == 404 and "launch" not in response.text, several
    for one in ("secrets@HEAD", " secrets"):
        response = httpx.get(f"{url}/symbols", params={"repo": one, "symbol": "launch_code"}, headers=headers)
        assert response.status_code == 404 and "def " not in response.text, one
    assert [repository["name"] for repository in httpx.get(f"{url}/repos", headers=headers).json()] == ["shop"]
    everything = store.create("admin")
    both = httpx.get(f"{url}/search", params={"repo": "all", "q": "launch code"}, headers=bearer(everything)).json()
    assert {searched["repo"] for searched in both["repositories"]} == {"shop", "secrets"}


def test_all_leaves_out_what_is_being_indexed_for_the_first_time(url: str, store: KeyStore, keyed_home: Path) -> None:
    """A repository of the key's that has no index yet neither takes `all` from it nor has others' names told to it."""
    folder = keyed_home / "repositories" / "docs"
    folder.mkdir()
    shutil.copy(keyed_home / "repositories" / "shop" / "repository.json", folder)
    headers = bearer(store.create("laptop", repos=["shop", "docs"]))
    found = httpx.get(f"{url}/search", params={"repo": "all", "q": "launch code"}, headers=headers)
    assert [searched["repo"] for searched in found.json()["repositories"]] == ["shop"]
    asked = httpx.post(f"{url}/v1/chat/completions", json={"model": "quarry/all", **QUESTION}, headers=headers)
    assert asked.status_code == 200
    missing = httpx.get(f"{url}/search", params={"repo": "docs", "q": "launch code"}, headers=headers)
    assert missing.status_code == 404 and "Indexed are: shop." in missing.json()["detail"]


def test_all_is_what_a_key_opens_where_one_is_asked_for_too(url: str, store: KeyStore) -> None:
    """`all` of a key of one repository is that one, and does not list what others have; of several it is refused."""
    headers = bearer(store.create("laptop", repos=["shop"]))
    response = httpx.get(f"{url}/symbols", params={"repo": "all", "symbol": "launch_code"}, headers=headers)
    assert response.status_code == 422 and "'shop' neither defines" in response.text and "secrets" not in response.text
    everything = httpx.get(
        f"{url}/symbols", params={"repo": "all", "symbol": "launch_code"}, headers=bearer(store.create("admin"))
    )
    assert everything.status_code == 422 and "names several" in everything.text


def test_a_key_without_repositories_sees_an_empty_service(url: str, store: KeyStore) -> None:
    """Where a key opens nothing that is indexed, `all` says that nothing is."""
    headers = bearer(store.create("laptop", repos=["planned"]))
    response = httpx.get(f"{url}/search", params={"repo": "all", "q": "x"}, headers=headers)
    assert response.status_code == 404 and response.json()["detail"].startswith("Nothing is indexed yet")


def test_only_a_key_for_all_may_change_what_is_indexed(url: str, store: KeyStore, tmp_path: Path) -> None:
    """Indexing and removing are 403 for a key of some repositories, also of one that it opens."""
    some, everything = store.create("some", repos=["shop"]), store.create("admin")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "new.py").write_text("NEW = 1\n")
    body = {"source": str(tmp_path / "new")}
    assert httpx.post(f"{url}/repos", json=body, headers=bearer(some)).status_code == 403
    assert httpx.delete(f"{url}/repos/shop", headers=bearer(some)).status_code == 403
    assert httpx.get(f"{url}/metrics", headers=bearer(some)).status_code == 403
    assert httpx.post(f"{url}/repos", json=body, headers=bearer(everything)).status_code == 202
    assert httpx.delete(f"{url}/repos/shop", headers=bearer(everything)).status_code == 204


def test_jobs_of_others_are_not_there(url: str, store: KeyStore, tmp_path: Path) -> None:
    """A job is known to the key that asked for it, and to no other."""
    mine, other = store.create("mine"), store.create("other")
    job = httpx.post(f"{url}/repos", json={"source": str(tmp_path)}, headers=bearer(mine)).json()
    assert httpx.get(f"{url}/jobs/{job['id']}", headers=bearer(mine)).status_code == 200
    hidden = httpx.get(f"{url}/jobs/{job['id']}", headers=bearer(other))
    assert hidden.status_code == 404
    assert hidden.text == httpx.get(f"{url}/jobs/{'0' * 32}", headers=bearer(other)).text.replace("0" * 32, job["id"])


def test_a_browser_signs_in_with_a_key(url: str, store: KeyStore) -> None:
    """The form's key gives a cookie that scripts cannot read, which opens the service until the key is revoked."""
    key = store.create("laptop", repos=["shop"])
    with httpx.Client(base_url=url) as browser:
        page = browser.get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/login")
        signed_in = browser.post("/login", data={"key": key}, headers={"Accept": "text/html"})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and key not in cookie
        assert [repository["name"] for repository in browser.get("/repos").json()] == ["shop"]
        value = browser.cookies["quarry_login"]
        store.revoke("laptop")
        assert browser.get("/repos").status_code == 401
        store.create("laptop")
        assert browser.get("/repos").status_code == 401, "the cookie is of the key, not of its name"
        assert httpx.get(f"{url}/repos", headers={"Cookie": f"quarry_login={value[:-1]}0"}).status_code == 401


def test_signing_in_leads_to_what_was_asked_for(url: str, store: KeyStore) -> None:
    """Who follows a citation's link is shown its lines after the form, also after a typo; no form leads elsewhere."""
    key = store.create("laptop")
    wanted = "/files/shop/shop/tax.py?lines=3-3"
    with httpx.Client(base_url=url, headers={"Accept": "text/html"}) as browser:
        form = browser.get(browser.get(wanted).headers["location"]).text
        [action] = re.findall(r'<form method="post" action="([^"]+)"', form)
        again = browser.post(action, data={"key": "qk_wrong"}).headers["location"]
        assert browser.post(again, data={"key": key}).headers["location"] == wanted
        assert browser.get(wanted).status_code == 200
    for elsewhere in ("//evil.example/", "/\\evil.example/", "https://evil.example/"):
        signed_in = httpx.post(f"{url}/login", params={"to": elsewhere}, data={"key": key})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")


def test_behind_the_documented_proxy_cookies_and_links_are_for_https(
    served: Callable[..., str], stand_in: Any, keyed_home: Path, store: KeyStore
) -> None:
    """With the headers that the documentation has nginx send, what was asked over TLS is answered for TLS."""
    documented = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
    values = {"$host": "code.example.org", "$scheme": "https"}
    passed = {name: values[value] for name, value in re.findall(r"proxy_set_header (\S+) (\S+);", documented)}
    provider = stand_in(words=["`add_to_cart` takes ", "`quantity=3` by default."])
    url = served(provider, home=keyed_home, trusted_hosts="code.example.org")
    key = store.create("laptop")
    assert "Secure" in httpx.post(f"{url}/login", data={"key": key}, headers=passed).headers["set-cookie"]
    assert "Secure" not in httpx.post(f"{url}/login", data={"key": key}).headers["set-cookie"]
    body = {"model": "quarry/shop", **QUESTION}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers=passed | bearer(key)).json()
    [cited, *_] = answer["choices"][0]["message"]["annotations"]
    assert cited["url_citation"]["url"].startswith("https://code.example.org/files/shop/")


def test_a_wrong_key_does_not_sign_in(url: str) -> None:
    """The form is shown again; a client that is no browser is told."""
    back = httpx.post(f"{url}/login", data={"key": "qk_wrong"}, headers={"Accept": "text/html"})
    assert (back.status_code, back.headers["location"]) == (303, "/login?refused=1")
    assert "set-cookie" not in back.headers
    assert httpx.post(f"{url}/login", data={"key": "qk_wrong"}).status_code == 401


def test_of_a_long_form_only_the_beginning_is_read(url: str, store: KeyStore) -> None:
    """Who has no key yet cannot have megabytes of fields taken apart: a key behind them is not seen."""
    key = store.create("laptop")
    fields = "x=1&" * 1000
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert httpx.post(f"{url}/login", content=f"{fields}key={key}", headers=form).status_code == 401
    assert httpx.post(f"{url}/login", content=f"key={key}&{fields}", headers=form).status_code == 303


def test_signing_out_ends_it(url: str, store: KeyStore) -> None:
    """After signing out the browser has no cookie."""
    with httpx.Client(base_url=url) as browser:
        browser.post("/login", data={"key": store.create("laptop")})
        assert browser.get("/repos").status_code == 200
        browser.post("/logout")
        assert browser.get("/repos").status_code == 401


def test_on_loopback_no_key_is_asked_for(served: Callable[..., str], stand_in: Any, keyed_home: Path) -> None:
    """Without the setting a client on this machine needs none; a made-up one, as some clients send, does no harm."""
    url = served(stand_in(), home=keyed_home)
    assert httpx.get(f"{url}/repos").status_code == 200
    assert httpx.get(f"{url}/repos", headers=bearer("anything")).status_code == 200


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"host": "127.0.0.2"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": "192.168.1.5"}, True),
        ({"host": "code.example.org"}, True),
        ({"require_keys": True}, True),
        ({"trusted_hosts": "code.example.org"}, True),
    ],
)
def test_keys_are_needed_wherever_others_can_reach(settings: dict[str, Any], needs: bool) -> None:
    """Only a service that this machine alone can reach goes without keys."""
    assert ApiSettings(**settings).needs_keys is needs


def run_quarry(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    code = "from indexer.main import main; main()"
    environment = os.environ | {"QUARRY_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def test_serving_others_without_a_key_is_refused(keyed_home: Path) -> None:
    """`quarry serve` on another address ends with one line that names the command to run."""
    ended = run_quarry(keyed_home, "serve", "--host", "0.0.0.0", "--port", "0")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1 and "quarry keys create" in ended.stderr


def test_keys_on_the_command_line(keyed_home: Path) -> None:
    """A key is made, listed with what it opens, revoked, and printed once only."""
    from click.testing import CliRunner

    from api.keys_cli import keys

    runner = CliRunner(env={"QUARRY_HOME": str(keyed_home)})
    made = runner.invoke(
        keys,
        ["create", "laptop", "--repos", "shop, secrets", "--requests-per-minute", "60", "--max-tokens-per-day", "9000"],
    )
    key = made.stdout.strip()
    assert made.exit_code == 0 and KeyStore(keyed_home).find(key) is not None
    listed = runner.invoke(keys, ["list"]).output
    assert listed == "laptop  secrets, shop  60 requests/min  9,000 tokens/day  never used\n"
    assert runner.invoke(keys, ["revoke", "laptop"]).exit_code == 0
    assert "no keys" in runner.invoke(keys, ["list"]).output


def test_tokens_of_a_day_run_out(served: Callable[..., str], stand_in: Any, keyed_home: Path, store: KeyStore) -> None:
    """A key that has used its tokens gets 429 until tomorrow; searching goes on, and so do other keys."""
    url = served(stand_in(), home=keyed_home, require_keys=True)
    frugal, other = store.create("frugal", max_tokens_per_day=9), store.create("other")
    body = {"repo": "shop", **QUESTION}
    assert httpx.post(f"{url}/chat", json=body, headers=bearer(frugal)).status_code == 200
    assert store.tokens_today("frugal") == 9
    refused = httpx.post(f"{url}/chat", json=body, headers=bearer(frugal))
    assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 86_400
    assert httpx.get(f"{url}/search", params={"repo": "shop", "q": "x"}, headers=bearer(frugal)).status_code == 200
    assert httpx.post(f"{url}/chat", json=body, headers=bearer(other)).status_code == 200


def test_hanging_up_does_not_save_tokens(
    served: Callable[..., str], stand_in: Any, keyed_home: Path, store: KeyStore
) -> None:
    """Who hangs up before the end is charged for what came until then."""
    url = served(stand_in(words=["word "] * 900, pause_seconds=0.02), home=keyed_home, require_keys=True)
    key = store.create("laptop")
    body = {"repo": "shop", "stream": True, **QUESTION}
    n_tokens = 0
    with httpx.stream("POST", f"{url}/chat", json=body, headers=bearer(key)) as response:
        for line in response.iter_lines():
            n_tokens += line == "event: token"
            if n_tokens == 5:
                break
    wait_until(lambda: store.tokens_today("laptop") >= 5)


def test_hanging_up_before_the_first_word_does_not_save_the_prompt(
    served: Callable[..., str], stand_in: Any, keyed_home: Path, store: KeyStore
) -> None:
    """Who hangs up while the model reads is charged for what it was given to read."""
    provider = stand_in(pause_seconds=60.0)
    url = served(provider, home=keyed_home, require_keys=True)
    key = store.create("laptop")
    body = {"repo": "shop", "stream": True, **QUESTION}
    with httpx.stream("POST", f"{url}/chat", json=body, headers=bearer(key)) as response:
        lines = response.iter_lines()  # kept, since without it the stream would be closed
        next(line for line in lines if line == "event: passages")
        wait_until(lambda: provider.asked)
    wait_until(lambda: store.tokens_today("laptop") > 20)
    assert not provider.given


def _charge_of_hanging_up(home: Path, provider: Any, asked: AskRequest | CompletionRequest) -> int:
    """What a key is charged for that goes away at the first word."""
    state = ServiceState(ApiSettings(home=home), provider)
    laptop = Caller("laptop")

    async def hang_up(events: AsyncGenerator[object, None]) -> None:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, TokenGenerated):
                    return

    events = ask(state, asked, laptop) if isinstance(asked, AskRequest) else complete(state, asked, laptop)
    asyncio.run(hang_up(events))
    n_tokens = state.keys.tokens_today("laptop")
    state.close()
    return n_tokens


def test_hanging_up_pays_for_the_whole_prompt(stand_in: Any, tmp_path: Path) -> None:
    """The turns before the question and a client's instructions were read, too."""
    turns = [Message("user", "word " * 300), Message("assistant", "word " * 300), Message("user", "And now?")]
    asked = AskRequest(None, turns, retrieval=False, instructions="word " * 100)
    assert 700 <= _charge_of_hanging_up(tmp_path, stand_in(), asked) <= 1400


@pytest.mark.parametrize(
    ("gap", "least", "most"),
    [
        (Gap("x = 1\n" * 20_000, None, None), 3500, 4096),  # the window's, of which 128 are for the answer
        (Gap("x", "y\n" * 2000, "a.py"), 2000, 2050),
    ],
)
def test_hanging_up_a_completion_pays_for_what_was_read(
    stand_in: Any, tmp_path: Path, gap: Gap, least: int, most: int
) -> None:
    """Code before the cursor for which the window has no room costs nothing, and code behind it counts."""
    provider = stand_in(model="embedded/qwen2.5-coder")
    asked = CompletionRequest(None, gap, retrieval=False)
    assert least <= _charge_of_hanging_up(tmp_path, provider, asked) <= most
