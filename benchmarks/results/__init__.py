"""The pages of docs/ that are written from measurements of runs."""
