"""Repairing functions with planted bugs, decided by the repository's own tests."""
