def test_no_truck_is_lost(program):
    """Threads that count at the same time lose nothing."""
    counts, total = program.replay(program.Gates(), [["a", "b"] * 6, ["a"] * 8, ["b", "a", "c"] * 4])
    assert counts == {"a": 18, "b": 10, "c": 4}, f"{counts}"
    assert total == 32, f"{total} in all, not 32"


def test_report_adds_up(program):
    """A report that is made meanwhile adds up."""
    import threading

    gates, reports = program.Gates(), []
    counting = threading.Thread(target=lambda: [gates.passed("a") for _ in range(10)])
    counting.start()
    for _ in range(4):
        reports.append(gates.report())
    counting.join()
    assert all(sum(counts.values()) == total for counts, total in reports), f"{reports}"


def test_alone(program):
    """Several trucks at once, and nothing at all."""
    gates = program.Gates()
    assert gates.report() == ({}, 0)
    gates.passed("z", 3)
    gates.passed("b")
    counts, total = gates.report()
    assert list(counts.items()) == [("b", 1), ("z", 3)] and total == 4, f"{counts}, {total}"
