"""Questions with checkable answers: how they are made from a repository, chosen, worded, and how answers are judged."""
