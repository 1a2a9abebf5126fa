"""How sure retrieval may be: the fit of ``assistant/confidence.toml``, and what a threshold on it costs and brings."""
