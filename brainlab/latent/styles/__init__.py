"""Styles as codes: their space, and the projection of images into it."""
