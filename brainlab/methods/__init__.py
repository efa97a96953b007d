"""What every generative method provides: a generator, a prior, a recipe, and the entry that names them."""
