"""The weather as it is logged: wind by force, and whether the port closes."""

from itertools import pairwise

LIMITS = (1, 4, 7, 11, 17, 22, 28, 34, 41, 48, 56, 64)  # knots at which each force begins
CLOSES_AT = 9


def force(knots):
    """The force of a wind, 0 to 12."""
    return sum(knots >= limit for limit in LIMITS)


def port_is_closed(gusts):
    """Whether two gusts in a row reach the force at which the port closes."""
    strong = [force(gust) >= CLOSES_AT for gust in gusts]
    return any(one and other for one, other in pairwise(strong))
