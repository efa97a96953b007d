"""One file for each family of metrics, with their entries of the registry at its foot."""
