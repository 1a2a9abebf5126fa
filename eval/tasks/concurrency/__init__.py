"""Programs of tasks and threads with planted bugs: can the model repair them? Decided by tests under many schedules."""

from __future__ import annotations

from .task import CONCURRENCY

__all__ = ["CONCURRENCY"]
