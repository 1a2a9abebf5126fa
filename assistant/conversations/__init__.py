"""Conversations: kept on the server, and follow-up questions made standalone."""

SESSION_ID = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}"  # a pattern
