"""The page: templates, style, scripts, and what turns answers and files into safe HTML. Its routes are elsewhere."""
