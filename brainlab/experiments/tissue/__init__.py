"""Training of the tissue network, whose features judge images: its data, its objective, its score and its card."""
