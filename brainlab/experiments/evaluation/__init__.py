"""The metrics of runs and of image files."""

SAMPLES = 1000
"""As many as the DWI comparison paper (section 3.3) draws."""
