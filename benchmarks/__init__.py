"""Measurements of brainlab itself, each started from the project's root as its docstring says."""
