"""The runs and cohorts that the papers' figures are made from, found by name."""

from collections.abc import Mapping, Sequence
from typing import Any

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

SEXES = {"F": "woman", "M": "man"}


def find_run(name: str, dataset: PreparedDataset | None, *, encodes: bool = True) -> Run:
    """Open a run by name, those that ship first.

    dataset: the scans that it is shown with; None where it is shown without any.
    encodes: whether it is to give codes to scans.
    Raises InputError where there is none, where the scans do not fit it, or where it has no encoder and needs one.
    """
    run = run_at_hand(name)
    if run is None:
        own = workspace.workspace() / "runs"
        data = dataset.folder if dataset else "PREPARED"
        raise InputError(
            f"no run '{name}' in {workspace.MODELS} or {own}; "
            f"make one with 'brainlab train {name} --data {data} --out {own / name}'"
        )
    if dataset is not None:
        (see_to_encode if encodes else Run.see)(run, dataset)
    return run


def run_at_hand(name: str) -> Run | None:
    """Open a run by name, those that ship first; None where there is none. Raises InputError where it is damaged."""
    folder = next((path for path in workspace.run_folders() if path.name == name), None)
    return None if folder is None else load_run(folder)


def find_cohort(name: str, sides: int = 3) -> PreparedDataset:
    """Open the workspace's cohort of that name, else the one that ships.

    sides: of an image, 3 of volumes and 2 of slices.
    Raises InputError where there is none, or where its images have more or fewer sides.
    """
    places = [workspace.workspace() / "cohorts", workspace.SHIPPED_COHORTS]
    folder = next((place / name for place in places if (place / name / "recipe.json").is_file()), None)
    if folder is None:
        raise InputError(
            f"no cohort '{name}' in {' or '.join(map(str, places))}; make one with 'brainlab prepare', "
            f"or leave BRAINLAB_WORKSPACE unset to use the one that ships"
        )
    dataset = PreparedDataset.open(folder)
    if len(dataset.shape) != sides:
        wanted = "volumes" if sides == 3 else "slices"
        raise InputError(f"{folder}: needs {wanted}, got {dataset.grid}; prepare the cohort with another recipe")
    return dataset


def unseen_tests(dataset: PreparedDataset, runs: Sequence[Run], split: str | None = "test") -> IntArray:
    """Return the rows of the test split, or of all scans, whose people none of the runs was trained on.

    Raises InputError where there are none.
    """
    rows = dataset.indices(split)
    unseen = np.all([recognise(run, dataset).unseen[rows] for run in runs], axis=0)
    if not unseen.any():
        raise InputError(
            f"{dataset.folder}: needs test scans of held-out participants, got none; prepare more participants"
        )
    return rows[unseen]


def one_a_class(dataset: PreparedDataset, rows: IntArray) -> IntArray:
    """Return the first of the rows of each class, in the paper's order of classes."""
    labels = dataset.scans["class"].iloc[rows].fillna(UNLABELLED).astype(str).to_numpy()
    return np.array([rows[labels == name][0] for name in class_order(labels)])


def age_and_sex(scan: Mapping[Any, Any]) -> str:
    """Return what a row of the scan table says of a person, such as '49 years, woman'; empty where it says nothing."""
    known = [f"{scan['age_years']:.0f} years"] if np.isfinite(scan["age_years"]) else []
    return ", ".join([*known, *([SEXES[scan["sex"]]] if scan["sex"] in SEXES else [])])


def source_line(datasets: Sequence[PreparedDataset], runs: Sequence[Run] = ()) -> str:
    """Say where a figure's data are from: simulated or not, cohorts where any are shown, runs."""
    parts = ["Simulated data"] if all(shown.simulated for shown in datasets or runs) else []
    if datasets:
        parts.append(f"{noun(len(datasets), 'cohort')} {_quoted([data.name for data in datasets])}")
    if runs:
        trained = ", trained on simulated scans" if all(run.simulated for run in runs) else ""
        parts.append(f"{noun(len(runs), 'run')} {', '.join(run.name for run in runs)}{trained}")
    return " · ".join(parts)


def _quoted(names: Sequence[str]) -> str:
    return " and ".join(f"“{name}”" for name in names)
