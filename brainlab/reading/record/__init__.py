"""A study on disk: schema, hash chain, sealing, integrity. What is sealed never changes."""
