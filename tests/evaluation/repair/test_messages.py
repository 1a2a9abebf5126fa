"""A failed test's account: what stays of it."""

from __future__ import annotations

from eval.tasks.repair.messages import MAX_CHARS, clean_message


def test_paths_of_the_machine_are_not_shown() -> None:
    """A file of the repository is named within it, one of a library by its last two parts."""
    message = (
        'File "/scratch/run-1/repo/src/till.py", line 3\n'
        "/opt/python/lib/python3.11/json/decoder.py:355: JSONDecodeError\n"
        "../../environment/lib/python3.11/site-packages/other/part.py:7: in run\n"
        "E   assert '/a' == 'http://example.org/x/y'"
    )
    shown = clean_message(message, {"src/till.py"})
    assert shown == (
        'File "src/till.py", line 3\njson/decoder.py:355: JSONDecodeError\nother/part.py:7: in run\n'
        "E   assert '/a' == 'http://example.org/x/y'"
    )


def test_places_in_memory_are_not_shown() -> None:
    """They are others in each run, and what a model is told of a failure is not."""
    shown = [clean_message(f"E   assert <Till object at {place}> == 0x7f") for place in ("0x7fa32a493750", "0x55D0")]
    assert shown == ["E   assert <Till object at 0x...> == 0x7f"] * 2


def test_a_long_account_keeps_its_beginning_and_its_end() -> None:
    """The test's name stands first and the error last; lines are whole."""
    message = "\n".join(
        ["tests/test_till.py:3: in test_total", *(f"    line {n}" for n in range(500)), "E   ValueError"]
    )
    shown = clean_message(message)
    assert len(shown) <= MAX_CHARS + 10
    assert shown.startswith("tests/test_till.py:3: in test_total\n")
    assert shown.endswith("\nE   ValueError")
    assert set(shown.splitlines()) - {"[…]"} <= set(message.splitlines())
