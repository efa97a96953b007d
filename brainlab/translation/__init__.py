"""Methods that make one sequence from others, one a file."""
