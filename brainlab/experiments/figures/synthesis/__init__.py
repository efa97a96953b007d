"""Figures of Wei's thesis, from cross-validations of translators, their runs, and myelin reports."""
