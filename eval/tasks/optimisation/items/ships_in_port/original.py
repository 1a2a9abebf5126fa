def ships_in_port(stays: list[tuple[int, int]], hours: list[int]) -> list[int]:
    """How many ships lie in port at each of the hours. A stay is (first hour, last hour), both included.

    A stay that ends before it begins is a slip of the pen and counts for nothing.
    """
    counts = []
    for hour in hours:
        present = [stay for stay in stays if stay[0] <= hour <= stay[1]]
        counts.append(len(present))
    return counts
