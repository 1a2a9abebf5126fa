"""A failed test's account as the model gets it: short, and without paths of the machine that it ran on."""

from __future__ import annotations

import re
from collections.abc import Container

from eval.tasks.messages import without_addresses

MAX_CHARS = 1200  # about 350 tokens: the assertion and the frames next to it
# Also one that climbs out of the repository; not a URL's, nor what only looks like one.
_OUTER_PATH = re.compile(r"(?<![\w.~/])(?:(?:\.\./)+|/)(?:[\w.@+~-]+/)+[\w.@+~-]+")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_GAP = "[…]"


def clean_message(message: str, paths: Container[str] = ()) -> str:
    """``message`` with repository-relative paths, cut to the end of its beginning and its end.

    ``paths`` are the repository's; of a path elsewhere the last two parts stay. The end of an account is what counts,
    so it gets two thirds of the room.
    """
    text = without_addresses(_COLOUR.sub("", message).strip("\n"))
    text = _OUTER_PATH.sub(lambda found: _shorten(found[0], paths), text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    if len(text) <= MAX_CHARS:
        return text
    head = text[: MAX_CHARS // 3].rpartition("\n")[0] or text[: MAX_CHARS // 3]
    tail = text[-2 * MAX_CHARS // 3 :]
    return f"{head}\n{_GAP}\n{tail.partition(chr(10))[2] or tail}"


def _shorten(path: str, paths: Container[str]) -> str:
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for start in range(len(parts)):
        relative = "/".join(parts[start:])
        if relative in paths:
            return relative
    return "/".join(parts[-2:])
