from tidemark.ladder import Ladder


def nearest_buoys(buoys: list[int], ships: list[int]) -> list[int | None]:
    ladder = Ladder(buoys)
    return [ladder.nearest(ship) for ship in ships]
