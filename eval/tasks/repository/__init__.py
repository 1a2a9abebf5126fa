"""A user's repository with tests that can be run: what tasks harvested from one share."""
