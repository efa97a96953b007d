"""One synthesised volume against the true one, on intensities of any range."""
