"""Models: the catalogue, verified downloads, the embedded engine, and one seam for all providers."""
