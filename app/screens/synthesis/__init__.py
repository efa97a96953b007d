"""The page of sequences that were not taken, made from those that were."""
