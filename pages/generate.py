"""Reconstruct and generate: what runs make of a scan, and what they make of nothing."""

from app.pages.generate.page import show

show()
