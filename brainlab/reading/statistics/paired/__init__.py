"""Comparisons of two generators, conditions, or a machine and the readers; their planning."""
