"""Files that hold volumes, one format a file: each is read without trusting it, into the same few fields."""
