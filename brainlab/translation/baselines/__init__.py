"""Baselines of translation that learn from patches: `fit` on volumes and masks, `predict` a volume."""
