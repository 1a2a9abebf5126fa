"""Days on which the house is open: all but Sundays, Wednesdays and the first of a month."""

from __future__ import annotations

from datetime import date, timedelta

from .errors import Rejected

_SHUT = (2, 6)  # Wednesday and Sunday, Monday being 0


def read_day(text: str) -> date:
    """A day written as ``24.12.2031``. Raises Rejected."""
    try:
        day, month, year = (int(part) for part in text.split("."))
        return date(year, month, day)
    except ValueError:
        raise Rejected(f"no day: {text!r}", "day") from None


def show_day(day: date) -> str:
    """``Tue 24.12.``: without the year."""
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]} {day.day:02d}.{day.month:02d}."


def is_open(day: date) -> bool:
    """Whether the house is open on that day."""
    return day.weekday() not in _SHUT and day.day != 1


def move_open(n_days: int, day: date) -> date:
    """The open day ``n_days`` open days after ``day``, or before it; 0 gives ``day`` itself or the next open one."""
    step = timedelta(days=-1 if n_days < 0 else 1)
    if n_days == 0:
        while not is_open(day):
            day += step
    for _ in range(abs(n_days)):
        day += step
        while not is_open(day):
            day += step
    return day


def count_open(first: date, last: date) -> int:
    """Open days from ``first`` to ``last``, of which ``last`` does not count."""
    return sum(is_open(first + timedelta(days=n)) for n in range((last - first).days))
