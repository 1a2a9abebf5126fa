"""The errors of evaluations, hung into the indexer's tree. One line each, with what to do.

QuarryError
└── EvaluationError
    ├── HarvestError        no questions, or too few, can be made from this repository
    ├── RunMismatch         the output folder holds a run with another configuration
    ├── RunStopped          the model failed several times in a row; what was answered is kept
    └── UnreadableRun       the folder holds no run, or a damaged one
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
    """The model failed several times in a row. What was answered before is kept."""


class UnreadableRun(EvaluationError):
    """The folder holds no run, or a damaged one."""
