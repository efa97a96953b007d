"""What every generator can do: decode a code, draw a sample; an autoencoder also encodes and reconstructs."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Generator(nn.Module, ABC):
    """A network that turns codes [n, latent_dim] into images [n, *sample_shape] in [0, 1].

    sample_shape: channel first, (1, 40, 48, 40) for volumes and (1, 128, 128) for slices.
    """

    sample_shape: tuple[int, ...]
    latent_dim: int

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Return the images of codes: [n, latent_dim] -> [n, *sample_shape] in [0, 1]."""

    def sample(self, n: int, generator: torch.Generator | None = None, truncation: float = 1.0) -> Tensor:
        """Draw `n` images from the prior: z ~ N(0, truncation^2), decoded. Truncation below 1 stays nearer the mean."""
        return self.decode(truncation * self.draw_codes(n, generator))

    def draw_codes(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw `n` codes from the prior, [n, latent_dim], on the device of the weights."""
        z = torch.randn(n, self.latent_dim, generator=generator, device=generator.device if generator else None)
        return z.to(next(self.parameters()).device)


class Autoencoder(Generator):
    """A generator that also gives a code to an image it is shown."""

    @abstractmethod
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and log-variance of the posterior, each [n, latent_dim], of images [n, *sample_shape]."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the decoded posterior mean of images: [n, *sample_shape] -> [n, *sample_shape]."""
        return self.decode(self.encode(x)[0])
