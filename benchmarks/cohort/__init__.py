"""Preparation of real scans, and simulated ones."""
