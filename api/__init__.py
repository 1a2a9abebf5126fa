"""API: the HTTP service around the assistant."""
