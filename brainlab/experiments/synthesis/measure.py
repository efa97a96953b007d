"""A translating run measured on scans that it was not trained on: each synthesised target beside the true one.

Everything is over the brain where the data have segmentations, and over the whole image where they have none. Errors
are of z-scores. Ratios of lesions to white matter need intensities with a true zero: both images go back to those of
the scan by its own numbers, or the cohort's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from brainlab.cohort.intensity import scale_columns
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of, regions_of
from brainlab.errors import InputError
from brainlab.evaluation.synthesis.detail import blur_ratio
from brainlab.evaluation.synthesis.lesions import lesion_contrast, lesion_dice, segment_lesions
from brainlab.evaluation.synthesis.similarity import normalised_mutual_information, ssim
from brainlab.evaluation.synthesis.voxel_error import mse, psnr
from brainlab.experiments.evaluation.image_sets import held_out
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.synthesis.whole_scans import is_by_brain, numbers_by_name, refuse_other_scans
from brainlab.images.regions import LESION, NAWM
from brainlab.runs.run import Run
from brainlab.types import Float32Array

BETTER = {
    "mse": "lower",
    "mse_of_mean": "none",
    "psnr": "higher",
    "ssim": "higher",
    "normalised_mutual_information": "higher",
    "blur_ratio": "none",
    "lesion_contrast": "none",
    "lesion_contrast_real": "none",
    "lesion_contrast_near": "none",
    "lesion_contrast_near_real": "none",
    "lesion_dice": "higher",
}
"""Each measure, and which way is better; `none` of those that are to be near that of real scans, or near 1."""


def measure_translations(run: Run, data: PreparedDataset, n: int) -> dict[str, dict[str, Any]]:
    """Return the mean and spread over scans of each measure, as `evaluation.json` holds them.

    n: the most scans that are measured, evenly taken from those that the run was not trained on.
    Raises InputError where there are none, or the data lack one of the run's sequences.
    """
    refuse_other_scans(run, data)
    places_of([run.config.target], data)
    rows = held_out(run, data)
    if not len(rows):
        raise InputError(f"{data.folder}: needs a scan that {run.name} was not trained on, got none; add participants")
    rows = rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)]
    found = [measure_scan(run, data, int(row)) for row in rows]
    common = {
        "data": data.name,
        "data_sha256": data.sha256,
        "run_sha256": run.sha256,
        "simulated": data.simulated,
        **data.origin.record,
        "over": "brain" if data.segmentations is not None else "whole image",
    }
    return {name: _entry([each[name] for each in found], better, common) for name, better in BETTER.items()}


def measure_scan(
    run: Run, data: PreparedDataset, row: int, made: Float32Array | None = None
) -> dict[str, float | None]:
    """Return each measure of one scan, None where it is undefined.

    made: what the run makes of it as z-scores [X, Y, Z], where that is at hand; else it is made here.
    """
    *inputs, target = places_of((*run.config.inputs, run.config.target), data)
    images = data.batch(np.array([row]))[0]
    made, truth = translate(run, images[inputs]) if made is None else made, images[target]
    labels = data.segmentations
    brain = np.ones(truth.shape, bool) if labels is None else np.asarray(labels[row]) > 0
    found = {
        "mse": mse(made, truth, brain),
        "mse_of_mean": float(truth[brain].var()),
        "psnr": psnr(_intensities(run, data, row, made), _intensities(run, data, row, truth), brain),
        "ssim": ssim(made, truth, brain),
        "normalised_mutual_information": normalised_mutual_information(made, truth, brain),
        "blur_ratio": blur_ratio(made, truth, brain),
    }
    return {**dict.fromkeys(BETTER), **found, **_of_lesions(run, data, row, made, truth)}


def _of_lesions(
    run: Run, data: PreparedDataset, row: int, made: Float32Array, truth: Float32Array
) -> dict[str, float | None]:
    """Return contrast of lesions and overlap of their segmentations; nothing where no region is known."""
    regions = regions_of(data, np.array([row]))
    if regions is None or not (regions == LESION).any():
        return {}
    lesions, white = regions[0, 0] == LESION, regions[0, 0] == NAWM
    found: dict[str, float | None] = {}
    for image, which in ((made, ""), (truth, "_real")):
        contrast = lesion_contrast(np.maximum(_intensities(run, data, row, image), 0), lesions, white)
        found |= {f"lesion_contrast{which}": contrast.nawm, f"lesion_contrast_near{which}": contrast.surrounding}
    segmented = [segment_lesions(image, lesions | white) for image in (made, truth)]
    return found | {"lesion_dice": lesion_dice(*segmented)}


def _intensities(run: Run, data: PreparedDataset, row: int, image: Float32Array) -> Float32Array:
    """Return z-scores of a scan's target as intensities of that scan, or of the cohort where it has none of its own."""
    target = run.config.target
    if is_by_brain(data.recipe):
        own = data.channels[places_of([target], data)[0]]
        mean, spread = (float(data.scans[column].iloc[row]) for column in scale_columns(own))
    else:
        numbers = numbers_by_name(data.recipe)[target.removesuffix("map").casefold()]
        mean, spread = float(numbers["mean"]), float(numbers["sd"])
    return image * np.float32(spread) + np.float32(mean)


def _entry(values: Sequence[float | None], better: str, common: dict[str, Any]) -> dict[str, Any]:
    known = [value for value in values if value is not None and np.isfinite(value)]
    entry: dict[str, Any] = {"value": float(np.mean(known)) if known else None}
    entry["sd"] = float(np.std(known, ddof=1)) if len(known) > 1 else None
    settings = common if known else {**common, "undefined": "no scan has what it needs"}
    return {**entry, "n": len(known), "settings": settings, "better": better}
