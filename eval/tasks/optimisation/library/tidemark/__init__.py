"""The toolkit of a harbour office. Import from the modules: ``from tidemark.totals import RunningTotal``."""
