"""Reconstruct and generate: what runs make of a scan, and what they make of nothing."""

from app.screens.generate.page import show

show()
