"""The metrics of runs and of image files."""

from brainlab.ranges import Range

SAMPLES = 1000
"""As many as the DWI comparison paper (section 3.3) draws."""

FEWEST = 8
"""Images that every metric is defined for."""

ENOUGH = Range(lambda value: value >= FEWEST, f"{FEWEST} or more, for the metrics to be defined")
