"""The errors of models, answers and conversations, hung into the indexer's tree. One line each, with what to do.

QuarryError
├── ModelError
│   ├── UnknownModel         the name is in no catalogue and at no provider
│   ├── ModelMissing         known, but not downloaded or not pulled yet
│   ├── ChecksumMismatch     the file is not the one we verified; it is never loaded
│   ├── DownloadFailed       no source answered
│   └── ModelUnavailable     the engine or server does not run, or stopped in mid-answer
├── UnknownSession           no conversation of that id for whoever asks
├── SessionsUnavailable      the database of conversations cannot be used
└── InputError
    └── PromptTooLong        what must be sent does not fit the model's window
"""

from __future__ import annotations

from indexer.errors import InputError, QuarryError


class ModelError(QuarryError):
    """Something is wrong with the model or with the server that runs it."""


class UnknownModel(ModelError):
    """The name is in no catalogue and at no provider."""


class ModelMissing(ModelError):
    """The model is known but not on this machine yet."""


class ChecksumMismatch(ModelError):
    """The file's SHA-256 is not the pinned one. Such a file is never loaded."""


class DownloadFailed(ModelError):
    """No source of the model answered with all of it."""


class ModelUnavailable(ModelError):
    """The engine or the server does not run, or stopped in mid-answer."""


class UnknownSession(QuarryError):
    """There is no conversation of that id for whoever asks; somebody else may have one."""


class SessionsUnavailable(QuarryError):
    """The database of conversations cannot be opened, read or written."""


class PromptTooLong(InputError):
    """The part of the prompt that cannot be left out does not fit the model's window."""
