"""Fits the ranking: ``python -m eval.fitting``; mines questions for it: ``python -m eval.fitting.mine``."""
