"""One room for each page: what it shows, and the functions that only it needs."""
