"""The images that metrics compare: held-out scans, their reconstructions, samples, and the training scans."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.latent.encoding import Encoding
from brainlab.runs.encodings import encode_rows
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run
from brainlab.types import BoolArray, Float32Array, IntArray

FEWEST = 8
"""Images that every metric is defined for."""


@dataclass(frozen=True)
class Material:
    """What the metrics are computed from.

    real: [m, *shape], held-out scans. generated: [n, *shape], drawn from the prior. codes, reconstructed: of `real`,
    None for a run without encoder. brain: [*shape], voxels bright in most held-out scans. training: the dataset that
    the run was trained on, where it is at hand. common: settings shared by all metrics.
    """

    real: Float32Array
    generated: Float32Array
    codes: Encoding | None
    reconstructed: Float32Array | None
    brain: BoolArray
    training: PreparedDataset | None
    common: dict[str, Any]
    seed: int


def held_out(run: Run, dataset: PreparedDataset) -> IntArray:
    """Return the rows that the run was not trained on: the test split of its own data, the whole of any other.

    Participants of the run's training data are left out wherever they turn up. Where it cannot be known who they are
    (`recognise`), only the test split is taken.
    """
    own = dataset.sha256 == run.settings.get("data", {}).get("sha256")
    rows = dataset.indices("test" if own else None)
    return rows[recognise(run, dataset).unseen[rows]]


def training_data(run: Run, dataset: PreparedDataset) -> PreparedDataset | None:
    """Find the dataset that the run was trained on: `dataset`, or one of the workspace with the same name and hash."""
    wanted = run.settings.get("data", {})
    if dataset.sha256 == wanted.get("sha256"):
        return dataset
    for folder in workspace.cohort_folders():
        if folder.name == wanted.get("name"):
            candidate = PreparedDataset.open(folder)
            if candidate.sha256 == wanted.get("sha256"):
                return candidate
    return None


def collect(run: Run, dataset: PreparedDataset, n: int, seed: int, training: PreparedDataset | None) -> Material:
    """Draw n samples, pick at most n held-out scans evenly, and reconstruct these by their posterior means.

    Raises InputError when shapes differ, `training` is not what the run was trained on, or fewer than 8 images are
    wanted or held out.
    """
    if n < FEWEST:
        raise InputError(f"--n must be at least {FEWEST} for the metrics to be defined; got {n}")
    if tuple(run.shape) != tuple(dataset.shape):
        raise InputError(
            f"{dataset.folder}: {run.name} makes images of {'x'.join(map(str, run.shape))}, these are "
            f"{'x'.join(map(str, dataset.shape))}; prepare the scans with the run's recipe"
        )
    if training is not None and training.sha256 != run.settings.get("data", {}).get("sha256"):
        raise InputError(f"{training.folder}: is not the dataset that {run.name} was trained on (its hash differs)")
    rows = held_out(run, dataset)
    if len(rows) < FEWEST:
        raise InputError(
            f"{dataset.folder}: needs at least {FEWEST} scans that {run.name} was not trained on; got {len(rows)}"
        )
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), n)).astype(int)]
    real = dataset.batch(rows)[:, 0]
    codes = encode_rows(run, dataset, rows) if run.can("encode") else None
    common = {
        "data": dataset.name,
        "data_sha256": dataset.sha256,
        "run_sha256": run.sha256,
        "simulated": dataset.simulated,
        "value_range": [0, 1],
        "shape": list(run.shape),
        "real_scans": len(rows),
        "generated": n,
        "seed": seed,
    }
    if gap := recognise(run, dataset).gap:
        common["training_people_unknown"] = gap
    return Material(
        real=real,
        generated=run.sample(n, seed)[1],
        codes=codes,
        reconstructed=run.decode(codes.mean) if codes is not None else None,
        brain=(real > 0.01).mean(axis=0) > 0.5,
        training=training if training is not None else training_data(run, dataset),
        common=common,
        seed=seed,
    )
