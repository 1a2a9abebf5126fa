from tidemark.lows import LowBook


def lowest_water(levels: list[int], stretches: list[tuple[int, int]]) -> list[int | None]:
    book = LowBook(levels)
    return [book.lowest(begin, end) for begin, end in stretches]
