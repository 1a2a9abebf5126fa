"""Reports for the harbour master: tables in plain text."""


def table(heads, rows):
    """Columns as wide as their widest cell, the head underlined."""
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def percentage(part, whole):
    """A share as "37 %", "-" where there is no whole."""
    return f"{round(100 * part / whole)} %" if whole else "-"
