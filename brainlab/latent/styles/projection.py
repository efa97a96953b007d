"""Find the styles whose images are nearest to given ones: projection into W or W+.

    styles = argmin |G(styles) - x|^2 over the whole image, its halved and its quartered version

by Adam (Kingma and Ba 2015, algorithm 1) from the mean style, the noise of the generator held fixed, with the course of
the learning rate of Karras et al. 2020 (appendix D). Nothing is drawn: the same images give the same styles.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from brainlab.config import check_ranges
from brainlab.errors import InputError
from brainlab.latent.styles.style_space import StyleSpace
from brainlab.ranges import Count, NotNegative, Positive
from brainlab.types import Float32Array, FloatArray, Judge, Watch

StyleGradient = Callable[[FloatArray, Judge], tuple[FloatArray, Float32Array]]
"""From styles [n, levels, d] and a judge of their images to what it says, and the gradient to the styles."""

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
RISE, FALL = 0.05, 0.25
"""Shares of the steps in which the learning rate rises from 0 and falls back to it."""


@dataclass(frozen=True, kw_only=True)
class ProjectionSettings:
    """How styles are searched.

    space: w, one style for all levels, or w+, one for each: nearer to the image, farther from what the run draws.
    steps: of Adam; 0 gives the mean style. After 200 a trained run's own images had an error below 1e-5, and four real
        ones 4% less than after 50.
    learning_rate: in units of the spread of the run's styles; 0.3 came no nearer in w, and farther from the mean style.
    """

    space: Literal["w", "w+"] = "w"
    steps: NotNegative = 200
    learning_rate: Positive = 0.1


@dataclass(frozen=True)
class Projection:
    """Styles found for n images.

    styles: [n, levels, d], those of the least error on the way. errors: [steps + 1, n], mean squared error of the image
    before each step and after the last one. mse: [n], the least of them.
    """

    styles: Float32Array
    errors: FloatArray

    @property
    def mse(self) -> FloatArray:
        return np.asarray(self.errors.min(axis=0))

    @property
    def w(self) -> Float32Array:
        """The styles as one for each image, the mean over its levels: [n, d]. In w all levels have the same."""
        return self.styles.mean(axis=1, dtype=np.float64).astype(np.float32)  # exact where all levels have one style


def project(
    images: FloatArray,
    gradient: StyleGradient,
    space: StyleSpace,
    levels: Count,
    settings: ProjectionSettings | None = None,
    watch: Watch | None = None,
) -> Projection:
    """Find the styles of images [n, *shape] in [0, 1], all of them at once and each by itself.

    gradient: of the run; space: its styles; levels: how many take one.
    watch: shows progress; where it ends the steps early, what was found until then is returned.
    Raises InputError where an image holds NaN or a value outside [0, 1].
    """
    chosen = settings or ProjectionSettings()
    check_ranges(chosen)
    target = np.asarray(images, dtype=np.float32)
    if not len(target) or not (target.min() >= 0 and target.max() <= 1):  # NaN fails either
        raise InputError("projection needs images of values in [0, 1]; prepare them by the run's recipe")
    count = 1 if chosen.space == "w" else levels
    codes = np.zeros((len(target), count, space.style_dim))
    best, least = codes.copy(), np.full(len(target), np.inf)
    first, second = np.zeros_like(codes), np.zeros_like(codes)
    errors: list[FloatArray] = []

    def look() -> FloatArray:
        styles = np.repeat(space.style(codes), levels // count, axis=1)
        error, found = gradient(styles, lambda made: _judged(made, target))
        errors.append(error)
        better = error < least
        best[better], least[better] = codes[better], error[better]
        slope = found.reshape(len(target), count, -1, space.style_dim).sum(axis=2, dtype=np.float64)
        return slope * space.spread

    slope = look()
    steps: Iterable[int] = range(chosen.steps)
    for step in steps if watch is None else watch(steps, "Projecting", chosen.steps):
        first += (1 - BETA1) * (slope - first)
        second += (1 - BETA2) * (np.square(slope) - second)
        mean, square = first / (1 - BETA1 ** (step + 1)), second / (1 - BETA2 ** (step + 1))
        rate = chosen.learning_rate * course((step + 1) / (chosen.steps + 1))
        codes -= rate * mean / (np.sqrt(square) + EPSILON)
        slope = look()
    return Projection(np.repeat(space.style(best), levels // count, axis=1), np.stack(errors))


def course(share: float) -> float:
    """Return the factor on the learning rate at a share of the steps: linear up, level, down by a cosine."""
    down = 0.5 - 0.5 * np.cos(np.pi * min(1.0, (1 - share) / FALL))
    return float(down * min(1.0, share / RISE))


def _judged(made: Float32Array, target: Float32Array) -> tuple[FloatArray, Float32Array]:
    """Return the mean squared errors [n] of images, and the gradient of what is minimised: that, halved and quartered.

    In smaller versions, means over 2 and 4 pixels a side, a structure that lies a little off costs less than one that
    is missing, so that there is a way to it.
    """
    departure = made.astype(np.float64) - target
    sides = tuple(range(1, departure.ndim))
    error = np.square(departure).mean(axis=sides)
    gradient, size = 2 * departure, 1
    while size < 4 and all(side % (2 * size) == 0 for side in departure.shape[1:]):
        size *= 2
        gradient += 2 * _spread(_means(departure, size), size)
    return error, (gradient / departure[0].size).astype(np.float32)


def _means(values: FloatArray, size: int) -> FloatArray:
    """Return the means over blocks of `size` along each side: [n, *shape] -> [n, *shape / size]."""
    blocks = [part for side in values.shape[1:] for part in (side // size, size)]
    return values.reshape(len(values), *blocks).mean(axis=tuple(range(2, 2 * values.ndim - 1, 2)))


def _spread(values: FloatArray, size: int) -> FloatArray:
    """Repeat each value over a block of `size` along each side, which undoes the shape of `_means`."""
    for side in range(1, values.ndim):
        values = values.repeat(size, axis=side)
    return values
