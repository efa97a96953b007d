"""How a run's network is called: where it computes, for how many images at once, and what is asked of each image."""
