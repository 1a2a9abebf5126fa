"""Lengths of time, counted in minutes, as the house writes and bills them."""

from __future__ import annotations

import re

from .errors import Rejected

_SPAN = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
# A day of work has eight hours, a week five days.
DAY = 8 * 60
WEEK = 5 * DAY


def read_span(text: str) -> int:
    """Minutes of ``1w2d3h4m``, whose days are days of work. Raises Rejected for an empty or another form."""
    match = _SPAN.fullmatch(text)
    if match is None or not text:
        raise Rejected(f"no span: {text!r}", "span")
    weeks, days, hours, minutes = (int(group or 0) for group in match.groups())
    return weeks * WEEK + days * DAY + hours * 60 + minutes


def show_span(minutes: int) -> str:
    """The same form, with the two largest parts that are not nought; what is smaller is dropped. ``0m`` for none."""
    parts = []
    for letter, size in (("w", WEEK), ("d", DAY), ("h", 60), ("m", 1)):
        count, minutes = divmod(minutes, size)
        if count:
            parts.append(f"{count}{letter}")
    return "".join(parts[:2]) or "0m"


def bill_span(step: int, minutes: int) -> int:
    """Minutes that are billed: started steps count whole, but the first five minutes of a step are free."""
    whole, rest = divmod(minutes, step)
    return (whole + (1 if rest > 5 else 0)) * step
