"""Signal flags: spelling a message, and what single flags say by themselves."""

MEANINGS = {
    "A": "diver below, keep clear",
    "B": "dangerous goods",
    "H": "pilot on board",
    "O": "man overboard",
    "Q": "healthy, asks to enter",
}
WORDS = {"A": "alfa", "B": "bravo", "C": "charlie", "D": "delta", "E": "echo", "F": "foxtrot", "G": "golf"}


def spell(message):
    """The flags of a message by name; letters without a name here stay as they are."""
    return [WORDS.get(letter, letter) for letter in message.upper() if letter.isalnum()]


def meaning(hoist):
    """What a single flag says, None for a hoist of several or one without a meaning."""
    return MEANINGS.get(hoist.upper()) if len(hoist) == 1 else None
