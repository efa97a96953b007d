"""Codes of whole prepared datasets, computed once and kept beside the run."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import UNREADABLE_ARRAY, InputError
from brainlab.files.array_files import read_arrays
from brainlab.files.whole import whole_file
from brainlab.latent.encoding import Encoding, together
from brainlab.runs.passes.passes import Passes
from brainlab.runs.run import Run
from brainlab.types import IntArray, Watch
from brainlab.workers.workers import HERE, Workers


def encode_dataset(
    run: Run, dataset: PreparedDataset, watch: Watch | None = None, *, workers: Workers = HERE
) -> Encoding:
    """Return the posteriors of every image of a dataset as the run sees it, in its order.

    They are kept in `<run>/encodings/`, or in the workspace's cache where the run's folder cannot be written to,
    together with the hashes of the dataset and of the run's weights; a file whose hashes differ is never used.
    watch: shows progress while encoding. workers: who encodes.
    Raises InputError when the run cannot encode, its codes are no vectors, or its images have another shape.
    """
    dataset = _see_vectors(run, dataset)
    for path in _places(run, dataset):
        if (known := _load(path, run, dataset)) is not None:
            return known
    encoding = encode_rows(run, dataset, np.arange(len(dataset)), watch, workers=workers)
    _store(encoding, run, dataset)
    return encoding


def encode_rows(
    run: Run, dataset: PreparedDataset, rows: IntArray, watch: Watch | None = None, *, workers: Workers = HERE
) -> Encoding:
    """Return the posteriors of some scans, without keeping them. watch: shows progress. workers: who encodes."""
    return together(Passes(run, workers).encoded(_see_vectors(run, dataset), rows, watch=watch))


def see_to_encode(run: Run, dataset: PreparedDataset) -> PreparedDataset:
    """Return the dataset as the run sees it; raise InputError unless it can encode its images."""
    run.require("encode")
    return run.see(dataset)


def _see_vectors(run: Run, dataset: PreparedDataset) -> PreparedDataset:
    """As `see_to_encode`; raise InputError unless codes are vectors, so that each is a row of an `Encoding`, too."""
    dataset = see_to_encode(run, dataset)
    if len(run.code_shape) != 1:
        shape = " x ".join(map(str, run.code_shape))
        raise InputError(f"{run.name}: needs codes that are vectors, got {shape}; choose a run of another method")
    return dataset


def _places(run: Run, dataset: PreparedDataset) -> list[Path]:
    """Where the codes may lie: beside the run, else in the workspace's cache."""
    name = f"{dataset.sha256[:16]}.npz"
    return [run.folder / "encodings" / name, workspace.workspace() / "cache" / "encodings" / run.sha256[:16] / name]


def _load(path: Path, run: Run, dataset: PreparedDataset) -> Encoding | None:
    """Read kept codes, or None when there are none, they are damaged, or they belong to other weights or scans."""
    try:
        kept = read_arrays(path)
        if str(kept["run"]) != run.sha256 or str(kept["dataset"]) != dataset.sha256:
            return None
        encoding = Encoding(kept["mean"], kept.get("log_variance"))
    except (*UNREADABLE_ARRAY, InputError):
        return None
    return encoding if len(encoding) == len(dataset) else None


def _store(encoding: Encoding, run: Run, dataset: PreparedDataset) -> None:
    """Keep codes at the first place that can be written; codes that cannot be kept are still used."""
    for path in _places(run, dataset):
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            kept: dict[str, Any] = {
                "mean": encoding.mean,
                "run": np.array(run.sha256),
                "dataset": np.array(dataset.sha256),
            }
            if encoding.log_variance is not None:
                kept["log_variance"] = encoding.log_variance
            with whole_file(path) as scratch:
                np.savez(scratch, **kept)
            return
