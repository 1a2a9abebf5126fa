"""Puts code into a file in place of a function's body, and takes bodies out."""

from __future__ import annotations

from .records import Function


def cut_body(text: str, function: Function) -> str:
    """The file with ``...`` in place of the function's body. Signature, decorators and docstring stay."""
    raise NotImplementedError


def place_answer(text: str, function: Function, code: str) -> str:
    """The file with the function as ``code`` defines it: its body under the original's signature, helpers beside it.

    Raises MisfitError with one line that says why: no Python, another function.
    """
    raise NotImplementedError


class MisfitError(Exception):
    """An answer's code does not hold the function that was asked for."""
