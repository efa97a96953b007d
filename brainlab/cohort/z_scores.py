"""z-scores of a cohort: one mean and one standard deviation a sequence, over all voxels of many images (Wei, 2.2.3).

The thesis takes them over all images. Here they come from the training participants' alone, so that nothing of a test
image goes into what a model is trained on; `recipe.json` keeps them, for scans that are prepared later.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.intensity import CHANNELS, Z_SCORES
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError, IntensityError
from brainlab.types import Float32Array

Numbers = dict[str, dict[str, float]]
"""Sequence to `mean` and `sd`."""


def cohort_numbers(images: Iterable[Float32Array], channels: Sequence[str]) -> Numbers:
    """Return mean and standard deviation of each channel over all voxels of images [C, *shape].

    Raises IntensityError where a channel has one value throughout.
    """
    count, sums, squares = 0, np.zeros(len(channels)), np.zeros(len(channels))
    for image in images:
        flat = image.reshape(len(channels), -1).astype(np.float64)
        count += flat.shape[1]
        sums += flat.sum(axis=1)
        squares += (flat**2).sum(axis=1)
    means = sums / count
    spreads = np.sqrt(np.maximum(squares / count - means**2, 0))
    for channel, spread in zip(channels, spreads, strict=True):
        if not spread > 0:
            raise IntensityError(f"{channel}: no contrast in any image: every value is the same")
    return {
        channel: {"mean": float(mean), "sd": float(spread)}
        for channel, mean, spread in zip(channels, means, spreads, strict=True)
    }


def scored(image: Float32Array, numbers: Numbers) -> Float32Array:
    """Return an image [C, *shape] as z-scores."""
    shape = (len(numbers), *[1] * (image.ndim - 1))
    mean = np.array([each["mean"] for each in numbers.values()], np.float32).reshape(shape)
    spread = np.array([each["sd"] for each in numbers.values()], np.float32).reshape(shape)
    return (image - mean) / spread


def mean_numbers(each: Sequence[Numbers]) -> Numbers:
    """Return the means of several scans' own numbers, by channel."""
    return {
        channel: {key: float(np.mean([numbers[channel][key] for numbers in each])) for key in ("mean", "sd")}
        for channel in each[0]
    }


def numbers_of(folder: Path | str, recipe: dict[str, Any]) -> Numbers:
    """Return the numbers of an earlier dataset, for scans of the same recipe and sequences.

    recipe: what the new dataset's `recipe.json` will hold. Raises InputError where the earlier one has none that fit.
    """
    earlier = PreparedDataset.open(folder).recipe
    if Z_SCORES not in earlier:
        raise InputError(f"{folder}: needs a dataset of z-scores, got one of {earlier['name']}; name another")
    for key in ("name", CHANNELS):
        wanted, got = recipe[key], earlier[key]
        if list(wanted) != list(got):
            words = [", ".join(value) if key == CHANNELS else value for value in (wanted, got)]
            raise InputError(f"{folder}: needs {key} {words[0]}, got {words[1]}; name a dataset prepared alike")
    try:
        numbers = {
            name: {key: float(earlier[Z_SCORES][name][key]) for key in ("mean", "sd")} for name in earlier[CHANNELS]
        }
    except (LookupError, TypeError, ValueError):
        numbers = {}
    if not numbers or not all(math.isfinite(each["mean"]) and each["sd"] > 0 for each in numbers.values()):
        raise InputError(f"{folder}: recipe.json: {Z_SCORES}: needs a mean and an sd of each channel; prepare it again")
    return numbers
