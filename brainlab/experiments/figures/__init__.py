"""The papers' figures, from runs and cohorts."""
