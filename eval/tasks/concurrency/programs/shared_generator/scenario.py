import time

LINES = [f" line {i} " if i % 5 else "" for i in range(20)]


def test_every_line_once(program):
    """Every line is handled once, by whichever thread."""
    handled = []

    def handle(text):
        handled.append(text)
        return text.upper()

    results = program.work_off(LINES, handle)
    wanted = {i + 1: f"LINE {i}" for i in range(20) if i % 5}
    assert results == wanted, f"{len(results)} results, not {len(wanted)}"
    assert len(handled) == len(wanted), f"handled {len(handled)} times"


def test_threads_share_the_work(program):
    """Handling goes on at the same time."""

    def handle(text):
        time.sleep(1)

    before = time.monotonic()
    program.work_off(["x"] * 9, handle, n_threads=3)
    assert time.monotonic() - before < 6, f"nine lines of 1 s took {time.monotonic() - before:.0f} s on three threads"


def test_errors_are_raised(program):
    """An error of the handler is raised."""

    def handle(text):
        raise KeyError(text)

    try:
        program.work_off(["a", "b"], handle)
    except KeyError:
        return
    raise AssertionError("the handler's error was lost")
