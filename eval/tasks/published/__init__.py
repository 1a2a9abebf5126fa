"""Published problem sets, run from the user's own copy of their files: their text is not part of this package.

Each adapter makes cases in the set's own terms, so that pass@1 can be laid beside published figures, and leaves out
items whose own solution fails here, or that a stub passes, with a word on each reason.
"""
