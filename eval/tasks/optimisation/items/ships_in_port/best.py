from tidemark.spans import SpanBook


def ships_in_port(stays: list[tuple[int, int]], hours: list[int]) -> list[int]:
    book = SpanBook(stays)
    return [book.count_at(hour) for hour in hours]
