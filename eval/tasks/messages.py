"""What code that ran says of itself, in words that are the same each time: a model may be told of them."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]+")


def without_addresses(text: str) -> str:
    """Without the places in memory that Python's ``repr`` names, which are others in each process."""
    return _ADDRESS.sub("at 0x...", text)
