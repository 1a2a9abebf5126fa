"""Statements of an answer held against the code: citations, and names that exist nowhere."""
