def next_taller(heights: list[int]) -> list[int]:
    distances = [0] * len(heights)
    waiting: list[int] = []
    for j, height in enumerate(heights):
        while waiting and heights[waiting[-1]] < height:
            i = waiting.pop()
            distances[i] = j - i
        waiting.append(j)
    return distances
