def cheapest_walk(grid: list[list[int]], row: int = 0, column: int = 0) -> int:
    below: list[int] = []
    for line in reversed(grid[row:]):
        sums: list[int] = []
        for place in range(len(line) - 1, column - 1, -1):
            options = [*sums[-1:], *below[len(sums) : len(sums) + 1]]
            sums.append(line[place] + min(options, default=0))
        below = sums
    return below[-1]
