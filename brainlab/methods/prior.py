"""Priors: what codes are drawn from, whoever provides the noise.

A prior turns noise into codes and holds no randomness of its own: a seed gives the noise of a gallery, a study's sealed
salt that of its fakes, so that both draw from the same distribution by the same code.
"""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor


class Noise(ABC):
    """A stream of random numbers; the same stream gives the same codes."""

    @abstractmethod
    def normal(self, *shape: int) -> Tensor:
        """Return standard normal numbers, float32."""

    @abstractmethod
    def uniform(self, *shape: int) -> Tensor:
        """Return numbers evenly over [0, 1), float32: what picks a component of a mixture or an entry of a codebook."""


class SeededNoise(Noise):
    """Noise of torch's generator on the CPU, from a seed of 32 bits."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._generator)

    def uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._generator)


class StreamNoise(Noise):
    """Noise of a numpy generator, which may hold more than 32 bits of a secret."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def normal(self, *shape: int) -> Tensor:
        return torch.from_numpy(self._random.standard_normal(shape, dtype=np.float32))

    def uniform(self, *shape: int) -> Tensor:
        return torch.from_numpy(self._random.random(shape, dtype=np.float32))


class Prior(ABC):
    """A distribution of codes. code_shape: of one code, (256,) for a vector."""

    code_shape: tuple[int, ...]

    @abstractmethod
    def draw(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        """Draw `n` codes [n, *code_shape] on the CPU.

        truncation: factor on the spread about the mean where the prior has one; 1 draws from the prior itself.
        """


class NormalPrior(Prior):
    """The standard normal: z ~ N(0, truncation^2)."""

    def __init__(self, *code_shape: int) -> None:
        self.code_shape = code_shape

    def draw(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        return truncation * noise.normal(n, *self.code_shape)
