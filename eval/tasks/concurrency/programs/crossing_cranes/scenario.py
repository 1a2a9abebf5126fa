import threading


def test_crossing_lifts_end(program):
    """Lifts that name the cranes in different orders all end."""
    a, b, c = (program.Crane(name) for name in "abc")
    program.work([(a, b, 1), (b, a, 2), (b, c, 3), (c, a, 4), (a, c, 5)])
    assert sorted(a.log) == [1, 2, 4, 5] and sorted(b.log) == [1, 2, 3], f"{a.log}, {b.log}"


def test_lifts_of_other_code_end(program):
    """So do those that other code starts on threads of its own, by `lift_together`."""
    a, b = program.Crane("a"), program.Crane("b")
    lifts = [(a, b, 1), (b, a, 2), (a, b, 3), (b, a, 4)]
    threads = [threading.Thread(target=program.lift_together, args=lift) for lift in lifts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert a.log == b.log and sorted(a.log) == [1, 2, 3, 4], f"{a.log}, {b.log}"


def test_one_job_at_a_time(program):
    """Two loads never cross: both cranes log shared loads in the same order."""
    a, b = program.Crane("a"), program.Crane("b")
    program.work([(a, b, number) for number in range(4)])
    assert a.log == b.log and sorted(a.log) == [0, 1, 2, 3], f"{a.log}, {b.log}"
