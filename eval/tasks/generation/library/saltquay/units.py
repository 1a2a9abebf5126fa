"""Goods are counted in pieces; what they come in is a fixed number of them."""

from __future__ import annotations

from .errors import NotHere, Rejected

PIECES = {"piece": 1, "tray": 18, "crate": 72, "pallet": 2160}


def convert(wanted: str, given: str, count: int) -> tuple[int, int]:
    """``count`` of the unit ``given`` as whole ones of ``wanted``, and the pieces left over. Raises NotHere."""
    for unit in (wanted, given):
        if unit not in PIECES:
            raise NotHere(unit)
    return divmod(count * PIECES[given], PIECES[wanted])


def load(n_pieces: int) -> list[tuple[str, int]]:
    """The fewest units that hold ``n_pieces``, largest first; trays are never used for more than three at a time.

    Three trays and more that are left become one crate, which is then not full. Raises Rejected below zero.
    """
    if n_pieces < 0:
        raise Rejected("pieces below zero", "n_pieces")
    pallets, rest = divmod(n_pieces, PIECES["pallet"])
    crates, rest = divmod(rest, PIECES["crate"])
    trays, pieces = divmod(rest, PIECES["tray"])
    if trays == 3:
        crates, trays, pieces = crates + 1, 0, 0
    counts = (("pallet", pallets), ("crate", crates), ("tray", trays), ("piece", pieces))
    return [(unit, count) for unit, count in counts if count]
