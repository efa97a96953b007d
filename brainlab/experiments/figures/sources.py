"""The runs and cohorts that the papers' figures are made from, found by name."""

from collections.abc import Sequence

import numpy as np

from brainlab import workspace
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import UNLABELLED
from brainlab.counted import noun
from brainlab.errors import InputError
from brainlab.legend import class_order
from brainlab.runs.encodings import see_to_encode
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run, load_run
from brainlab.types import IntArray

RUNS = ("vae-8", "vae-512", "ivae-32", "ivae-256")
COHORT, BIASED = "simulated", "simulated-biased"
"""The cohorts that ship; in the second, multiple sclerosis was scanned with other parameters."""


def find_run(name: str, dataset: PreparedDataset) -> Run:
    """Open a run by name, those that ship first. Raises InputError where there is none, or the scans do not fit it."""
    folder = next((path for path in workspace.run_folders() if path.name == name), None)
    if folder is None:
        own = workspace.workspace() / "runs"
        raise InputError(
            f"no run '{name}' in {workspace.MODELS} or {own}; "
            f"make one with 'brainlab train {name} --data {dataset.folder} --out {own / name}'"
        )
    run = load_run(folder)
    see_to_encode(run, dataset)
    return run


def find_cohort(name: str) -> PreparedDataset:
    """Open the workspace's cohort of that name, else the one that ships.

    Raises InputError where there is none, or it does not hold volumes.
    """
    places = [workspace.workspace() / "cohorts", workspace.SHIPPED_COHORTS]
    folder = next((place / name for place in places if (place / name / "recipe.json").is_file()), None)
    if folder is None:
        raise InputError(
            f"no cohort '{name}' in {' or '.join(map(str, places))}; make one with 'brainlab prepare', "
            f"or leave BRAINLAB_WORKSPACE unset to use the one that ships"
        )
    dataset = PreparedDataset.open(folder)
    if len(dataset.shape) != 3:
        raise InputError(f"{folder}: the figures show volumes, these are of {len(dataset.shape)} dimensions")
    return dataset


def unseen_tests(dataset: PreparedDataset, runs: Sequence[Run], split: str | None = "test") -> IntArray:
    """Return the rows of the test split, or of all scans, whose people none of the runs was trained on.

    Raises InputError where there are none.
    """
    rows = dataset.indices(split)
    seen = np.any([recognise(run, dataset).seen[rows] for run in runs], axis=0)
    if seen.all():
        raise InputError(
            f"{dataset.folder}: needs test scans of held-out participants, got none; prepare more participants"
        )
    return rows[~seen]


def one_a_class(dataset: PreparedDataset, rows: IntArray) -> IntArray:
    """Return the first of the rows of each class, in the paper's order of classes."""
    labels = dataset.scans["class"].iloc[rows].fillna(UNLABELLED).astype(str).to_numpy()
    return np.array([rows[labels == name][0] for name in class_order(labels)])


def source_line(datasets: Sequence[PreparedDataset], runs: Sequence[Run] = ()) -> str:
    """Say where a figure's data are from: simulated or not, cohorts, runs."""
    parts = [
        *(["Simulated data"] if all(data.simulated for data in datasets) else []),
        f"{noun(len(datasets), 'cohort')} {_quoted([data.name for data in datasets])}",
    ]
    if runs:
        trained = ", trained on simulated scans" if all(run.simulated for run in runs) else ""
        parts.append(f"{noun(len(runs), 'run')} {', '.join(run.name for run in runs)}{trained}")
    return " · ".join(parts)


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f"“{name}”" for name in names)
