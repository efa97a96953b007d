"""What the images themselves give away: grey levels and sharpness inside the brain, real against generated.

Unlike background and border, which rendering controls and the gate at lock judges, these are the models' own doing.
They are worked out after unblinding only, and explain what readers may have seen.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from brainlab.measures.accuracy import roc_area
from brainlab.reading.images.blinding_check import BACKGROUND_LEVEL
from brainlab.reading.images.rendering import islands
from brainlab.reading.report.export import sealed_cases
from brainlab.reading.statistics.answers import FAKE, REAL
from brainlab.types import FloatArray, UInt8Array

FEATURES = ("mean_grey", "contrast", "sharpness")
BINS = 32


def study_appearance(folder: Path) -> dict[str, Any]:
    """Compare the sealed images of an unblinded study by source.

    Keys: `sources` {source: {label, n, mean_grey, contrast, sharpness (medians), histogram [32]}} and `against_real`
    {source of fakes: {feature: ROC area with interval}}: 0.5 means the feature alone tells nothing, above 0.5 that
    real images have more of it. Raises StudyStateError before the study is unblinded.
    """
    found: dict[str, list[FloatArray]] = defaultdict(list)
    histograms: dict[str, list[FloatArray]] = defaultdict(list)
    labels: dict[str, str] = {}
    for case in sealed_cases(folder):
        features, histogram = brain_features(case.pixels)
        found[case.source].append(features)
        histograms[case.source].append(histogram)
        labels[case.source] = case.label
    tables = {source: np.array(rows) for source, rows in found.items()}  # [n, features]
    real = np.concatenate([np.empty((0, len(FEATURES))), *(tables[s] for s in tables if labels[s] == REAL)])
    return {
        "sources": {
            source: {
                "label": labels[source],
                "n": len(rows),
                **dict(zip(FEATURES, np.median(rows, axis=0).tolist(), strict=True)),
                "histogram": np.mean(histograms[source], axis=0).tolist(),
            }
            for source, rows in tables.items()
        },
        "against_real": {
            source: {name: roc_area(real[:, i], rows[:, i]).as_dict() for i, name in enumerate(FEATURES)}
            for source, rows in tables.items()
            if labels[source] == FAKE
        },
    }


def brain_features(pixels: UInt8Array) -> tuple[FloatArray, FloatArray]:
    """Return FEATURES of one image inside its brain, and the share of its pixels in 32 equal steps of grey.

    mean_grey, contrast: mean and standard deviation, in grey levels. sharpness: standard deviation of the Laplacian
    over the contrast, without unit (after Pech-Pacheco et al. 2000). An image without a brain gives zeros.
    """
    brain = islands(pixels > BACKGROUND_LEVEL)
    if not brain.any():
        return np.zeros(len(FEATURES)), np.zeros(BINS)
    # One pixel in from the edge, whose step to the background is no detail of the brain.
    inside = ndimage.binary_erosion(brain) if ndimage.binary_erosion(brain).any() else brain
    grey = pixels.astype(float)
    contrast = grey[inside].std()
    sharpness = ndimage.laplace(grey)[inside].std() / contrast if contrast else 0.0
    histogram = np.histogram(grey[inside], BINS, (0, 256))[0] / inside.sum()
    return np.array([grey[inside].mean(), contrast, sharpness]), histogram
