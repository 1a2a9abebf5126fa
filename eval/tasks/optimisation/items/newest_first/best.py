def newest_first(lines: list[str]) -> str:
    numbered = [f"{number}: {line.strip()}\n" for number, line in enumerate(lines, start=1)]
    return "".join(reversed(numbered))
