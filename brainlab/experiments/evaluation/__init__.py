"""Metrics of runs on cohorts."""
