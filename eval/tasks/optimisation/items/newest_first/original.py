def newest_first(lines: list[str]) -> str:
    """The lines as one text, the last one first, numbered from 1 in the order of the list: "3: c\\n2: b\\n1: a\\n"."""
    text = ""
    number = 1
    for line in lines:
        text = str(number) + ": " + line.strip() + "\n" + text
        number += 1
    return text
