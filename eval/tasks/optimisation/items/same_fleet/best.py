from tidemark.fleets import Fleets


def same_fleet(log: list[tuple[str, str, str]]) -> list[bool]:
    fleets = Fleets()
    answers = []
    for action, one, other in log:
        if action == "join":
            fleets.join(one, other)
        else:
            answers.append(fleets.together(one, other))
    return answers
