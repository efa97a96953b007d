"""All statistics of a study from its readers' answers; needs no database."""
