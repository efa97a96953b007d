"""Latent explorer: move sliders, watch the brain."""

from app.pages.explorer.page import show

show()
