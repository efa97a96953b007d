"""The commands that reproduce the papers' figures and tables."""
