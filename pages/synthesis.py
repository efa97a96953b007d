"""Synthesis: a sequence that was not taken, made from those that were, beside the true one."""

from app.screens.synthesis.page import show

show()
