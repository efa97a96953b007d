"""What brings scans into a cohort."""
