from tidemark.prefixes import PrefixBook


def names_starting(names: list[str], prefixes: list[str]) -> list[int]:
    book = PrefixBook(names)
    return [book.count(prefix) for prefix in prefixes]
