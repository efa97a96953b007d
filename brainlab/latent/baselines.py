"""What is reached without a generative model, shown beside every LDA result so that none flatters itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight

from brainlab.latent.discriminant import LatentDiscriminant
from brainlab.latent.discriminant_settings import Priors
from brainlab.types import FloatArray, IntArray

Volumes = npt.NDArray[Any]
"""[N, *shape]: uint8 over [0, 1] or floats in [0, 1]; may be memory-mapped."""

PCA_SCANS = 4000
"""Most scans that a PCA is fitted on: 40x48x40 volumes then need about 0.5 GB."""

BRIGHT = (1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0)
"""Thresholds of the signal baseline, in units of the scan's own median brain intensity."""


class VoxelComponents:
    """The first principal components of the voxels inside the brain.

    After `fit`: `inside_` (voxels brighter than 1% of the range in more than half of 64 training scans, [V] flat) and
    `pca_`. Randomised SVD (Halko et al. 2011) with a fixed seed.
    """

    def __init__(self, components: int = 64, seed: int = 0) -> None:
        self.components = components
        self.seed = seed

    def fit(self, volumes: Volumes, rows: IntArray) -> "VoxelComponents":
        """Learn from the scans at `rows`; evenly spaced ones where there are more than `PCA_SCANS`."""
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), PCA_SCANS)).astype(int)]
        sample = rows[np.linspace(0, len(rows) - 1, min(len(rows), 64)).astype(int)]
        everywhere = np.arange(volumes[0].size)
        self.inside_ = np.flatnonzero((_flat(volumes, sample, everywhere) > 0.01).mean(axis=0) > 0.5)
        data = _flat(volumes, rows, self.inside_)
        n_components = min(self.components, len(rows) - 1, data.shape[1])
        solver = "randomized" if n_components < 0.8 * min(data.shape) else "full"
        self.pca_ = PCA(n_components, svd_solver=solver, iterated_power=4, random_state=self.seed, copy=False).fit(data)
        return self

    def transform(self, volumes: Volumes, rows: IntArray) -> FloatArray:
        """Return the component scores of the scans at `rows`: [n, components]."""
        blocks = [rows[start : start + 256] for start in range(0, len(rows), 256)]
        return np.concatenate([self.pca_.transform(_flat(volumes, block, self.inside_)) for block in blocks])


def bright_fractions(volumes: Volumes, rows: IntArray, thresholds: Sequence[float] = BRIGHT) -> FloatArray:
    """Return for each scan the share of its brain voxels above each multiple of its median: [n, len(thresholds)].

    The scan's own median takes receiver gain out, so that what is left is the bright tail where lesions are.
    """
    features = np.zeros((len(rows), len(thresholds)))
    for i, row in enumerate(rows):
        voxels = np.asarray(volumes[row], dtype=np.float32).ravel()
        brain = voxels[voxels > 0.01 * _full_scale(volumes)]
        if brain.size:
            features[i] = (brain[:, None] > np.median(brain) * np.asarray(thresholds)).mean(axis=0)
    return features


def predict_by_threshold(
    train: FloatArray, labels: Sequence[str], test: FloatArray, priors: Priors = "empirical"
) -> list[str]:
    """Predict by cutting one number, the share of bright voxels, into as many ranges as there are classes.

    Which threshold of brightness serves best, and where to cut, is learnt from the training scans only.
    train, test: `bright_fractions`.
    """
    weight = "balanced" if priors == "uniform" else None
    fitted = [
        DecisionTreeClassifier(
            max_leaf_nodes=max(2, len(set(labels))), min_samples_leaf=5, class_weight=weight, random_state=0
        ).fit(train[:, [k]], list(labels))
        for k in range(train.shape[1])
    ]
    weights = compute_sample_weight(weight, list(labels))
    best = max(range(len(fitted)), key=lambda k: fitted[k].score(train[:, [k]], list(labels), weights))
    return [str(name) for name in fitted[best].predict(test[:, [best]])]


def predict_by_acquisition(
    train: FloatArray, labels: Sequence[str], test: FloatArray, priors: Priors = "empirical", seed: int = 0
) -> list[str] | None:
    """Predict from acquisition parameters alone by a random forest; None where no parameter is known.

    A forest, because scanners come in a few protocols and not along a line. train, test: [n, parameters], NaN unknown.
    """
    known = np.flatnonzero(np.isfinite(train).any(axis=0))
    if not len(known):
        return None
    centre = np.nanmedian(train[:, known], axis=0)
    fill = [np.where(np.isfinite(part[:, known]), part[:, known], centre) for part in (train, test)]
    weight = "balanced_subsample" if priors == "uniform" else None
    forest = RandomForestClassifier(100, min_samples_leaf=5, class_weight=weight, random_state=seed, n_jobs=1)
    return [str(name) for name in forest.fit(fill[0], list(labels)).predict(fill[1])]


def predict_majority(labels: Sequence[str], n: int) -> list[str]:
    """Predict the most frequent class of the training scans for all of n scans."""
    names, counts = np.unique(np.asarray(labels, str), return_counts=True)
    return [str(names[counts.argmax()])] * n


def predict_by_components(
    train: FloatArray,
    labels: Sequence[str],
    participants: Sequence[str],
    test: FloatArray,
    priors: Priors = "empirical",
) -> list[str]:
    """Predict by LDA on principal components of the voxels, with the same choice of shrinkage as for codes."""
    return LatentDiscriminant(priors=priors).fit(train, labels, participants).predict(test)


def _full_scale(volumes: Volumes) -> float:
    """Return the stored value that stands for 1."""
    return 255.0 if volumes.dtype == np.uint8 else 1.0


def _flat(volumes: Volumes, rows: IntArray, inside: IntArray) -> npt.NDArray[np.float32]:
    """Return the chosen voxels of the scans at `rows` as float32 [n, V] in [0, 1], reading 256 scans at a time."""
    out = np.empty((len(rows), len(inside)), dtype=np.float32)
    for start in range(0, len(rows), 256):
        block = rows[start : start + 256]
        out[start : start + 256] = np.asarray(volumes[block]).reshape(len(block), -1)[:, inside]
    out /= np.float32(_full_scale(volumes))
    return out
