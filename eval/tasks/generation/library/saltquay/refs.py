"""Reference numbers that notice a slip of the pen: a prefix, five digits and a check letter."""

from __future__ import annotations

from .errors import Rejected

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # 23, without those that look like digits or like each other


def make_ref(number: int, prefix: str) -> str:
    """``INV/00042/K``. Raises Rejected for a number that has not one to five digits."""
    if not 0 <= number <= 99_999:
        raise Rejected("five digits at most", "number")
    return f"{prefix.upper()}/{number:05d}/{_check_letter(number, prefix.upper())}"


def read_ref(ref: str) -> tuple[str, int]:
    """Prefix and number of a reference. Raises Rejected for another form or a wrong letter; spaces do not count."""
    parts = ref.replace(" ", "").upper().split("/")
    if len(parts) != 3 or len(parts[1]) != 5 or not parts[1].isdecimal():
        raise Rejected("no reference", "ref")
    prefix, number = parts[0], int(parts[1])
    if parts[2] != _check_letter(number, prefix):
        raise Rejected("the letter is wrong", "ref")
    return prefix, number


def _check_letter(number: int, prefix: str) -> str:
    weighted = sum((place + 2) * int(digit) for place, digit in enumerate(f"{number:05d}"))
    return _LETTERS[(weighted + sum(map(ord, prefix))) % len(_LETTERS)]
