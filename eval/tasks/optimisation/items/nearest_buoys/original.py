def nearest_buoys(buoys: list[int], ships: list[int]) -> list[int | None]:
    """For each ship, the place of the buoy nearest to it, the lower of two that are as near; None without buoys."""
    nearest = []
    for ship in ships:
        best = None
        for buoy in buoys:
            if best is None or (abs(buoy - ship), buoy) < (abs(best - ship), best):
                best = buoy
        nearest.append(best)
    return nearest
