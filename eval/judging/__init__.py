"""A model that judges answers, and how far its judgement can be trusted."""
