"""What goes wrong in the house: three kinds, all of them HouseError.

HouseError
├── Rejected   what was given cannot be used: which field, and why
├── NotHere    something was asked for that the house does not know
└── Clash      two things that cannot be true at once
"""

from __future__ import annotations


class HouseError(Exception):
    """Anything that the house refuses."""


class Rejected(HouseError):
    """A value that cannot be used. The reason comes first, then the field that it was given for."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field


class NotHere(HouseError):
    """A name that the house does not know."""


class Clash(HouseError):
    """Two things that cannot be true at once."""
