"""Assistant: search, prompts, models and answers, on top of the indexer."""
