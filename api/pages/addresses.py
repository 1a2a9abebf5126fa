"""The page's addresses of lines of indexed files, also for OpenAI's clients."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from assistant.records import Citation, Passage
from indexer.records import Hit


def file_url(place: Hit | Passage | Citation) -> str:
    """Where the service shows these lines, from its root on.

    The ref is named, too: a working tree has no commit, and that of a branch is not indexed any more when it moves on.
    """
    lines = place.chunk if isinstance(place, Hit) else place
    at = {"commit": place.commit} if place.commit is not None else {}
    query = urlencode({**at, "ref": place.ref, "lines": f"{lines.start_line}-{lines.end_line}"})
    return f"/files/{quote(place.repo, safe='')}/{quote(lines.path)}?{query}#L{lines.start_line}"
