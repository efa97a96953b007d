"""Scans beside what runs make of their codes, for every figure of reconstructions."""

import math
from collections.abc import Mapping

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import block_rows
from brainlab.evaluation.metrics.fidelity import mean_squared_error
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray


def reconstruct(
    dataset: PreparedDataset, runs: Mapping[str, Run], rows: IntArray, tests: IntArray
) -> dict[str, Float32Array]:
    """Return the scans at `rows` and each run's reconstructions of them, heading to [n, *shape].

    runs: by what they are called; the heading adds their mean squared error over the scans at `tests`.
    """
    columns = {"Original": dataset.batch(rows)[:, 0]}
    size = block_rows(dataset.shape)
    blocks = [tests[start : start + size] for start in range(0, len(tests), size)]
    for title, run in runs.items():
        codes = encode_dataset(run, dataset).mean
        errors = [mean_squared_error(run.decode(codes[block]), dataset.batch(block)[:, 0]) for block in blocks]
        columns[f"{title}\nMSE {np.concatenate(errors).mean():.4f}"] = run.decode(codes[rows])
    return columns


def shortens(run: Run) -> bool:
    """Whether a run gives images back from codes that are shorter than they are.

    A flow's code is as long as its image: it is solved backwards and forwards, and gives back whatever comes in.
    """
    return run.can("reconstruct") and run.latent_dim < math.prod(run.shape)
