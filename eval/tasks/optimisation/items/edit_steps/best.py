def edit_steps(old: str, new: str) -> int:
    above = list(range(len(new) + 1))
    for i, left in enumerate(old, start=1):
        row = [i]
        for j, right in enumerate(new, start=1):
            row.append(above[j - 1] if left == right else 1 + min(above[j], row[-1]))
        above = row
    return above[-1]
