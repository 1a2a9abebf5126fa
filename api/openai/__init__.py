"""OpenAI's interface, but for its routes: forms, errors, and repositories as models."""
