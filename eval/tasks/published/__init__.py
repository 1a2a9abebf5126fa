"""Published problem sets, run from the user's own copy of their files: their text is not part of this package.

Each adapter asks for what the set asks for and decides by the set's own tests, with prompts and limits of ours: where
that differs from how published figures were made stands in docs/evaluation.md. Items whose own solution fails here, or
that a stub passes, are left out, with a word on each reason.
"""
