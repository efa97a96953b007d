"""Baselines that keep no run: fitted to voxels of the training scans, and gone once the held-out ones are measured."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of
from brainlab.ranges import Count
from brainlab.types import BoolArray, Float32Array, IntArray


@dataclass(frozen=True, kw_only=True)
class BaselineConfig:
    """What a baseline makes from what.

    inputs, target: names of sequences in the prepared data.
    samples: voxels that are learned from, of each training scan.
    """

    inputs: tuple[str, ...] = ("T1w", "T2w", "PDw", "T1SE", "DIR")
    target: str = "FLAIR"
    samples: Count = 5_000


class Baseline(Protocol):
    """What predicts a target in a mask once it is fitted."""

    def predict(self, inputs: Float32Array, mask: BoolArray) -> Float32Array: ...


BASELINES = {"random-forest": "Random forest", "modality-propagation": "Modality propagation"}
"""Names that `brainlab cross-validate` takes besides presets, with their titles."""


def fitted(name: str, config: BaselineConfig, data: PreparedDataset, rows: IntArray, seed: int) -> Baseline:
    """Return a baseline fitted to scans of a dataset."""
    from brainlab.translation.baselines.modality_propagation import ModalityPropagation
    from brainlab.translation.baselines.random_forest import RandomForestTranslation

    *inputs, target = places_of((*config.inputs, config.target), data)
    images = [data.batch(np.array([row]))[0] for row in rows]
    known = [image[inputs] for image in images], [image[target] for image in images]
    masks = [brain_of(data, int(row)) for row in rows]
    model = RandomForestTranslation() if name == "random-forest" else ModalityPropagation()
    return model.fit(*known, masks, seed=seed, samples_per_volume=config.samples)


def brain_of(data: PreparedDataset, row: int) -> BoolArray:
    """Return where a scan is measured: its brain, or all of it where nothing says what is brain."""
    if data.segmentations is None:
        return np.ones(data.shape, bool)
    return np.asarray(data.segmentations[row]) > 0
