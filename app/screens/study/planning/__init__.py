"""The precision of a study that is designed, and how many readers and cases a comparison takes."""
