"""Amounts of money, kept in hundredths. Text has the currency first; what is owed stands in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import Clash, Rejected

_AMOUNT = re.compile(r"\s*(?P<sign>-?)(?P<whole>\d+)(?:\.(?P<cents>\d{1,2}))?\s+(?P<currency>[A-Z]{3})\s*")


@dataclass(frozen=True, slots=True)
class Amount:
    """So many hundredths of a currency."""

    currency: str
    hundredths: int


def read_amount(text: str) -> Amount:
    """The amount that ``text`` says, such as ``12.5 EUR``. Raises Rejected for any other form."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise Rejected(f"no amount: {text!r}", "amount")
    hundredths = int(match["whole"]) * 100 + int((match["cents"] or "0").ljust(2, "0"))
    return Amount(match["currency"], -hundredths if match["sign"] else hundredths)


def show_amount(amount: Amount) -> str:
    """``EUR 12.50``, and ``(EUR 12.50)`` for what is below zero."""
    text = f"{amount.currency} {abs(amount.hundredths) // 100}.{abs(amount.hundredths) % 100:02d}"
    return f"({text})" if amount.hundredths < 0 else text


def share_out(n_parts: int, amount: Amount) -> list[Amount]:
    """``amount`` in equal parts; hundredths that are left over go to the last parts, one each."""
    if n_parts < 1:
        raise Rejected("there must be a part", "n_parts")
    each, left = divmod(amount.hundredths, n_parts)
    return [Amount(amount.currency, each + (1 if n_parts - place <= left else 0)) for place in range(n_parts)]


def take_rate(per_mille: int, amount: Amount) -> Amount:
    """So many thousandths of ``amount``. An exact half is rounded towards zero, as the house has always done."""
    whole, rest = divmod(abs(amount.hundredths) * per_mille, 1000)
    rounded = whole + (1 if rest > 500 else 0)
    return Amount(amount.currency, -rounded if amount.hundredths < 0 else rounded)


def sum_up(amounts: Iterable[Amount]) -> Amount:
    """Their sum. Raises Rejected for none, and Clash where there is more than one currency."""
    kept = list(amounts)
    if not kept:
        raise Rejected("nothing to sum up", "amounts")
    currencies = {amount.currency for amount in kept}
    if len(currencies) > 1:
        raise Clash(" and ".join(sorted(currencies)))
    return Amount(kept[0].currency, sum(amount.hundredths for amount in kept))
