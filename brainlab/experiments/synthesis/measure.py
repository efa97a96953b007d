"""A translating run measured on scans that it was not trained on: each synthesised target beside the true one.

Everything is over the brain where the data have segmentations, and over the whole image where they have none. Errors
are of z-scores. Ratios of lesions to white matter need intensities with a true zero: both images go back to those of
the scan by its own numbers, or the cohort's.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from brainlab.cohort.intensity import scale_columns
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of, regions_of
from brainlab.errors import InputError
from brainlab.evaluation.measurement import Measurement, summarise, undefined
from brainlab.evaluation.registry import Better
from brainlab.evaluation.synthesis.detail import blur_ratio
from brainlab.evaluation.synthesis.lesions import lesion_contrast, lesion_dice, segment_lesions
from brainlab.evaluation.synthesis.similarity import normalised_mutual_information, ssim
from brainlab.evaluation.synthesis.voxel_error import discrepancy, mse, psnr
from brainlab.experiments.evaluation.image_sets import held_out
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.synthesis.whole_scans import is_by_brain, numbers_by_name, refuse_other_scans
from brainlab.images.regions import LESION, NAWM
from brainlab.measures.mean_difference import paired_difference
from brainlab.runs.evaluation_values import EvaluationValues
from brainlab.runs.passes.passes import Passes
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray

CONTROLS = "healthy"
"""Class of those whose white matter is measured apart from that of patients (Wei, table 3.2)."""

BETTER: dict[str, Better] = {
    "mse": "lower",
    "mse_of_mean": "none",
    "mse_in_units": "lower",
    "psnr": "higher",
    "ssim": "higher",
    "normalised_mutual_information": "higher",
    "blur_ratio": "none",
    "lesion_contrast": "none",
    "lesion_contrast_real": "none",
    "lesion_contrast_near": "none",
    "lesion_contrast_near_real": "none",
    "lesion_dice": "higher",
    "discrepancy_white_of_controls": "lower",
    "discrepancy_white_of_patients": "lower",
    "discrepancy_lesions": "lower",
    "mean_white": "none",
    "mean_white_real": "none",
    "mean_lesions": "none",
    "mean_lesions_real": "none",
}
"""Each measure, and which way is better; `none` of those that are to be near that of real scans, or near 1."""


def measure_translations(
    passes: Passes, data: PreparedDataset, n: int
) -> tuple[dict[str, dict[str, Any]], EvaluationValues]:
    """Return each measure over scans, as `evaluation.json` holds them, and what each scan contributes.

    passes: of the run. n: the most scans that are measured, evenly taken from those that the run was not trained on.
    The interval of a mean is by resampling whole people.
    Raises InputError where there are none, or the data lack one of the run's sequences.
    """
    run = passes.run
    refuse_other_scans(run, data)
    places_of([run.config.target], data)
    rows = held_out(run, data)
    if not len(rows):
        raise InputError(f"{data.folder}: needs a scan that {run.name} was not trained on, got none; add participants")
    rows = rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)]
    found = list(passes.each(measure_scan, data, rows))
    people = np.unique(data.scans["participant"].iloc[rows].astype(str), return_inverse=True)[1]
    common = {
        "data": data.name,
        "data_sha256": data.sha256,
        "run_sha256": run.sha256,
        "simulated": data.simulated,
        **data.origin.record,
        "shape": list(data.shape),
        "real_scans": len(rows),
        "generated": len(rows),
        "over": region_measured(data),
    }
    measured = {name: _summary([each[name] for each in found], people) for name in BETTER}
    entries = {
        name: {**one.with_settings(**common).to_json(), "better": BETTER[name]} for name, one in measured.items()
    }
    parts = {name: one.parts for name, one in measured.items() if one.parts is not None}
    return entries, EvaluationValues(rows, people, parts)


def region_measured(data: PreparedDataset) -> str:
    """Say what the measures are over."""
    return "brain" if data.segmentations is not None else "whole image"


def measure_scan(run: Run, data: PreparedDataset, row: int) -> dict[str, float | None]:
    """Return each measure of what a run makes of one scan, None where it is undefined."""
    inputs = data.batch(np.array([row]))[0, places_of(run.config.inputs, data)]
    return measure_image(data, row, run.config.target, translate(run, inputs))


def measure_image(data: PreparedDataset, row: int, target: str, made: Float32Array) -> dict[str, float | None]:
    """Return each measure of a synthesised target of one scan [X, Y, Z], as z-scores; None where it is undefined."""
    truth = data.batch(np.array([row]))[0, places_of([target], data)[0]]
    labels = data.segmentations
    brain = np.ones(truth.shape, bool) if labels is None else np.asarray(labels[row]) > 0
    mean, spread = intensity_scale(data, row, target)
    # Windows of SSIM and filters reach beyond the brain, where nobody is to be judged.
    made = np.where(brain, made, truth)
    found = {
        "mse": mse(made, truth, brain),
        "mse_of_mean": float(truth[brain].var()),
        "psnr": psnr(made * spread + mean, truth * spread + mean, brain),
        "ssim": ssim(made, truth, brain),
        "normalised_mutual_information": normalised_mutual_information(made, truth, brain),
        "blur_ratio": blur_ratio(made, truth, brain),
    }
    regions = regions_of(data, np.array([row]))
    if regions is not None:
        whose = "controls" if data.scans["class"].iloc[row] == CONTROLS else "patients"
        found |= _of_regions(made * spread + mean, truth * spread + mean, regions[0, 0], whose)
        if (regions == LESION).any():
            lesions, white = regions[0, 0] == LESION, regions[0, 0] == NAWM
            with contextlib.suppress(InputError):  # white matter all alike has no lesions that stand out
                segmented = [segment_lesions(image, lesions | white) for image in (made, truth)]
                found["lesion_dice"] = lesion_dice(*segmented)
    found["mse_in_units"] = None if found["mse"] is None else found["mse"] * spread**2
    return {name: found.get(name) for name in BETTER}


def _of_regions(made: Float32Array, truth: Float32Array, regions: IntArray, whose: str) -> dict[str, float | None]:
    """Return how far the means of regions are off, and how lesions stand out.

    made, truth: intensities.  whose: `controls` or `patients`.
    """
    lesions, white = regions == LESION, regions == NAWM
    found: dict[str, float | None] = {
        f"discrepancy_white_of_{whose}": discrepancy(made, truth, white),
        # Lesions of age in controls are not what table 3.2 is about.
        "discrepancy_lesions": discrepancy(made, truth, lesions) if whose == "patients" else None,
    }
    for image, which in ((made, ""), (truth, "_real")):
        for name, region in (("white", white), ("lesions", lesions)):
            found[f"mean_{name}{which}"] = float(image[region].mean(dtype=np.float64)) if region.any() else None
        if lesions.any():
            contrast = lesion_contrast(np.maximum(image, 0), lesions, white)
            found |= {f"lesion_contrast{which}": contrast.nawm, f"lesion_contrast_near{which}": contrast.surrounding}
    return found


def intensity_scale(data: PreparedDataset, row: int, target: str) -> tuple[float, float]:
    """Return mean and spread by which z-scores of a scan's target are intensities: its own brain's, or the cohort's."""
    if is_by_brain(data.recipe):
        own = data.channels[places_of([target], data)[0]]
        mean, spread = (float(data.scans[column].iloc[row]) for column in scale_columns(own))
        return mean, spread
    numbers = numbers_by_name(data.recipe)[target.removesuffix("map").casefold()]
    return float(numbers["mean"]), float(numbers["sd"])


def _summary(values: Sequence[float | None], people: IntArray) -> Measurement:
    """Return the mean over the scans where a measure is defined, with its interval."""
    known = np.array([place for place, value in enumerate(values) if value is not None and np.isfinite(value)], int)
    if not len(known):
        return undefined("no scan has what it needs")
    found = summarise([float(values[place]) for place in known], "scan", of="real", rows=known)
    assert found.parts is not None
    interval = paired_difference(found.parts.values, np.zeros(len(known)), people[known])
    return replace(found, low=interval.low, high=interval.high)
