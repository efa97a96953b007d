"""What brings scans into a cohort, simulates one, and looks at it."""
