"""The yard: where a container stands, as block, row and tier."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Place:
    """A place in the yard. Tier 1 is the ground."""

    block: str
    row: int
    tier: int

    def above(self):
        """The place on top of this one."""
        return Place(self.block, self.row, self.tier + 1)


def parse_place(text):
    """A place from "B-12-3". Raises ValueError."""
    block, row, tier = text.split("-")
    return Place(block, int(row), int(tier))


def moves_to_reach(place, occupied):
    """How many containers stand on top of a place and have to be moved first."""
    moves = 0
    while (place := place.above()) in occupied:
        moves += 1
    return moves
