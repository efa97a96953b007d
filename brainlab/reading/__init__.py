"""Blinded reading studies, from protocol to report. It takes item ids and pixel arrays, never a model."""
