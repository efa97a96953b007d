"""What of a study leaves as files for other programs: iMRMC, SQLite."""
