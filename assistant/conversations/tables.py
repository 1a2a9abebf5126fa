"""The tables of conversations, and the database that holds them: SQLite by default, any that SQLAlchemy opens by URL.

SQLAlchemy is imported here and in ``sessions`` only.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from ..errors import SessionsUnavailable

TITLE_CHARS = 100
REPO_CHARS = 500
_BUSY_SECONDS = 10.0  # how long a process waits for another one's write
_WRITES = "quarry_writes"

_METADATA = MetaData()
SESSIONS = Table(
    "quarry_sessions",
    _METADATA,
    Column("owner", String(200), primary_key=True),  # the name of a key; empty where no key is needed
    Column("id", String(128), primary_key=True),
    Column("title", String(TITLE_CHARS), nullable=False),
    Column("repo", String(REPO_CHARS)),
    Column("created_at", Float(53), nullable=False),
    Column("updated_at", Float(53), nullable=False),
    Column("n_written", Integer, nullable=False),  # messages so far, also those that had to go
    Index("quarry_sessions_by_age", "owner", "updated_at"),
)
MESSAGES = Table(
    "quarry_messages",
    _METADATA,
    Column("owner", String(200), primary_key=True),
    Column("session_id", String(128), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("role", String(20), nullable=False),
    Column("content", Text, nullable=False),
    Column("repo", String(REPO_CHARS)),
    Column("at", Float(53), nullable=False),
    ForeignKeyConstraint(["owner", "session_id"], ["quarry_sessions.owner", "quarry_sessions.id"], ondelete="CASCADE"),
)


def open_database(url: str | None, default_file: Path) -> Engine:
    """The database at ``url``, or in ``default_file``, with its tables. Raises SessionsUnavailable."""
    with explained():
        engine = _create_engine(url, default_file)
        try:
            _create_tables(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database."""
    with explained(), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A connection whose changes are all there at the end, or none of them after an error."""
    with explained(), engine.connect() as connection, connection.execution_options(**{_WRITES: True}).begin():
        yield connection


@contextmanager
def explained() -> Iterator[None]:
    """Whatever SQLAlchemy or a driver raises becomes one line, without the statement and its values."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split()) or type(error).__name__
        raise SessionsUnavailable(
            f"Conversations cannot be kept ({reason[:200]}): see to the database that QUARRY_SESSIONS_URL names, or to "
            "sessions.db below QUARRY_HOME."
        ) from None


def _create_engine(url: str | None, default_file: Path) -> Engine:
    try:
        parsed = make_url(url) if url is not None else URL.create("sqlite", database=str(default_file))
        is_sqlite = parsed.get_backend_name() == "sqlite"
        engine = create_engine(
            parsed,
            # A server closes connections that rest; files do not.
            pool_pre_ping=not is_sqlite,
            connect_args={"timeout": _BUSY_SECONDS} if is_sqlite else {},
        )
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:  # the URL may hold a password
        driver = f": {error}" if isinstance(error, ModuleNotFoundError) else ""
        raise SessionsUnavailable(
            f"QUARRY_SESSIONS_URL names no database that can be opened{driver}. Give a URL of SQLAlchemy, such as "
            "postgresql+psycopg://user:password@host/name, and install its driver."
        ) from None
    if is_sqlite:
        _make_private(parsed.database)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_private(file: str | None) -> None:
    """Make the file its owner's alone before anything is in it; SQLite gives its side files the same mode."""
    if not file or file == ":memory:" or file.startswith("file:"):
        return
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise SessionsUnavailable(f"Conversations cannot be kept in {file} ({error.strerror}).") from error


def _set_up_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves: Python's driver begins too late
    connection.execute("PRAGMA foreign_keys = ON")
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:  # readers go on while one writes; this change does not wait for others by itself
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except connection.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins by reading and then writes fails at once where another one has written meanwhile.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_tables(engine: Engine) -> None:
    """Make the tables that are not there; another process may do the same at this moment."""
    try:
        with engine.connect() as connection, connection.execution_options(**{_WRITES: True}).begin():
            _METADATA.create_all(connection)  # on SQLite under the lock for writing
    except DBAPIError:
        names = set(inspect(engine).get_table_names())
        if not names >= set(_METADATA.tables):
            raise
