"""Commands for training: generators, networks of tissue, what can be trained and what is kept beside a run."""
