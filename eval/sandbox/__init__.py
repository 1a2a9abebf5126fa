"""Runs code that nobody has read: no network, no writes outside its folder, limits on time, memory and processes."""

from .base import Limits, Outcome, Sandbox

__all__ = ["Limits", "Outcome", "Sandbox"]
