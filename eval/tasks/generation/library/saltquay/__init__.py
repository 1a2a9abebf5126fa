"""Saltquay: the house library of a small harbour company. Import from its modules; there is nothing here."""
