def same_fleet(log: list[tuple[str, str, str]]) -> list[bool]:
    """The answers to the questions in a log. ("join", a, b): the fleets of both ships are one from now on.

    ("ask", a, b): whether both belong to one fleet by then. A ship that was not joined is a fleet of its own.
    """
    answers = []
    joined: list[tuple[str, str]] = []
    for action, one, other in log:
        if action == "join":
            joined.append((one, other))
            continue
        fleet = {one}
        grew = True
        while grew:
            grew = False
            for left, right in joined:
                if (left in fleet) != (right in fleet):
                    fleet.update((left, right))
                    grew = True
        answers.append(other in fleet)
    return answers
