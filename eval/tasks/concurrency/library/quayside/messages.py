"""Messages between terminal and trucks: one line, fields between bars."""

FIELDS = ("kind", "truck", "container", "gate")


def encode(message):
    """A line from a dict; missing fields are empty, bars in values become slashes."""
    return "|".join(str(message.get(field, "")).replace("|", "/") for field in FIELDS)


def decode(line):
    """A dict from a line, without empty fields. Raises ValueError for a line with other than four fields."""
    values = line.rstrip("\n").split("|")
    if len(values) != len(FIELDS):
        raise ValueError(f"four fields are needed, not {len(values)}")
    return {field: value for field, value in zip(FIELDS, values) if value}
