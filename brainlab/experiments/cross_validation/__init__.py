"""Cross-validation of translators: each fold trained and measured, and the figures kept without the weights."""
