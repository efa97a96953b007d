"""The table of what `brainlab evaluate` measured of images, a row a run, and what its columns mean."""

from collections.abc import Callable, Mapping
from typing import Any

from brainlab.experiments.tables.written import markdown_table

Evaluation = Mapping[str, Any]
"""What `evaluation.json` holds."""

COLUMNS: dict[str, Callable[[Evaluation], str]] = {
    "MSE": lambda m: _value(m, "mse", 5),
    "PSNR dB": lambda m: _value(m, "psnr", 1),
    "SSIM": lambda m: _value(m, "ssim", 3),
    "sharpness, reconstructed": lambda m: number(_settings(m, "sharpness_reconstructed").get("relative_to_real"), 2),
    "sharpness, samples": lambda m: number(_settings(m, "sharpness_generated").get("relative_to_real"), 2),
    "in the brain": lambda m: _ratio(
        _settings(m, "sharpness_generated").get("in_brain"), _settings(m, "sharpness_real").get("in_brain"), 2
    ),
    "precision": lambda m: _value(m, "precision", 2),
    "recall": lambda m: _value(m, "recall", 2),
    "coverage": lambda m: _value(m, "coverage", 2),
    "precision, tissue": lambda m: _value(m, "precision_features", 2),
    "recall, tissue": lambda m: _value(m, "recall_features", 2),
    "coverage, tissue": lambda m: _value(m, "coverage_features", 2),
    "Frechet, 1e-5": lambda m: _value(m, "frechet_distance", 1, times=1e5),
    "spectrum, samples dB": lambda m: _value(m, "spectrum_generated", 1),
    "ISD / real": lambda m: _ratio(m.get("isd", {}).get("value"), _settings(m, "isd").get("real"), 2),
    "nearest training scan / held out": lambda m: number(_near(m).get("ratio_of_medians"), 2),
    "nearer": lambda m: number(_near(m).get("share_below_first_percentile_of_held_out"), 3),
    "copies": lambda m: " ".join(
        [number(_near(m).get("share_copies"), 3), f"({number(_near(m).get('share_copies_held_out'), 3)})"]
    ),
    "machine reader": lambda m: _value(m, "machine_reader_auc", 3),
    "active units": lambda m: _value(m, "active_units", 0),
    "KL nats": lambda m: number(_settings(m, "active_units").get("kl_nats"), 0),
}

NOTES = """\
Sharpness is the variance of the Laplacian, as a share of real scans'; noise counts as sharpness, so read the spectrum
beside it. Precision: samples that look like some scan; recall and coverage: scans that look like some sample; blur
alone raises precision and coverage, so read recall with them. How far a scan reaches is told by other people's scans.
'Nearer': the share of samples nearer to a training scan than 99% of held-out scans are, which blur alone causes.
'Copies': those that are also so much nearer to one person's scans than to the next person's as 99% of held-out scans
are not (in brackets, held-out scans judged by those of other people): each condition alone holds for 1% of them, so
.01 is the most that chance makes, and both hold for hardly any. 'Machine reader': ROC area of a small network that
tells samples from scans, both new to it; .5 is guessing, 1 never wrong. 'Tissue': the same on features of the network
that labels tissue (`models/features/tissue-slices`) in place of voxel components; 'Frechet': the distance of the two
sets of features. 'In the brain': the sharpness of samples over the brain alone. 'Spectrum': how far the power of
samples is from that of scans, root mean square over frequencies. 'ISD': mean squared difference of two samples, over
that of two scans. 'Nearest training scan': a sample's squared distance to it, over that of held-out scans, medians.
'Active units': dimensions of the code that carry more than .01 nats; 'KL': nats that a scan's code carries in all."""


def image_table(measured: Mapping[str, Evaluation], more: Mapping[str, Mapping[str, str]] | None = None) -> list[str]:
    """Return a Markdown table of runs. more: by heading, what else is known of each run."""
    own = {**COLUMNS, **dict.fromkeys(more or {})}
    rows = [
        [name, *(find(scores) if find else (more or {})[heading][name] for heading, find in own.items())]
        for name, scores in measured.items()
    ]
    return markdown_table(["run", *own], rows)


def number(value: float | None, digits: int) -> str:
    """Return a number in so many digits, and a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def _settings(measured: Evaluation, metric: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = measured.get(metric, {}).get("settings", {})
    return found


def _near(measured: Evaluation) -> Mapping[str, Any]:
    return _settings(measured, "nearest_training_distance")


def _value(measured: Evaluation, metric: str, digits: int, times: float = 1.0) -> str:
    value = measured.get(metric, {}).get("value")
    return number(None if value is None else value * times, digits)


def _ratio(part: float | None, whole: float | None, digits: int) -> str:
    return number(part / whole if part is not None and whole else None, digits)
