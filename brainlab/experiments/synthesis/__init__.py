"""What translating runs make of scans and of cohorts."""
