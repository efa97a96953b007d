"""The LDA page."""
