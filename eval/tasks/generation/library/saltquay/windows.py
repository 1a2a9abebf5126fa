"""Windows of time within a day, in minutes since midnight. Both ends belong to a window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import Rejected

_WINDOW = re.compile(r"(\d{2})(\d{2})\+(\d+)")
LAST_MINUTE = 1439


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From the minute ``first`` to the minute ``last``, which is in it."""

    first: int
    last: int

    @property
    def n_minutes(self) -> int:
        """Minutes in it: one at least, since both ends count."""
        return self.last - self.first + 1


def read_window(text: str) -> Window:
    """``0915+45``: a start and a number of minutes, of which the first is the start's own. Raises Rejected."""
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise Rejected(f"no window: {text!r}", "window")
    first = int(match[1]) * 60 + int(match[2])
    last = first + int(match[3]) - 1
    if int(match[2]) > 59 or last < first or last > LAST_MINUTE:
        raise Rejected(f"not within a day: {text!r}", "window")
    return Window(first, last)


def show_window(window: Window) -> str:
    """``09:15..09:59``, the last minute being in it."""
    return "..".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (window.first, window.last))


def meet(one: Window, other: Window) -> Window | None:
    """The minutes that are in both, or None."""
    first, last = max(one.first, other.first), min(one.last, other.last)
    return Window(first, last) if first <= last else None


def join_windows(slack: int, windows: Iterable[Window]) -> list[Window]:
    """Windows with those made one that have at most ``slack`` free minutes between them, latest first."""
    joined: list[Window] = []
    for window in sorted(windows):
        if joined and window.first - joined[-1].last - 1 <= slack:
            joined[-1] = Window(joined[-1].first, max(joined[-1].last, window.last))
        else:
            joined.append(window)
    return joined[::-1]


def free_windows(within: Window, taken: Iterable[Window]) -> list[Window]:
    """What of ``within`` is in none of ``taken``, earliest first."""
    free = []
    next_minute = within.first
    for window in join_windows(0, taken)[::-1]:
        if window.first > next_minute:
            free.append(Window(next_minute, min(window.first - 1, within.last)))
        next_minute = max(next_minute, window.last + 1)
        if next_minute > within.last:
            break
    if next_minute <= within.last:
        free.append(Window(next_minute, within.last))
    return [window for window in free if window.first <= window.last]
