"""Correct but slow functions: can the model make them fast, and does a library's helper that is found help?"""

from __future__ import annotations

from .task import TASK

__all__ = ["TASK"]
