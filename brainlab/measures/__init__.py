"""Coefficients of agreement and accuracy from plain arrays, each with its interval."""
