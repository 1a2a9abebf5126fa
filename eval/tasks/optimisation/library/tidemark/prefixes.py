"""Names that are looked up by how they begin, such as call signs."""


class PrefixBook:
    """Names, each counted as often as it was given. A question takes time by the length of the prefix alone."""

    def __init__(self, names):
        self._counts = {}
        self._names = set()
        for name in names:
            self._names.add(name)
            for end in range(len(name) + 1):
                head = name[:end]
                self._counts[head] = self._counts.get(head, 0) + 1

    def count(self, prefix):
        """How many names begin with the prefix; all of them for the empty one."""
        return self._counts.get(prefix, 0)

    def longest(self, text):
        """The longest name that the text begins with, None if there is none."""
        for end in range(len(text), -1, -1):
            if text[:end] in self._names:
                return text[:end]
        return None
