"""Long lists in pages. Pages are counted from 1; a last page of a single item is put on the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .errors import Rejected


@dataclass(frozen=True, slots=True)
class Page:
    """The items of page ``number`` of ``n_pages``."""

    items: Sequence[Any]
    number: int
    n_pages: int


def cut_page(size: int, number: int, items: Sequence[Any]) -> Page:
    """A page of ``items``; a number beyond the last gives the last, one below 1 raises Rejected."""
    if number < 1 or size < 1:
        raise Rejected("pages are counted from 1", "number")
    n_pages = max(1, -(-len(items) // size))
    if n_pages > 1 and len(items) % size == 1:
        n_pages -= 1
    number = min(number, n_pages)
    end = len(items) if number == n_pages else number * size
    return Page(items[(number - 1) * size : end], number, n_pages)


def show_pages(page: Page) -> str:
    """``1 .. 4 <5> 6 .. 9``: first, last, the page in angles and its neighbours; two dots for what is left out."""
    wanted = sorted({1, page.number - 1, page.number, page.number + 1, page.n_pages} & set(range(1, page.n_pages + 1)))
    out: list[str] = []
    for place, number in enumerate(wanted):
        if place and number - wanted[place - 1] > 1:
            out.append("..")
        out.append(f"<{number}>" if number == page.number else str(number))
    return " ".join(out)
