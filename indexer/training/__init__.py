"""The recipe of the built-in static encoder: packages -> pairs -> distilled -> trained -> measured.

Run as ``python -m indexer.training --out DIR --work DIR``. Nothing at run time imports this package;
torch and transformers are imported only inside the functions that need them.
"""
