"""The latent explorer."""
