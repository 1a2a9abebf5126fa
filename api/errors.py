"""What the service refuses, hung into the indexer's tree. One line each, with what to do.

QuarryError
├── VotesUnavailable     the file of votes cannot be written (503)
└── Refused              carries what a client needs to do better: ``headers`` of the answer
    ├── KeyRefused       no key, or one that is not known (401)
    ├── WrongHost        the service is not known under that name (400)
    ├── NotAllowed       the key is known, and may not do this (403)
    ├── BodyTooLarge     (413)
    ├── Busy             too many questions, requests or tokens: later again (429)
    └── Stopping         the service ends: later again (503)
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from indexer.errors import QuarryError


class VotesUnavailable(QuarryError):
    """A vote could not be written; it can be cast again."""


class Refused(QuarryError):
    """A request that the service does not take. ``headers`` belong to the HTTP answer."""

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})


class KeyRefused(Refused):
    """No key, or one that is not known."""

    def __init__(self, message: str) -> None:
        super().__init__(message, {"WWW-Authenticate": 'Bearer realm="quarry"'})


class NotAllowed(Refused):
    """The key is known, but not for this."""


class WrongHost(Refused):
    """The service was reached under a name that it does not trust."""


class BodyTooLarge(Refused):
    """The request's body is larger than the service takes."""


def whole_seconds(seconds: float) -> int:
    """``seconds`` as clients are told them, in words and in Retry-After: rounded up, at least 1."""
    return max(1, math.ceil(seconds))


class _Later(Refused):
    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message, {"Retry-After": str(whole_seconds(retry_after_seconds))})


class Busy(_Later):
    """Too many questions wait, or a key's limit is reached."""


class Stopping(_Later):
    """The service is about to end."""
