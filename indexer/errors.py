"""The errors a user can meet, as one tree. Each message is one line that says what to do next.

QuarryError
├── SourceError           the code to index cannot be read: path, URL, ref, empty repository
├── IndexingError         an index cannot be written or does not fit
│   ├── EncoderMismatch   the index was made with another encoder or chunker
│   └── IndexBusy         another process is writing this repository
├── UnknownRepository     no index of that name (near names are offered)
├── EncoderError          the encoder cannot be loaded
└── InputError            a question or option that cannot be used
"""

from __future__ import annotations


class QuarryError(Exception):
    """Base of every error that is shown to a user as one line, without a traceback."""


class SourceError(QuarryError):
    """The source cannot be opened or read."""


class IndexingError(QuarryError):
    """An index cannot be written, or does not fit what is asked of it."""


class EncoderMismatch(IndexingError):
    """The index was made with another encoder, dimension or chunker version."""


class IndexBusy(IndexingError):
    """Another process is writing this repository's index."""


class UnknownRepository(QuarryError):
    """No repository of that name is indexed."""


class EncoderError(QuarryError):
    """The encoder cannot be loaded."""


class InputError(QuarryError):
    """A question or an option cannot be used as given."""


# What to do when a store refuses to be written, for whatever reason: the end of such an error's line.
WRITE_AGAIN = (
    "What was indexed before still answers. Run the same command again, with more room if the disk is full, or with "
    "--rebuild if that fails too."
)
