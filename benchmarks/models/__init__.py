"""Trained runs and their training."""
