"""Statistics of what readers were asked beyond real or fake: one table for each question, one file for each kind."""
