"""Whether data are of the kind that a run learned from, and what of them it is told."""
