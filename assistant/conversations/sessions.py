"""Conversations that the server keeps: turns in order, by owner, until they are deleted or have rested too long.

A session is found by its owner and its id together, so that another owner's is as unknown as one that never was.
A turn, question and answer, is written as a whole or not at all. Several processes may use one database.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from indexer.errors import InputError

from ..errors import UnknownSession
from ..records import Message
from ..settings import AssistantSettings
from . import SESSION_ID
from .tables import MESSAGES, REPO_CHARS, SESSIONS, TITLE_CHARS, open_database, reading, writing

MAX_MESSAGES = 200  # of a session: the oldest go, no model's window holds that many
MAX_MESSAGE_CHARS = 100_000  # of a message; of a longer one the head is kept
MAX_SESSIONS = 1_000  # of an owner: those that rested longest go
_SWEEP_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session without its messages. ``title`` is the head of its first question, ``repo`` what was asked last.

    Times are seconds since 1970.
    """

    id: str
    title: str
    repo: str | None
    created_at: float
    updated_at: float
    n_messages: int


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message of a session, with the repository that it was about and the second since 1970 it was stored at."""

    role: str
    content: str
    repo: str | None
    at: float


class SessionStore:
    """The sessions of one database, which is opened, with its tables, at the first use. Thread-safe.

    ``owner`` is the name of a key, None where no key is needed. Every method raises SessionsUnavailable if the
    database cannot be used. ``now`` gives the time in seconds since 1970.
    """

    def __init__(self, settings: AssistantSettings, now: Callable[[], float] = time.time) -> None:
        self._url = settings.sessions_url.get_secret_value() if settings.sessions_url else None
        self._file = settings.home / "sessions.db"
        self._keep_seconds = settings.session_days * 24 * 3600
        self._now = now
        self._swept_at = float("-inf")
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def create(self, owner: str | None, session_id: str | None = None) -> SessionInfo:
        """Make an empty session under an id by chance, or under this one; if it is there, it stays as it is.

        Raises InputError for what is no id.
        """
        session_id = secrets.token_hex(16) if session_id is None else check_session_id(session_id)
        with self._writing() as connection:
            self._make(connection, owner or "", session_id)
            return self._read_info(connection, owner or "", session_id)

    def append(
        self, owner: str | None, session_id: str, question: str, answer: str, *, repo: str | None, make: bool = True
    ) -> None:
        """Add a finished turn. A session that is not there is made; unless ``make``, UnknownSession is raised.

        A ``repo`` that is too long to keep whole is not kept: its head would be something else to ask.

        Raises InputError for what is no id.
        """
        check_session_id(session_id)
        now, of_session = self._now(), _is_session(owner or "", session_id)
        about = _storable(repo) if repo is not None and len(repo) <= REPO_CHARS else None
        with self._writing() as connection:
            if make:
                self._make(connection, owner or "", session_id)
            else:
                self._read_info(connection, owner or "", session_id)
            # The update comes first: it holds the row until the commit, so that turns of two processes do not mix.
            counted = {"updated_at": now, "repo": about, "n_written": SESSIONS.c.n_written + 2}
            connection.execute(update(SESSIONS).where(of_session).values(counted))
            n_written = connection.execute(select(SESSIONS.c.n_written).where(of_session)).scalar_one()
            if n_written == 2:
                title = " ".join(_storable(question[: 10 * TITLE_CHARS]).split())[:TITLE_CHARS]
                connection.execute(update(SESSIONS).where(of_session).values(title=title))
            key = {"owner": owner or "", "session_id": session_id, "repo": about, "at": now}
            turn = [
                key | {"number": n_written - 2, "role": "user", "content": _storable(question)},
                key | {"number": n_written - 1, "role": "assistant", "content": _storable(answer)},
            ]
            connection.execute(insert(MESSAGES), turn)
            too_old = MESSAGES.c.number < n_written - MAX_MESSAGES
            connection.execute(delete(MESSAGES).where(_is_message_of(owner or "", session_id), too_old))

    def read_history(self, owner: str | None, session_id: str) -> list[Message]:
        """The messages of a session, oldest first, as a request would carry them; none if there is no such session.

        Raises InputError for what is no id.
        """
        check_session_id(session_id)
        with reading(self._open()) as connection:
            stored = self._read_messages(connection, owner or "", session_id)
        return [Message("user" if message.role == "user" else "assistant", message.content) for message in stored]

    def has(self, owner: str | None, session_id: str) -> bool:
        """Whether there is such a session."""
        with reading(self._open()) as connection:
            return bool(self._list_infos(connection, _is_session(owner or "", session_id)))

    def read(self, owner: str | None, session_id: str) -> tuple[SessionInfo, Sequence[StoredMessage]]:
        """A session with its messages, oldest first. Raises UnknownSession."""
        with reading(self._open()) as connection:
            info = self._read_info(connection, owner or "", session_id)
            return info, self._read_messages(connection, owner or "", session_id)

    def list_sessions(self, owner: str | None) -> list[SessionInfo]:
        """All sessions of an owner, the last one used first."""
        with reading(self._open()) as connection:
            return self._list_infos(connection, SESSIONS.c.owner == (owner or ""))

    def delete(self, owner: str | None, session_id: str) -> None:
        """Forget a session. Raises UnknownSession."""
        with self._writing() as connection:
            self._read_info(connection, owner or "", session_id)
            connection.execute(delete(SESSIONS).where(_is_session(owner or "", session_id)))

    def delete_all(self, owner: str | None) -> None:
        """Forget every session of an owner."""
        with self._writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.owner == (owner or "")))

    def close(self) -> None:
        """Close the database; it opens again at the next use."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _make(self, connection: Connection, owner: str, session_id: str) -> None:
        """Make the session if it is not there, and make room for it. One that has expired is made anew."""
        now, of_session = self._now(), _is_session(owner, session_id)
        expired = SESSIONS.c.updated_at < now - self._keep_seconds
        connection.execute(delete(SESSIONS).where(of_session, expired))
        if connection.execute(select(SESSIONS.c.id).where(of_session)).first() is not None:
            return
        values = {"owner": owner, "id": session_id, "title": "", "created_at": now, "updated_at": now, "n_written": 0}
        try:
            with connection.begin_nested():
                connection.execute(insert(SESSIONS).values(values))
        except IntegrityError:
            return  # another process has just made it
        last_used_first = (SESSIONS.c.updated_at.desc(), SESSIONS.c.id)
        others = select(SESSIONS.c.id).where(SESSIONS.c.owner == owner, SESSIONS.c.id != session_id)
        too_many = others.order_by(*last_used_first).limit(MAX_SESSIONS).offset(MAX_SESSIONS - 1)
        for other in connection.execute(too_many).scalars().all():
            connection.execute(delete(SESSIONS).where(_is_session(owner, other)))

    def _read_info(self, connection: Connection, owner: str, session_id: str) -> SessionInfo:
        found = self._list_infos(connection, _is_session(owner, session_id))
        if not found:
            raise UnknownSession(f"There is no session {session_id!r}: it was deleted, has expired, or never was.")
        return found[0]

    def _list_infos(self, connection: Connection, which: ColumnElement[bool]) -> list[SessionInfo]:
        its_own = (MESSAGES.c.owner == SESSIONS.c.owner) & (MESSAGES.c.session_id == SESSIONS.c.id)
        n_messages = select(func.count()).select_from(MESSAGES).where(its_own).scalar_subquery()
        columns = (SESSIONS.c.id, SESSIONS.c.title, SESSIONS.c.repo, SESSIONS.c.created_at, SESSIONS.c.updated_at)
        rows = connection.execute(
            select(*columns, n_messages)
            .where(which, self._is_kept())
            .order_by(SESSIONS.c.updated_at.desc(), SESSIONS.c.id)
        )
        return [SessionInfo(*row) for row in rows]

    def _read_messages(self, connection: Connection, owner: str, session_id: str) -> list[StoredMessage]:
        columns = (MESSAGES.c.role, MESSAGES.c.content, MESSAGES.c.repo, MESSAGES.c.at)
        its_own = (MESSAGES.c.owner == SESSIONS.c.owner) & (MESSAGES.c.session_id == SESSIONS.c.id)
        rows = connection.execute(
            select(*columns)
            .join_from(MESSAGES, SESSIONS, its_own)
            .where(_is_message_of(owner, session_id), self._is_kept())
            .order_by(MESSAGES.c.number)
        )
        return [StoredMessage(*row) for row in rows]

    def _is_kept(self) -> ColumnElement[bool]:
        """What has expired does not exist any more, whether it was swept yet or not."""
        return SESSIONS.c.updated_at >= self._now() - self._keep_seconds

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with writing(self._open()) as connection:
            self._sweep(connection)
            yield connection

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = open_database(self._url, self._file)
                with writing(self._engine) as connection:
                    self._sweep(connection)
            return self._engine

    def _sweep(self, connection: Connection) -> None:
        """Forget what has expired, at most once a day."""
        now = self._now()
        if now - self._swept_at >= _SWEEP_SECONDS:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.updated_at < now - self._keep_seconds))
            self._swept_at = now


def check_session_id(session_id: str) -> str:
    """``session_id`` if it can name a session; InputError if not."""
    if not re.fullmatch(SESSION_ID, session_id):
        raise InputError(
            "A session's id has up to 128 letters, digits, dots, dashes and underscores, and begins with a letter or a "
            "digit."
        )
    return session_id


def _is_session(owner: str, session_id: str) -> ColumnElement[bool]:
    return (SESSIONS.c.owner == owner) & (SESSIONS.c.id == session_id)


def _is_message_of(owner: str, session_id: str) -> ColumnElement[bool]:
    return (MESSAGES.c.owner == owner) & (MESSAGES.c.session_id == session_id)


def _storable(text: str) -> str:
    """``text`` as every database takes it: of bounded length, without half characters and NUL."""
    return text[:MAX_MESSAGE_CHARS].replace("\0", "").encode("utf-8", "replace").decode()
