def first_repeated(words: list[str]) -> str | None:
    seen = set()
    for word in words:
        low = word.lower()
        if low in seen:
            return word
        seen.add(low)
    return None
