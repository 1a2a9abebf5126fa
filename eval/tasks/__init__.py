"""The tasks, one module or package each. ``TASKS`` names where each is, so that only what is run is imported."""
