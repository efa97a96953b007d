"""One file for each table, with its entry `TABLE` at the foot."""
