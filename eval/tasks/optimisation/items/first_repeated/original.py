def first_repeated(words: list[str]) -> str | None:
    """The first word that already occurred before in the list, whatever its case, as it is written there; or None."""
    for position in range(len(words)):
        earlier = [word.lower() for word in words[:position]]
        if words[position].lower() in earlier:
            return words[position]
    return None
