"""How real and fake cases differ inside the brain: brightness and sharpness. The models' own doing, so never a gate.

Nothing of it is kept at lock: it is worked out from the pixels and the truth, which is open only after unblinding.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from brainlab.evaluation.sharpness import laplacian_variance
from brainlab.reading.blinding import BACKGROUND_LEVEL
from brainlab.reading.export import answers_frame
from brainlab.reading.rendering import islands
from brainlab.reading.store import Store
from brainlab.types import FloatArray, UInt8Array

MEASURES = ("mean_level", "level_sd", "level_5", "level_50", "level_95", "sharpness")
"""Of the grey levels 0 to 255 of an image's brain: mean, standard deviation, three percentiles, Laplacian variance."""


def inside_brain(folder: Path) -> dict[str, Any]:
    """Return what an unblinded study's cases look like, by source.

    `per_source`: {source: {truth, n, and for each of MEASURES the mean over its cases}}. `auc`: for each measure, how
    well it alone tells real from fake, 0.5 not at all, None without both. Readers who were better than these figures
    saw more than brightness and blur. Raises StudyStateError before unblinding.
    """
    shown = answers_frame(folder, ("main",)).drop_duplicates("case")
    rows = np.array([_measure(_pixels(folder, case)) for case in shown["case"]]).reshape(-1, len(MEASURES))
    per_source = {}
    for source in dict.fromkeys(shown["source"]):
        own = (shown["source"] == source).to_numpy()
        means = dict(zip(MEASURES, map(float, rows[own].mean(axis=0)), strict=True))
        per_source[str(source)] = {"truth": str(shown["truth"][own].iloc[0]), "n": int(own.sum()), **means}
    real = (shown["truth"] == "real").to_numpy()
    both = 0 < real.sum() < len(real)
    areas = {name: _folded(real, rows[:, column]) if both else None for column, name in enumerate(MEASURES)}
    return {"per_source": per_source, "auc": areas}


def _pixels(folder: Path, case: str) -> UInt8Array:
    """Return the pixels of a case as readers saw them."""
    with Store(folder).read() as db:
        row = db.execute("SELECT pixels, shape_json FROM stimulus WHERE id = ?", (case,)).fetchone()
    return np.frombuffer(row["pixels"], np.uint8).reshape(json.loads(row["shape_json"])["shape"])


def _measure(pixels: UInt8Array) -> FloatArray:
    """Return MEASURES of one image."""
    brain = islands(pixels > BACKGROUND_LEVEL)
    if not brain.any():
        return np.zeros(len(MEASURES))
    levels = pixels[brain].astype(float)
    (sharpness,) = laplacian_variance((pixels / np.float32(255)).astype(np.float32)[None], mask=brain)
    return np.array([levels.mean(), levels.std(), *np.percentile(levels, (5, 50, 95)), sharpness])


def _folded(real: Any, values: FloatArray) -> float:
    area = float(roc_auc_score(real, values))
    return max(area, 1 - area)
