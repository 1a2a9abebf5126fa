import time


def test_no_letter_is_lost(program):
    """All letters of two senders arrive, each once, and those of one sender in order."""
    mailbox, got = program.Mailbox(), []
    threads = [program.send(mailbox, [(sender, i) for i in range(6)]) for sender in "ab"]
    while len(got) < 12:
        letters = mailbox.take_all(timeout=5)
        assert letters, f"{len(got)} of 12 letters arrived, and then none"
        got += letters
    for thread in threads:
        thread.join()
    assert [letter for letter in got if letter[0] == "a"] == [("a", i) for i in range(6)], f"{got}"
    assert len(got) == 12, f"{len(got)} letters"


def test_waits(program):
    """It waits for the first letter, and no longer."""
    mailbox = program.Mailbox()
    thread = program.send(mailbox, ["x", "y"], seconds=3)
    got = mailbox.take_all()
    got += mailbox.take_all(timeout=10)
    assert got == ["x", "y"], f"{got}"
    assert time.monotonic() < 6, f"took {time.monotonic():.0f} s"
    thread.join()


def test_timeout(program):
    """Without letters it returns an empty list after the time."""
    before = time.monotonic()
    assert program.Mailbox().take_all(timeout=2) == []
    assert 2 <= time.monotonic() - before < 3
