"""Latent explorer: move sliders, watch the brain."""

from app.screens.explorer.page import show

show()
