"""Classes told from codes: the discriminant, what it is compared with, and its scores."""
