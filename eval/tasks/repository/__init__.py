"""A user's repository with tests that can be run: what tasks harvested from one share.

``open_tested_repository`` runs the tests once; ``Trials`` tries a changed file; ``build_tree`` makes what is indexed.
"""

from .heldout import HeldOut, build_tree
from .records import Function, TestRecord, Trial
from .tested import TestedRepository, open_tested_repository
from .trial import Trials

__all__ = [
    "Function",
    "HeldOut",
    "TestRecord",
    "TestedRepository",
    "Trial",
    "Trials",
    "build_tree",
    "open_tested_repository",
]
