"""What was paid for once: a model's answers and the verdicts of tests, by a key of all that decides them.

One SQLite file, written at once and safe for several processes; a run that was killed finds what it had.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.errors import EvaluationError

_WAIT_SECONDS = 60.0  # for another run that writes
_SCHEMA = "CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, kind TEXT, value TEXT, kept_at REAL) WITHOUT ROWID"


class KeptStore:
    """Values as JSON by key. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def get(self, key: str) -> dict[str, Any] | None:
        """What is kept under ``key``, or None."""
        try:
            with self._lock:
                row = self._database.execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        value = json.loads(row[0]) if row is not None else None
        return value if isinstance(value, dict) else None

    def put(self, key: str, kind: str, value: Mapping[str, Any]) -> None:
        """Keep ``value``; it is on the disk when this returns. The first of two writers wins: both were paid for."""
        row = (key, kind, json.dumps(value), time.time())  # in ASCII: a test's message may hold a lone surrogate
        try:
            with self._lock:
                self._database.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _unusable(self, error: Exception) -> EvaluationError:
        return EvaluationError(
            f"Cannot use {self.path}, where answers are kept: {error}. Make room, or remove it: its answers are then "
            "asked for again."
        )


def make_key(kind: str, value: object) -> str:
    """The SHA-256 of ``value`` as JSON with sorted keys."""
    text = json.dumps([kind, value], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
