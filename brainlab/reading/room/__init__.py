"""A reader's side of a study: the case on screen, its answer, the clock."""
