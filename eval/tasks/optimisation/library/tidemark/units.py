"""Lengths, speeds and weights as harbours write them."""

METRES_A_FATHOM = 1.8288
METRES_A_MILE = 1852


def fathoms(metres):
    """Metres as fathoms, to one digit."""
    return round(metres / METRES_A_FATHOM, 1)


def knots(metres_a_second):
    """Metres a second as sea miles an hour, to one digit."""
    return round(metres_a_second * 3600 / METRES_A_MILE, 1)


def parse_depth(text):
    """A depth such as "4.2m" or "3fm" in metres. Raises ValueError for anything else."""
    if text.endswith("fm"):
        return float(text[:-2]) * METRES_A_FATHOM
    if text.endswith("m"):
        return float(text[:-1])
    raise ValueError(f"no depth: {text!r}")
