"""Questions that a repository gives itself: from its documentation and from its history."""
