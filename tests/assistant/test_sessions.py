"""Conversations that the server keeps: whole turns, one owner's alone, bounded, forgotten in time."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant.conversations import sessions
from assistant.conversations.sessions import SessionStore
from assistant.errors import SessionsUnavailable, UnknownSession
from assistant.records import Message
from assistant.settings import AssistantSettings
from indexer.errors import InputError

DAY = 24 * 3600.0
Make = Callable[..., SessionStore]


class Clock:
    """The time, as the test sets it."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """A time that stands still until the test moves it."""
    return Clock()


@pytest.fixture
def make_store(tmp_path: Path, clock: Clock) -> Iterator[Make]:
    """Opens stores on one database; closes them at the end."""
    opened: list[SessionStore] = []

    def make(**settings: object) -> SessionStore:
        store = SessionStore(AssistantSettings(**{"home": tmp_path, **settings}), clock)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


def test_turns_come_back_in_order(make_store: Make, clock: Clock) -> None:
    """What is asked and answered is there for the next process, in order, with its repository and time."""
    make_store().append(None, "s1", "What is `Group`?", "A command.", repo="click")
    clock.seconds += 5
    make_store().append(None, "s1", "Who calls it?", "`main`.", repo="click@main")
    info, messages = make_store().read(None, "s1")
    assert (info.id, info.title, info.repo, info.n_messages) == ("s1", "What is `Group`?", "click@main", 4)
    assert info.updated_at - info.created_at == 5
    assert [(m.role, m.content, m.repo) for m in messages] == [
        ("user", "What is `Group`?", "click"),
        ("assistant", "A command.", "click"),
        ("user", "Who calls it?", "click@main"),
        ("assistant", "`main`.", "click@main"),
    ]
    assert make_store().read_history(None, "s1")[2] == Message("user", "Who calls it?")


def test_what_is_too_long_to_keep_is_not_kept_in_part(make_store: Make) -> None:
    """The head of a long list of repositories would be something else to ask: its turn is kept without."""
    store = make_store()
    store.append(None, "s1", "q", "a", repo=",".join(f"repository-{number}" for number in range(40)))
    info, messages = store.read(None, "s1")
    assert (info.repo, info.n_messages, [message.repo for message in messages]) == (None, 2, [None, None])
    store.append(None, "s1", "q", "a", repo="x" * 500)
    assert store.read(None, "s1")[0].repo == "x" * 500


def test_a_turn_is_written_whole_or_not_at_all(make_store: Make, tmp_path: Path) -> None:
    """Where the answer cannot be written, the question is not either, and no empty session stays behind."""
    store = make_store()
    store.append(None, "s1", "first", "answer", repo=None)
    with sqlite3.connect(tmp_path / "sessions.db") as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON quarry_messages WHEN NEW.role = 'assistant' "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    for session_id in ("s1", "s2"):
        with pytest.raises(SessionsUnavailable, match="no room"):
            store.append(None, session_id, "second", "answer", repo=None)
    assert [message.content for message in store.read_history(None, "s1")] == ["first", "answer"]
    assert [info.id for info in store.list_sessions(None)] == ["s1"]


def test_the_session_of_somebody_else_is_unknown(make_store: Make) -> None:
    """Nobody can tell, by any method, whether another owner has a session of an id; both may use the same id."""
    store = make_store()
    store.append("ann", "s1", "Ann's question", "answer", repo=None)
    for owner in ("bob", None):
        says = []
        for session_id in ("s1", "never-was"):
            with pytest.raises(UnknownSession) as read:
                store.read(owner, session_id)
            with pytest.raises(UnknownSession) as deleted:
                store.delete(owner, session_id)
            says.append([str(e.value).replace(session_id, "ID") for e in (read, deleted)])
        assert says[0] == says[1]
        assert store.read_history(owner, "s1") == []
        assert store.list_sessions(owner) == []
    store.append("bob", "s1", "Bob's question", "answer", repo=None)
    assert [store.read(owner, "s1")[0].title for owner in ("ann", "bob")] == ["Ann's question", "Bob's question"]
    store.delete("bob", "s1")
    assert len(store.read_history("ann", "s1")) == 2


def test_a_deleted_session_leaves_nothing(make_store: Make, tmp_path: Path) -> None:
    """Its messages go with it, and a new one of the same id begins empty."""
    store = make_store()
    store.append(None, "s1", "a secret", "answer", repo=None)
    store.delete(None, "s1")
    with pytest.raises(UnknownSession):
        store.read(None, "s1")
    with sqlite3.connect(tmp_path / "sessions.db") as other:
        assert other.execute("SELECT count(*) FROM quarry_messages").fetchone() == (0,)
    assert store.create(None, "s1").n_messages == 0


def test_a_turn_need_not_make_its_session(make_store: Make) -> None:
    """A turn that belongs to a session there was does not bring it back, nor that of somebody else."""
    store = make_store()
    store.create("ann", "s1")
    assert store.has("ann", "s1") and not store.has("bob", "s1")
    store.append("ann", "s1", "q", "a", repo=None, make=False)
    with pytest.raises(UnknownSession):
        store.append("bob", "s1", "q", "a", repo=None, make=False)
    store.delete("ann", "s1")
    with pytest.raises(UnknownSession):
        store.append("ann", "s1", "q", "a", repo=None, make=False)
    assert store.list_sessions("ann") == store.list_sessions("bob") == []


def test_sessions_expire(make_store: Make, clock: Clock, tmp_path: Path) -> None:
    """A session is gone once it rested longer than the setting says, and its rows once a day or at the next opening."""
    store = make_store(session_days=2)
    store.append(None, "old", "q", "a", repo=None)
    clock.seconds += DAY
    store.append(None, "young", "q", "a", repo=None)
    clock.seconds += 1.5 * DAY
    assert [info.id for info in store.list_sessions(None)] == ["young"]
    assert store.read_history(None, "old") == []
    with pytest.raises(UnknownSession):
        store.read(None, "old")
    make_store(session_days=2).list_sessions(None)
    with sqlite3.connect(tmp_path / "sessions.db") as other:
        assert other.execute("SELECT id FROM quarry_sessions").fetchall() == [("young",)]
    clock.seconds += DAY
    store.append(None, "new", "q", "a", repo=None)
    with sqlite3.connect(tmp_path / "sessions.db") as other:
        assert other.execute("SELECT id FROM quarry_sessions").fetchall() == [("new",)]


def test_an_expired_session_begins_anew(make_store: Make, clock: Clock) -> None:
    """A turn under the id of an expired session does not bring the old turns back."""
    store = make_store(session_days=1)
    store.append(None, "s1", "old", "a", repo=None)
    clock.seconds += 0.9 * DAY
    store.append(None, "other", "q", "a", repo=None)  # has swept today
    clock.seconds += 0.2 * DAY
    store.append(None, "s1", "new", "a", repo=None)
    assert [message.content for message in store.read_history(None, "s1")] == ["new", "a"]


def test_sizes_are_bounded(make_store: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a session the last turns are kept, of a message the head, of an owner the sessions used last."""
    for name, limit in (("MAX_MESSAGES", 4), ("MAX_MESSAGE_CHARS", 10), ("MAX_SESSIONS", 3)):
        monkeypatch.setattr(sessions, name, limit)
    store = make_store()
    store.append("ann", "hers", "q", "a", repo=None)
    for number in range(6):
        clock.seconds += 1
        store.append(None, "s0", f"question {number} {'x' * 100}", f"answer {number}", repo=None)
    contents = [message.content for message in store.read_history(None, "s0")]
    assert contents == ["question 4", "answer 4", "question 5", "answer 5"]
    for number in range(1, 5):
        clock.seconds += 1
        store.append(None, f"s{number}", "q", "a", repo=None)
    assert [info.id for info in store.list_sessions(None)] == ["s4", "s3", "s2"]
    assert [info.id for info in store.list_sessions("ann")] == ["hers"]


@pytest.mark.parametrize("content", ["nul \0 in it", "half \ud800 a character", "🦀 " * 5, "'; DROP TABLE x; --"])
def test_any_text_can_be_kept(make_store: Make, content: str) -> None:
    """Whatever a client sends or a model says is stored, less what no database takes."""
    store = make_store()
    store.append(None, "s1", content, content, repo=content)
    kept = [message.content for message in store.read_history(None, "s1")]
    assert kept == [content.replace("\0", "").replace("\ud800", "?")] * 2


@pytest.mark.parametrize("session_id", ["", "a" * 129, "a/b", "../x", "a b", "-a", "é", "a\n"])
def test_what_is_no_id_is_refused(make_store: Make, session_id: str) -> None:
    """An id stands in addresses and logs, so only plain ones are taken."""
    store = make_store()
    for attempt in (
        lambda: store.create(None, session_id),
        lambda: store.append(None, session_id, "q", "a", repo=None),
        lambda: store.read_history(None, session_id),
    ):
        with pytest.raises(InputError, match="A session's id"):
            attempt()


def test_ids_by_chance_differ(make_store: Make) -> None:
    """A session that is made without an id gets one that nobody can guess."""
    store = make_store()
    made = {store.create(None).id for _ in range(20)}
    assert len(made) == 20 and all(len(session_id) >= 32 for session_id in made)


def test_the_file_is_its_owners_alone(make_store: Make, tmp_path: Path) -> None:
    """Conversations hold code and questions: no other user of the machine may read them."""
    make_store().append(None, "s1", "q", "a", repo=None)
    for file in tmp_path.glob("sessions.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


_PROCESS = """
import sys
from assistant.conversations.sessions import SessionStore
from assistant.settings import AssistantSettings

store = SessionStore(AssistantSettings())
input()
for number in range(15):
    store.append(None, "shared", f"{sys.argv[1]} asks {number}", f"answer to {sys.argv[1]} {number}", repo=None)
    store.append(None, f"own-{sys.argv[1]}", "q", "a", repo=None)
"""


def test_several_processes_share_a_database(make_store: Make, clock: Clock, tmp_path: Path) -> None:
    """Processes that open a new database at one moment make its tables once, and no turn is lost or torn apart."""
    environment = {"QUARRY_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(number)], stdin=subprocess.PIPE, env=environment)
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
    assert [process.wait(timeout=120) for process in processes] == [0] * 4
    clock.seconds = 0.0  # before them, so that nothing has expired
    contents = [message.content for message in make_store().read_history(None, "shared")]
    assert len(contents) == 4 * 15 * 2
    for question, answer in zip(contents[::2], contents[1::2], strict=True):
        assert answer == "answer to " + question.replace(" asks", "")
    assert len(make_store().list_sessions(None)) == 5


@pytest.mark.parametrize("url", ["nonsense", "mystery://host/name", "oracle://user:hunter2@host/name"])
def test_a_database_that_cannot_be_opened_is_said(make_store: Make, url: str) -> None:
    """One line says which setting is wrong, without a password that stands in it."""
    with pytest.raises(SessionsUnavailable, match="QUARRY_SESSIONS_URL") as said:
        make_store(sessions_url=SecretStr(url)).list_sessions(None)
    assert "hunter2" not in str(said.value) and "\n" not in str(said.value)


def test_a_damaged_file_is_said(make_store: Make, tmp_path: Path) -> None:
    """What is no database is left as it is, and the line says where it lies."""
    (tmp_path / "sessions.db").write_bytes(b"no database at all, but longer than a header of one hundred bytes" * 3)
    with pytest.raises(SessionsUnavailable, match=r"sessions\.db"):
        make_store().append(None, "s1", "q", "a", repo=None)


def test_another_database_by_url(make_store: Make, tmp_path: Path) -> None:
    """The setting names a database elsewhere; then nothing is written below the home."""
    url = SecretStr(f"sqlite:///{tmp_path / 'elsewhere' / 'talks.db'}")
    make_store(sessions_url=url).append(None, "s1", "q", "a", repo=None)
    assert len(make_store(sessions_url=url).read_history(None, "s1")) == 2
    assert not (tmp_path / "sessions.db").exists()
