"""Ship's time: watches and bells."""

WATCHES = ("middle", "morning", "forenoon", "afternoon", "dog", "first")


def watch_at(hour):
    """The watch of an hour of the day, 0 to 23."""
    return WATCHES[hour % 24 // 4]


def bells_at(hour, minute):
    """How many bells are struck: one for each half hour of the watch, eight at its end."""
    half_hours = (hour % 4) * 2 + minute // 30
    return half_hours or 8
