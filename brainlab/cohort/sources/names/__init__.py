"""What the names of files and folders tell: person, visit, sequence, slice."""
