"""Fuzzing of whatever reads what users bring."""
