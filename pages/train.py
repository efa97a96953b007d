"""Train: choose a preset and a cohort, start, and follow losses and samples as they form."""

from app.screens.train.page import show

show()
