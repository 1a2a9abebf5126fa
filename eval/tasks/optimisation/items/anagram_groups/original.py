def anagram_groups(words: list[str]) -> list[list[str]]:
    """The words, those of the same letters together: groups and the words in them in the order of the list."""
    groups: list[list[str]] = []
    for word in words:
        for group in groups:
            if sorted(group[0]) == sorted(word):
                group.append(word)
                break
        else:
            groups.append([word])
    return groups
