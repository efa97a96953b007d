"""Locking of reading studies: stimuli, checks, sealing."""
