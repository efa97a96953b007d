"""Measure a run against real scans: every metric that applies to it, each with its settings."""

import dataclasses
import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.evaluation import distribution, diversity, fidelity, sharpness
from brainlab.evaluation.metric import Better, Metric, summarise, undefined
from brainlab.evaluation.neighbours import nearest
from brainlab.experiments.evaluation.image_sets import Material, collect
from brainlab.latent.baselines import VoxelComponents
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray

SAMPLES = 1000
"""As many as the DWI comparison paper (section 3.3) draws."""

NO_ENCODER = "the run has no encoder, so it neither encodes nor reconstructs"

LATER: dict[str, Better] = {
    "frechet_distance": "lower",
    "ras": "higher",
    "ras_real": "none",
    "machine_reader_auc": "lower",
}
"""Metrics that evaluations name and do not measure yet, and which way is an improvement."""

LINEAR = "a linear kernel compares the two mean images alone: it cannot see that samples lack variety"

SSIM_SCANS = 100
PAIRS = 100
"""SSIM costs 80 ms a volume on one core, so these are measured on part of the images."""


def evaluate_run(
    run: Run,
    dataset: PreparedDataset,
    n: int = SAMPLES,
    *,
    seed: int = 0,
    training: PreparedDataset | None = None,
    write: bool = True,
) -> dict[str, dict[str, Any]]:
    """Return all metrics that apply, and write them to `evaluation.json` beside the run.

    n: samples drawn, and the most real scans compared with. Real scans are the ones the run was not trained on (see
    `held_out`). training: the dataset the run was trained on, for the distance of samples to it; found in the
    workspace, or as `dataset` itself, by its hash where not given.
    Raises InputError when n is below 8, the seed is negative, the shapes differ, or fewer than 8 held-out scans are
    there.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed: needs 0 to {2**32 - 1}, got {seed}")
    material = collect(run, dataset, n, seed, training)
    measures: list[Callable[[Material], dict[str, Metric]]] = [
        _fidelity,
        _sharpness,
        _spectrum,
        _diversity,
        _distribution,
        _memorisation,
        _latent,
        _later,
    ]
    metrics: dict[str, Metric] = {}
    for measure in measures:
        metrics |= measure(material)
    result = {
        name: {**metric.to_json(), "settings": {**material.common, **metric.settings}}
        for name, metric in ((name, _finite(metric)) for name, metric in metrics.items())
    }
    if write:
        _write(run, result)
    return result


def _fidelity(m: Material) -> dict[str, Metric]:
    """MSE, PSNR and SSIM of reconstructions from the posterior mean."""
    ways: dict[str, Better] = {"mse": "lower", "psnr": "higher", "ssim": "higher"}
    if m.reconstructed is None:
        return {name: undefined(NO_ENCODER, way) for name, way in ways.items()}
    part = np.linspace(0, len(m.real) - 1, min(len(m.real), SSIM_SCANS)).astype(int)
    if min(m.real.shape[1:]) < fidelity.SSIM_KERNEL:
        ssim = undefined(f"images are smaller than the window of {fidelity.SSIM_KERNEL}", "higher")
    else:
        values = fidelity.structural_similarity(m.reconstructed[part], m.real[part])
        window: dict[str, Any] = {
            "kernel": "gaussian",
            "kernel_size": fidelity.SSIM_KERNEL,
            "kernel_sigma": fidelity.SSIM_SIGMA,
        }
        ssim = summarise(values, "higher", padding="none", data_range=1, **window)
    return {
        "mse": summarise(fidelity.mean_squared_error(m.reconstructed, m.real), "lower", voxels="all"),
        "psnr": summarise(
            fidelity.peak_signal_to_noise_db(m.reconstructed, m.real), "higher", voxels="all", maximum=1, scale="dB"
        ),
        "ssim": ssim,
    }


def _sharpness(m: Material) -> dict[str, Metric]:
    """Laplacian variance of real, reconstructed and generated images, over the whole grid and inside the brain."""
    settings: dict[str, Any] = {
        "range": [0, sharpness.DISPLAY_RANGE],
        "stencil": f"{m.real.ndim - 1}D",
        "padding": "mirror",
        "voxels": "all",
    }
    sets = {"real": m.real, "reconstructed": m.reconstructed, "generated": m.generated}
    real = float(sharpness.laplacian_variance(m.real).mean())
    metrics = {}
    for name, images in sets.items():
        if images is None:
            metrics[f"sharpness_{name}"] = undefined(NO_ENCODER, "none")
            continue
        values = sharpness.laplacian_variance(images)
        inside = float(sharpness.laplacian_variance(images, mask=m.brain).mean())
        relative = float(values.mean()) / real if real > 0 else None
        metrics[f"sharpness_{name}"] = summarise(values, "none", in_brain=inside, relative_to_real=relative, **settings)
    return metrics


def _spectrum(m: Material) -> dict[str, Metric]:
    """How far the mean power spectra of generated and reconstructed images are from the real one, in dB."""
    frequencies, real = sharpness.radial_power(m.real[:SSIM_SCANS])
    metrics = {}
    for name, images in (("generated", m.generated), ("reconstructed", m.reconstructed)):
        if images is None:
            metrics[f"spectrum_{name}"] = undefined(NO_ENCODER, "lower")
            continue
        power = sharpness.radial_power(images[:SSIM_SCANS])[1]
        settings = {
            "scale": "dB, root mean square over frequencies",
            "frequencies_cycles_per_voxel": frequencies.tolist(),
            "power": power.mean(axis=0).tolist(),
            "power_real": real.mean(axis=0).tolist(),
        }
        metrics[f"spectrum_{name}"] = Metric(
            sharpness.spectral_distance_db(power, real), None, len(power), "lower", settings
        )
    return metrics


def _diversity(m: Material) -> dict[str, Metric]:
    """Dataset similarity, intra-sample diversity and MS-SSIM, each beside its value for real scans."""
    pairs, real_pairs = (
        diversity.random_pairs(len(images), min(PAIRS, 2 * len(images)), m.seed) for images in (m.generated, m.real)
    )
    isd = diversity.intra_sample_diversity(m.generated)
    similarity = diversity.dataset_similarity(m.generated, m.real)
    per_pair = {"difference": "mean over voxels of squares", "over_pairs": "mean"}
    n, real_n = len(m.generated), len(m.real)
    metrics = {
        "dataset_similarity": summarise(
            similarity,
            "lower",
            real=float(diversity.intra_sample_diversity(m.real).mean()),
            sum_over_pairs=float(similarity.mean()) * n * real_n,
            **per_pair,
        ),
        "isd": summarise(
            isd,
            "none",
            real=float(diversity.intra_sample_diversity(m.real).mean()),
            sum_over_pairs=float(isd.mean()) * n * (n - 1),
            **per_pair,
        ),
        "minimum_isd": summarise(
            diversity.minimum_diversity(m.generated),
            "none",
            real=float(diversity.minimum_diversity(m.real).mean()),
            difference=per_pair["difference"],
            caution="falls with the number of images: compare only for equal n",
        ),
    }
    try:
        kernel, weights = diversity.ms_ssim_settings(m.real.shape[1:])
        metrics["ms_ssim"] = summarise(
            diversity.ms_ssim(m.generated, pairs),
            "none",
            unit="pair",
            real=float(diversity.ms_ssim(m.real, real_pairs).mean()),
            kernel="gaussian",
            kernel_size=kernel,
            kernel_sigma=1.5,
            weights=list(weights),
            padding="none",
        )
        metrics["ms_ssim_kwon"] = summarise(
            diversity.ms_ssim_kwon(m.generated, pairs),
            "none",
            unit="pair",
            real=float(diversity.ms_ssim_kwon(m.real, real_pairs).mean()),
            value_range=[-1, 1],
            data_range=1,
            kernel="gaussian",
            kernel_sigma=1.5,
            padding="reflect",
        )
    except InputError as error:
        for name in ("ms_ssim", "ms_ssim_kwon"):
            metrics.setdefault(name, undefined(str(error), "none"))
    return metrics


def _distribution(m: Material) -> dict[str, Metric]:
    """The three maximum mean discrepancies; the last on principal components of the real scans."""
    n = min(len(m.real), len(m.generated))
    components = VoxelComponents(64, m.seed).fit(m.real, np.arange(len(m.real)))
    features, others = (components.transform(part, np.arange(len(part))) for part in (m.generated, m.real))
    value, bandwidth = distribution.mmd_features(features, others)
    return {
        "mmd_kwon": summarise(
            distribution.mmd_kwon(m.generated, m.real, seed=m.seed),
            "lower",
            unit="test",
            kernel="linear",
            estimator="biased",
            caution=LINEAR,
            batch=8,
            value_range=[-1, 1],
            voxels=int(np.prod(m.real.shape[1:])),
        ),
        "mmd_unbiased": Metric(
            distribution.mmd_unbiased(m.generated[:n], m.real[:n]),
            None,
            n,
            "lower",
            {"kernel": "linear", "estimator": "unbiased", "caution": LINEAR, "voxels": int(np.prod(m.real.shape[1:]))},
        ),
        "mmd_features": Metric(
            value,
            None,
            n,
            "lower",
            {
                "kernel": "gaussian",
                "estimator": "unbiased",
                "bandwidth": bandwidth,
                "features": f"{features.shape[1]} principal components of the real scans' voxels inside the brain",
            },
        ),
    }


def _memorisation(m: Material) -> dict[str, Metric]:
    """Distance of samples to their nearest training scan, against that of held-out scans."""
    if m.training is None:
        reason = "the dataset that the run was trained on is not at hand; name it with --training"
        return {"nearest_training_distance": undefined(reason, "none")}
    training, rows = m.training, m.training.indices("train")

    def take(indices: IntArray) -> Float32Array:
        return training.batch(rows[indices])[:, 0]

    generated = nearest(m.generated, take, len(rows)).distances
    held_out_scans = nearest(m.real, take, len(rows)).distances
    reference = held_out_scans[:, 0]
    settings: dict[str, Any] = {
        "difference": "mean over voxels of squares",
        "training_scans": len(rows),
        "held_out": float(reference.mean()),
        "ratio_of_medians": float(np.median(generated[:, 0]) / np.median(reference)),
        "share_below_first_percentile_of_held_out": float((generated[:, 0] < np.percentile(reference, 1)).mean()),
        "nearest_over_second_nearest": float((generated[:, 0] / generated[:, 1]).mean()),
        "nearest_over_second_nearest_held_out": float((reference / held_out_scans[:, 1]).mean()),
        "caution": "blur alone brings images nearer; copies show as nearest far below second nearest",
    }
    if m.reconstructed is not None:
        settings["reconstructed"] = float(nearest(m.reconstructed, take, len(rows)).distances[:, 0].mean())
    return {"nearest_training_distance": summarise(generated[:, 0], "none", **settings)}


def _latent(m: Material) -> dict[str, Metric]:
    """How many latent dimensions are in use."""
    if m.codes is None:
        return {"active_units": undefined(NO_ENCODER, "none")}
    encoding, kl = m.codes, m.codes.kl_per_dimension()
    settings = {
        "criterion": "mean KL to the prior above 0.01 nats",
        "latent_dim": encoding.latent_dim,
        "kl_nats": None if kl is None else float(kl.sum()),
        "variance_of_mean_above_0.01": int((encoding.mean.var(axis=0) > 0.01).sum()),
    }
    return {"active_units": Metric(float(encoding.active().sum()), None, len(encoding), "none", settings)}


def _later(_: Material) -> dict[str, Metric]:
    """The metrics that are still to come."""
    return {name: undefined("it comes with a later version", better) for name, better in LATER.items()}


def _finite(metric: Metric) -> Metric:
    """Return a metric that JSON can hold: a value or setting that is not finite is None, and its reason beside it."""
    settings = {name: _without_holes(value) for name, value in metric.settings.items()}
    if holes := [name for name, value in metric.settings.items() if settings[name] != value]:
        settings["undefined_settings"] = f"{', '.join(holes)}: not finite, as where images are all alike"
    if metric.value is not None and not math.isfinite(metric.value):
        return undefined("the value is not finite, as where images are all alike", metric.better, **settings)
    sd = metric.sd if metric.sd is None or math.isfinite(metric.sd) else None
    return dataclasses.replace(metric, sd=sd, settings=settings)


def _without_holes(value: Any) -> Any:
    """Return a setting with None for each number in it that is not finite."""
    if isinstance(value, list):
        return [_without_holes(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(run: Run, result: dict[str, Any]) -> Path:
    """Write evaluation.json whole, beside the run or, where that cannot be written to, in the workspace's cache."""
    text = json.dumps(result, indent=1, allow_nan=False) + "\n"
    for path in run.evaluation_files:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".evaluation-")
        except OSError:
            continue
        with os.fdopen(handle, "w") as out:
            out.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
        return path
    raise InputError(f"{' and '.join(str(path.parent) for path in run.evaluation_files)}: cannot be written to")
