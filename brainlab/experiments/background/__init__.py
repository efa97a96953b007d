"""Training as a process of its own: started, watched, stopped and resumed from outside, by its files alone."""
