"""Evaluation: how much retrieval helps, measured on a repository of the user's own."""
