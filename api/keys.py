"""API keys: made, listed, revoked and looked up, in ``keys.db`` below the home.

A key is 256 random bits, so nobody can guess one from its SHA-256, and a slow password hash would only slow every
request. Several processes may read while one writes (SQLite in WAL mode); the file is its owner's alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from indexer.errors import InputError
from indexer.home import check_name

PREFIX = "qk_"
_RANDOM_BYTES = 32
_BUSY_SECONDS = 10.0
_TOUCH_SECONDS = 60.0  # a key's last use is written at most that often
_LOGIN_SECONDS = 30 * 24 * 3600
_SECRET = "login secret"

_COLUMNS = "name, hash, repos, requests_per_minute, max_tokens_per_day, created_at, last_used_at"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, repos TEXT, requests_per_minute INTEGER,
    max_tokens_per_day INTEGER, created_at TEXT NOT NULL, last_used_at TEXT
);
CREATE TABLE IF NOT EXISTS usage (name TEXT NOT NULL, day TEXT NOT NULL, n_tokens INTEGER NOT NULL,
    PRIMARY KEY (name, day));
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key, never the key itself. ``repos`` None means all, a limit None: no limit. Times are UTC."""

    name: str
    hash: str
    repos: frozenset[str] | None
    requests_per_minute: int | None
    max_tokens_per_day: int | None
    created_at: str
    last_used_at: str | None


class KeyStore:
    """The keys of one home. Thread-safe. ``keys.db`` is made by the first write, with mode 0600."""

    def __init__(self, home: Path) -> None:
        self._path = home / "keys.db"
        # Two connections: who looks a key up does not wait until a write is on the disk.
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._reader: sqlite3.Connection | None = None
        self._writer: sqlite3.Connection | None = None
        self._secret: bytes | None = None
        self._touched: dict[str, float] = {}

    def create(
        self,
        name: str,
        *,
        repos: Sequence[str] | None = None,
        requests_per_minute: int | None = None,
        max_tokens_per_day: int | None = None,
    ) -> str:
        """Make a key and return it; it cannot be read again. Raises InputError for a name that is taken or no name."""
        check_name(name)
        key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        listed = None if repos is None else json.dumps(sorted(map(check_name, repos)))
        row = (name, _hash(key), listed, requests_per_minute, max_tokens_per_day, _now())
        try:
            self._write(f"INSERT INTO keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, NULL)", row)
        except sqlite3.IntegrityError:
            raise InputError(
                f"There is a key {name!r} already: choose another name, or `quarry keys revoke {name}` first."
            ) from None
        return key

    def revoke(self, name: str) -> None:
        """Forget a key; it does not open anything from now on. Raises InputError where there is none of that name."""
        n_gone = self._write("DELETE FROM keys WHERE name = ?", (name,)) if self._path.exists() else 0
        if not n_gone:
            raise InputError(f"There is no key {name!r}: `quarry keys list` shows those that there are.")
        self._write("DELETE FROM usage WHERE name = ?", (name,))

    def list_keys(self) -> list[Key]:
        """All keys by name."""
        return [_to_key(row) for row in self._read(f"SELECT {_COLUMNS} FROM keys ORDER BY name")]

    def find(self, key: str) -> Key | None:
        """What is known of ``key``, or None where it is none of ours."""
        return self._find_hash(_hash(key))

    def holds(self, key_hash: str) -> bool:
        """Whether the key of this hash is still there."""
        return self._find_hash(key_hash) is not None

    def sign_in(self, key: Key) -> str:
        """The value of a cookie that stands for ``key`` for 30 days, as long as it is not revoked."""
        content = f"{key.hash}.{int(time.time()) + _LOGIN_SECONDS}"
        return f"{content}.{self._sign(content)}"

    def find_signed_in(self, cookie: str) -> Key | None:
        """The key that ``cookie`` stands for; None for one that was not made here, has expired, or was revoked."""
        content, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(content).encode()):
            return None
        key_hash, _, expires = content.partition(".")
        return self._find_hash(key_hash) if int(expires) > time.time() else None

    def must_touch(self, key: Key) -> bool:
        """Whether its last use is to be written again."""
        return time.monotonic() - self._touched.get(key.name, -_TOUCH_SECONDS) >= _TOUCH_SECONDS

    def touch(self, key: Key) -> None:
        """Write that the key was used now."""
        self._touched[key.name] = time.monotonic()
        self._write("UPDATE keys SET last_used_at = ? WHERE name = ?", (_now(), key.name))

    def count_tokens(self, name: str, n_tokens: int) -> None:
        """Add tokens to what the key of this name has used today (UTC)."""
        self._write(
            "INSERT INTO usage VALUES (?, ?, ?) ON CONFLICT (name, day) DO UPDATE SET n_tokens = n_tokens + ?",
            (name, _today(), n_tokens, n_tokens),
        )

    def tokens_today(self, name: str) -> int:
        """Tokens that the key of this name has used today (UTC)."""
        rows = self._read("SELECT n_tokens FROM usage WHERE name = ? AND day = ?", (name, _today()))
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        """Close the file."""
        for connection in (self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._reader = self._writer = None

    def _find_hash(self, key_hash: str) -> Key | None:
        rows = self._read(f"SELECT {_COLUMNS} FROM keys WHERE hash = ?", (key_hash,))
        # The index compared hashes, of which nobody can choose the first digits; this compares in constant time.
        found = [row for row in rows if hmac.compare_digest(row[1], key_hash)]
        return _to_key(found[0]) if found else None

    def _sign(self, content: str) -> str:
        if self._secret is None:
            self._write("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (_SECRET, secrets.token_bytes(_RANDOM_BYTES)))
            [(self._secret,)] = self._read("SELECT value FROM secrets WHERE name = ?", (_SECRET,))
        return hmac.new(self._secret, content.encode(), hashlib.sha256).hexdigest()

    def _read(self, statement: str, values: Sequence[str] = ()) -> list[Any]:
        with self._reading:
            if self._reader is None:
                if not self._path.exists():
                    return []
                self._reader = self._connect()
            return self._reader.execute(statement, values).fetchall()

    def _write(self, statement: str, values: Sequence[object]) -> int:
        """The number of rows that the statement changed."""
        with self._writing:
            if self._writer is None:
                self._writer = self._connect()
            with self._writer:
                return self._writer.execute(statement, values).rowcount

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Its mode is set before anything is in it; SQLite gives its side files the same one.
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        return connection


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _to_key(row: Any) -> Key:
    name, key_hash, repos, *rest = row
    return Key(name, key_hash, None if repos is None else frozenset(json.loads(repos)), *rest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
