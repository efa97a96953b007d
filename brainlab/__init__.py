"""Generative models of brain MRI: training, latent exploration and blinded reading studies."""

__version__ = "0.1.0"
