"""Indexer: repositories become chunks, vectors and a lexicon. Imports nothing else of ours."""
