"""Conversations: kept on the server, and follow-up questions made standalone."""
