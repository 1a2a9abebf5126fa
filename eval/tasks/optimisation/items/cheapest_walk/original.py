def cheapest_walk(grid: list[list[int]], row: int = 0, column: int = 0) -> int:
    """The lowest sum of cells on a walk from (row, column) to the last cell, by steps down or to the right.

    The grid has at least one cell, and its rows are equally long.
    """
    here = grid[row][column]
    if row == len(grid) - 1 and column == len(grid[0]) - 1:
        return here
    if row == len(grid) - 1:
        return here + cheapest_walk(grid, row, column + 1)
    if column == len(grid[0]) - 1:
        return here + cheapest_walk(grid, row + 1, column)
    return here + min(cheapest_walk(grid, row + 1, column), cheapest_walk(grid, row, column + 1))
