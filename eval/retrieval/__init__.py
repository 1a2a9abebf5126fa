"""Retrieval alone: are the chunks that answer a question near the top, and what does each part of the search bring."""
