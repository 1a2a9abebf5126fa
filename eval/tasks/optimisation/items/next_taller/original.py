def next_taller(heights: list[int]) -> list[int]:
    """For each tower, how many places to its right the first taller one stands; 0 if there is none."""
    distances = []
    for i in range(len(heights)):
        distance = 0
        for j in range(i + 1, len(heights)):
            if heights[j] > heights[i]:
                distance = j - i
                break
        distances.append(distance)
    return distances
