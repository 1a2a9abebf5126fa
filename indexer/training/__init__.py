"""The recipe of the built-in static code encoder: packages -> pairs -> distilled -> trained -> measured -> written.

Run as ``python -m indexer.training --out DIR --work DIR``. Nothing at run time imports this package; torch and
sentence_transformers are imported only inside the functions that need them.
"""
