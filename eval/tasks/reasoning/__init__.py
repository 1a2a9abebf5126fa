"""Predicting what calls return, with inputs recorded while a repository's tests ran."""
