"""What is reached without a generative model, shown beside every LDA result so that none flatters itself."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.class_weight import compute_sample_weight

from brainlab.files.array_files import READ_AT_ONCE, let_go
from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.latent.classification.discriminant_settings import Priors
from brainlab.types import FloatArray, IntArray

Volumes = npt.NDArray[Any]
"""[N, *shape]: uint8 over [0, 1] or floats in [0, 1]; may be memory-mapped."""

BRIGHT = (1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0)
"""Thresholds of the signal baseline, in units of the scan's own median brain intensity."""


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
        if i % READ_AT_ONCE == 0:
            let_go(getattr(volumes, "volumes", volumes))  # of slices, what they are cut from
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
    forest = RandomForestClassifier(100, min_samples_leaf=5, class_weight=weight, random_state=seed, n_jobs=-1)
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
