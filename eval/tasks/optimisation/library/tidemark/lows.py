"""Lowest values of stretches, such as the lowest water of some days. Places are counted from 0, the end excluded."""


class LowBook:
    """Levels that do not change, asked for the lowest of a stretch in constant time."""

    def __init__(self, levels):
        self._rows = [list(levels)]
        width = 1
        while 2 * width <= len(self._rows[0]):
            row = self._rows[-1]
            self._rows.append([min(row[i], row[i + width]) for i in range(len(row) - width)])
            width *= 2

    def lowest(self, begin, end):
        """The lowest of ``levels[begin:end]``; None if the stretch is empty. Both are cut to the levels there are."""
        begin, end = max(begin, 0), min(end, len(self._rows[0]))
        if begin >= end:
            return None
        power = (end - begin).bit_length() - 1
        return min(self._rows[power][begin], self._rows[power][end - (1 << power)])
