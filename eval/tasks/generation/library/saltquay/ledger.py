"""Accounts and what is booked between them, in hundredths. What an account receives is written with a minus."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import Clash, NotHere, Rejected


class Ledger:
    """Accounts by name. An account is opened before it is used, and is never used again once it is shut."""

    def __init__(self) -> None:
        self._balances: dict[str, int] = {}
        self._shut: set[str] = set()

    def open_account(self, name: str) -> None:
        """Open an account with nothing in it. Raises Clash for one that there is."""
        if name in self._balances:
            raise Clash(name)
        self._balances[name] = 0

    def shut_account(self, name: str) -> None:
        """Shut an account, which must be even. Raises NotHere, and Clash where something is left in it."""
        if self.balance(name):
            raise Clash(f"{name} is not even")
        self._shut.add(name)

    def book(self, receiver: str, giver: str, hundredths: int) -> None:
        """Move money to ``receiver`` from ``giver``. Raises NotHere, Clash for a shut one, Rejected for no money."""
        if hundredths <= 0:
            raise Rejected("nothing to book", "hundredths")
        for name in (receiver, giver):
            if name not in self._balances:
                raise NotHere(name)
            if name in self._shut:
                raise Clash(f"{name} is shut")
        self._balances[receiver] -= hundredths
        self._balances[giver] += hundredths

    def balance(self, name: str) -> int:
        """What an account gave less what it received. Raises NotHere."""
        if name not in self._balances:
            raise NotHere(name)
        return self._balances[name]

    def balances(self) -> Mapping[str, int]:
        """All accounts that are not shut, by name."""
        return {name: self._balances[name] for name in sorted(self._balances) if name not in self._shut}
