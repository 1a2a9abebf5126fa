"""The tide, as a sum of waves: good to a hand's breadth, and no better."""

from math import cos, pi

WAVES = ((1.9, 12.42, 0.0), (0.6, 12.0, 1.3), (0.4, 25.8, 0.7))  # height in metres, hours, phase


def height_at(hour):
    """The height of the water above its mean, in metres."""
    return sum(height * cos(2 * pi * hour / period + phase) for height, period, phase in WAVES)


def first_high_water(hour):
    """The first full hour from ``hour`` at which the water stands higher than before and after."""
    while not height_at(hour - 1) < height_at(hour) >= height_at(hour + 1):
        hour += 1
    return hour
