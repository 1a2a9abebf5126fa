"""Tables in plain text: numbers to the right, words to the left, a line of equals signs under the head."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import Rejected


def draw_table(rows: Sequence[Sequence[str | int]], head: Sequence[str]) -> str:
    """The table as lines; columns are two spaces apart, and nothing stands behind the last. Raises Rejected.

    A column is of numbers where every cell is one. Numbers from a thousand on are written with an apostrophe.
    """
    if any(len(row) != len(head) for row in rows):
        raise Rejected("a row has another number of cells", "rows")
    columns = [[row[place] for row in rows] for place in range(len(head))]
    drawn = [_draw_column(name, cells) for name, cells in zip(head, columns, strict=True)]
    lines = ["  ".join(cells).rstrip() for cells in zip(*drawn, strict=True)]
    return "\n".join(lines)


def _draw_column(name: str, cells: Sequence[str | int]) -> list[str]:
    is_number = bool(cells) and all(isinstance(cell, int) for cell in cells)
    texts = [f"{cell:,}".replace(",", "'") if isinstance(cell, int) else cell for cell in cells]
    width = max(map(len, [name, *texts]))
    lines = [text.rjust(width) if is_number else text.ljust(width) for text in [name, *texts]]
    return [lines[0], "=" * width, *lines[1:]]
