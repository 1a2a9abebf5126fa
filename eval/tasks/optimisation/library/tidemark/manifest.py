"""Manifests: what a ship carries, line by line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """One line: how much of what, for whom."""

    goods: str
    tonnes: int
    consignee: str


def parse_line(line):
    """A load from "goods; tonnes; consignee". Raises ValueError."""
    goods, tonnes, consignee = (part.strip() for part in line.split(";"))
    return Load(goods, int(tonnes), consignee)


def by_consignee(loads):
    """The loads of each consignee, in the order of the manifest."""
    sorted_out = {}
    for load in loads:
        sorted_out.setdefault(load.consignee, []).append(load)
    return sorted_out


def heaviest(loads):
    """The heaviest load, the first of several; None without loads."""
    return max(loads, key=lambda load: load.tonnes, default=None)
