"""Runs code that nobody has read: no network, no writes outside its folder, limits on time, memory and processes."""

from .base import Limits, Outcome, Sandbox, describe_end
from .opening import key_within, open_sandbox

__all__ = ["Limits", "Outcome", "Sandbox", "describe_end", "key_within", "open_sandbox"]
