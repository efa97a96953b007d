"""Styles as codes: how far a style is from the mean style, in units of how much styles differ."""

from dataclasses import dataclass, replace

import numpy as np

from brainlab.errors import InputError
from brainlab.latent.directions import Direction, dimension, principal_axes
from brainlab.types import Float32Array, FloatArray


@dataclass(frozen=True)
class StyleSpace:
    """The W space of a generator with styles, learnt from styles of its prior.

        code = (style - mean) / spread

    so that sliders, steps and learning rates mean the same for every run, whatever the size of its styles. A code of
    zeros is the mean style, and a factor on a code is truncation.

    mean: [d], the mean style. spread: root mean square of the styles' departures from it, over styles and dimensions.
    codes: [n, d], of the styles it was learnt from.
    """

    mean: FloatArray
    spread: float
    codes: Float32Array

    @classmethod
    def of(cls, styles: FloatArray, mean: FloatArray) -> "StyleSpace":
        """Learn from styles [n, d] of codes drawn from the prior, and the mean style [d].

        Raises InputError where the styles do not differ from the mean.
        """
        centre = np.asarray(mean, dtype=np.float64)
        departures = np.asarray(styles, dtype=np.float64) - centre
        spread = float(np.sqrt(np.square(departures).mean())) if departures.size else 0.0
        if not spread > 0:
            raise InputError("needs styles that differ from the mean style, got none; train the run for longer")
        return cls(centre, spread, (departures / spread).astype(np.float32))

    @property
    def style_dim(self) -> int:
        return len(self.mean)

    def style(self, code: FloatArray) -> Float32Array:
        """Return the styles of codes: [..., d] -> [..., d]."""
        return (self.mean + self.spread * np.asarray(code, dtype=np.float64)).astype(np.float32)

    def code(self, style: FloatArray) -> Float32Array:
        """Return the codes of styles: [..., d] -> [..., d]."""
        return ((np.asarray(style, dtype=np.float64) - self.mean) / self.spread).astype(np.float32)

    def dimension(self, index: int) -> Direction:
        """Return one dimension of the codes; InputError where it does not exist."""
        return replace(dimension(self.codes, index), unit="sd of styles")

    def axes(self, n: int = 8) -> list[Direction]:
        """Return the first n principal axes of the codes, along which styles differ most (Härkönen et al. 2020)."""
        return principal_axes(self.codes, n)
