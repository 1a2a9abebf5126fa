"""Clones of URLs: one for all credentials, which holds none of them, with the HEAD of its origin."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from indexer import clones as clones_module
from indexer.clones import hold_clone, without_credentials
from indexer.errors import IndexBusy, SourceError
from indexer.repository import open_source

Make = Callable[..., Any]

ALLOWED = ("alice:first-token", "bob:second-token")


class GuardedFiles(SimpleHTTPRequestHandler):
    """Serves a folder to those who give one of the allowed names and tokens."""

    def do_GET(self) -> None:
        """A file, or 401."""
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if given in ALLOWED:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="code"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def address(make_repo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Host, port and path of a repository that asks for credentials, over git's plain HTTP protocol."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("GIT_ASKPASS", "false")  # which some terminals set to a dialog
    repo = make_repo({"a.py": "x = 1\n"})
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "served" / "project.git"))
    repo.git(f"--git-dir={tmp_path / 'served' / 'project.git'}", "update-server-info")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(GuardedFiles, directory=str(tmp_path / "served"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}/project.git"
        server.shutdown()
        thread.join()


def test_one_clone_holds_no_credentials(address: str, tmp_path: Path) -> None:
    """Whoever asks, the clone is that of the URL without user and token, and no file of it has either."""
    clones = tmp_path / "home" / "clones"
    sources = [open_source(f"http://{credentials}@{address}", clones=clones) for credentials in ALLOWED]
    assert {source.origin for source in sources} == {f"http://{address}"}
    assert len({source.commit for source in sources}) == 1
    assert len(list(clones.iterdir())) == 1
    kept = [path.read_bytes() for path in clones.rglob("*") if path.is_file()]
    assert kept and not any(word in content for content in kept for word in (b"alice", b"bob", b"-token"))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://alice:s@cret@host.org/x@y", "https://host.org/x@y"),
        ("HTTPS://token@host.org:8443/x", "HTTPS://host.org:8443/x"),
        ("ssh://alice:s@cret:t@host.org:22/x@y", "ssh://alice@host.org:22/x@y"),
        ("git+ssh://alice:secret@host.org/x", "git+ssh://alice@host.org/x"),
        ("ssh://git@host.org/x", "ssh://git@host.org/x"),
        ("ssh://host.org:22/x@y", "ssh://host.org:22/x@y"),
        ("git@host.org:x/y", "git@host.org:x/y"),
        ("https://host.org/a:b@c", "https://host.org/a:b@c"),
        ("/home/alice@work/x", "/home/alice@work/x"),
    ],
)
def test_what_is_shown_of_a_url_has_no_password(source: str, shown: str) -> None:
    """Not a part of it either, where it holds the sign that ends it; ssh's user is a part of the address."""
    assert without_credentials(source) == shown


@pytest.mark.parametrize("credentials", ["", "alice:wrong-token@"])
def test_a_clone_is_served_to_nobody_whom_the_server_refuses(address: str, tmp_path: Path, credentials: str) -> None:
    """That the clone is there already, fetched by another one, opens it to no wrong or missing credentials."""
    clones = tmp_path / "home" / "clones"
    open_source(f"http://{ALLOWED[0]}@{address}", clones=clones)
    with pytest.raises(SourceError, match=f"git cannot fetch http://{address}") as caught:
        open_source(f"http://{credentials}{address}", clones=clones)
    assert "wrong-token" not in str(caught.value)


def test_a_head_that_is_on_no_branch_is_followed(make_repo: Make, tmp_path: Path) -> None:
    """HEAD is the origin's: a commit that no branch holds, the next such one, a branch again."""
    repo = make_repo({"a.py": "x = 1\n"})
    heads, seen = [], []
    repo.git("switch", "--quiet", "--detach")
    for text in ("x = 2\n", "x = 3\n"):
        heads.append(repo.commit({"a.py": text}))
        seen.append(open_source(f"file://{repo.path}", clones=tmp_path / "clones").commit)
    repo.git("switch", "--quiet", "main")
    heads.append(repo.git("rev-parse", "main"))
    seen.append(open_source(f"file://{repo.path}", clones=tmp_path / "clones").commit)
    assert seen == heads


def test_a_clone_has_the_object_format_of_its_origin(make_repo: Make, tmp_path: Path) -> None:
    """Git's newer object format is cloned and fetched like the older one."""
    repo = make_repo({"a.py": "x = 1\n"}, "long", "--object-format=sha256")
    assert open_source(f"file://{repo.path}", clones=tmp_path / "clones").commit == repo.git("rev-parse", "HEAD")
    later = repo.commit({"a.py": "x = 2\n"})
    assert open_source(f"file://{repo.path}", clones=tmp_path / "clones").commit == later


def test_a_hook_s_own_repository_is_left_alone(
    make_repo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git tells a hook where its repository is; what is fetched goes into the clone all the same."""
    repo, own = make_repo({"a.py": "x = 1\n"}), make_repo({"b.py": "y = 1\n"}, "own")
    before = own.git("for-each-ref")
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", str(own.path / ".git"))
        open_source(f"file://{repo.path}", clones=tmp_path / "clones")
    assert own.git("for-each-ref") == before
    assert open_source(f"file://{repo.path}", clones=tmp_path / "clones").commit == repo.git("rev-parse", "HEAD")


def test_a_clone_of_before_goes_with_the_token_that_it_holds(address: str, tmp_path: Path) -> None:
    """It was kept under a digest of the URL with its credentials, which its configuration held."""
    url, clones = f"http://{ALLOWED[0]}@{address}", tmp_path / "home" / "clones"
    old = clones / hashlib.sha256(url.encode()).hexdigest()[:16]
    old.mkdir(parents=True)
    (old / "config").write_text(url)
    open_source(url, clones=clones)
    assert not old.exists() and len(list(clones.iterdir())) == 1


def test_tags_that_are_gone_are_forgotten(make_repo: Make, tmp_path: Path) -> None:
    """A tag that was deleted at the origin names nothing any more, and one that was moved names its new commit."""
    repo = make_repo({"a.py": "x = 1\n"})
    for tag in ("moved", "deleted"):
        repo.git("tag", tag)
    url = f"file://{repo.path}"
    source = open_source(url, clones=tmp_path / "clones", ref="deleted")
    later = repo.commit({"a.py": "x = 2\n"})
    repo.git("tag", "--force", "moved")
    repo.git("tag", "--delete", "deleted")
    assert open_source(url, clones=tmp_path / "clones", ref="moved").commit == later
    assert source.find_gone(["moved", "deleted"]) == ["deleted"]


def test_what_a_killed_git_had_locked_is_free_again(make_repo: Make, tmp_path: Path) -> None:
    """Its lock files do not stand in the way of all later fetches."""
    repo = make_repo({"a.py": "x = 1\n"})
    url = f"file://{repo.path}"
    open_source(url, clones=tmp_path / "clones")
    (kept,) = (tmp_path / "clones").iterdir()
    for name in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock"):
        (kept / name).touch()
    later = repo.commit({"a.py": "x = 2\n"})
    assert open_source(url, clones=tmp_path / "clones").commit == later


def test_a_clone_that_another_process_fetches_is_waited_for(make_repo: Make, tmp_path: Path) -> None:
    """Whoever waits is told so, and waits as long as was asked for."""
    url = f"file://{make_repo({'a.py': 'x = 1'}).path}"
    notes: list[str] = []
    with hold_clone(url, tmp_path / "clones"), pytest.raises(IndexBusy, match="is fetching file:///"):
        open_source(url, clones=tmp_path / "clones", wait_seconds=0, on_note=notes.append)
    assert notes == [f"Another process is fetching {url}: waiting for it to finish."]
    open_source(url, clones=tmp_path / "clones", wait_seconds=0, on_note=notes.append)
    assert len(notes) == 1


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is dead ends in an error."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    hurried = [option.replace("Time=120", "Time=1") for option in clones_module._GIT_OPTIONS]
    monkeypatch.setattr(clones_module, "_GIT_OPTIONS", hurried)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(SourceError, match=f"git cannot fetch {url}: .*too slow"):
            open_source(url, clones=tmp_path / "clones")


@pytest.mark.parametrize("setting", ["GIT_SSH_COMMAND", "core.sshCommand", "GIT_SSH"])
def test_the_user_s_own_ssh_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    """However git was told which ssh to call, and with which key, it is called so, and asks for no password."""
    ssh, called, configuration = tmp_path / "ssh", tmp_path / "called", tmp_path / "configuration"
    ssh.write_text(f"#!/bin/sh\necho \"$*\" >> '{called}'\nexit 1\n")
    ssh.chmod(0o755)
    configuration.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    for name in ("GIT_SSH_COMMAND", "GIT_SSH"):
        monkeypatch.delenv(name, raising=False)
    if setting == "core.sshCommand":
        subprocess.run(["git", "config", "--file", str(configuration), setting, f"{ssh} -i key"], check=True)
    else:
        monkeypatch.setenv(setting, str(ssh) if setting == "GIT_SSH" else f"{ssh} -i key")
    with pytest.raises(SourceError, match="git cannot fetch"):
        open_source("git@nowhere.invalid:x.git", clones=tmp_path / "clones")
    (words,) = called.read_text().splitlines()
    assert words.startswith("-i key -oBatchMode=yes ") is (setting != "GIT_SSH")
    assert "git@nowhere.invalid" in words
