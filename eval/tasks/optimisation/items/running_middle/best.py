from tidemark.middle import Middle


def running_middle(readings: list[int]) -> list[int]:
    middle = Middle()
    return [middle.add(reading) for reading in readings]
