"""From an image to the pixels on a reader's screen, and the check that rendering gives nothing away."""
