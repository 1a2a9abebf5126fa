"""The errors of evaluations, hung into the indexer's tree. One line each, with what to do.

QuarryError
└── EvaluationError
    ├── HarvestError        no questions, or too few, can be made from this repository
    ├── RunMismatch         the output folder holds a run with another configuration
    ├── RunStopped          the run cannot go on, as when the model is gone; what was answered is kept
    ├── UnreadableRun       the folder holds no run, or a damaged one
    ├── BadQueries          a file of questions cannot be used: which line, and why
    ├── MissingCheckout     the source to evaluate on is not there; how to get it
    ├── EnvironmentFailed   the repository's tests cannot be run: which package is missing, which command failed
    ├── SandboxMissing      generated code would be run and nothing here can confine it
    └── SandboxError        the sandbox could not start a command at all, or had to end it for want of memory
"""

from __future__ import annotations

from indexer.errors import QuarryError


class EvaluationError(QuarryError):
    """Something is wrong with an evaluation."""


class HarvestError(EvaluationError):
    """No questions, or too few, can be made from this repository."""


class RunMismatch(EvaluationError):
    """The output folder holds a run with another configuration."""


class RunStopped(EvaluationError):
    """The run cannot go on, as when the model failed several times in a row. What was answered before is kept."""


class UnreadableRun(EvaluationError):
    """The folder holds no run, or a damaged one."""


class BadQueries(EvaluationError):
    """A file of questions, or the list of a suite's repositories, cannot be used. Says which line and why."""


class MissingCheckout(EvaluationError):
    """The source of a repository to evaluate on is not there. Says how to get it."""


class EnvironmentFailed(EvaluationError):
    """The repository's tests cannot be run. Says which package is missing or which command failed."""


class SandboxMissing(EvaluationError):
    """Generated code would be run, and nothing here can confine it."""


class SandboxError(EvaluationError):
    """The sandbox could not start a command at all, or had to end it for want of the machine's memory."""


class TestsNotFound(SandboxError):
    """None of the tests that decide was there, so nothing was decided."""

    __test__ = False  # no test, whatever pytest thinks of the name


def as_sentence(said: object) -> str:
    """What an error said, to be followed by another sentence: some errors end in a full stop, some do not."""
    return f"{str(said).rstrip('.')}."
