"""Make the codes that a run keeps of the people it was trained on (`runs.training_codes`)."""

from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import ACQUISITION_COLUMNS
from brainlab.errors import InputError
from brainlab.experiments.analysis.latent_space import scan_covariates
from brainlab.pseudonyms import keyed_hash
from brainlab.runs.encodings import encode_rows, see_to_encode
from brainlab.runs.provenance import training_key
from brainlab.runs.run import Run
from brainlab.runs.training_codes import write_training_codes
from brainlab.types import IntArray, Watch

TOLD = ("class", "sex", "age_years", *ACQUISITION_COLUMNS)


def keep_training_codes(run: Run, dataset: PreparedDataset, watch: Watch | None = None) -> Path:
    """Keep the code of one scan of each person in a dataset's training split beside a run, with what is known of it.

    The first scan of each person; of its slices the middle one. Returns the file that `read_training_codes` reads.
    Raises InputError when the run was not trained on this dataset, cannot encode, or nobody is in the split.
    """
    trained_on = run.settings["data"]
    if trained_on["sha256"] != dataset.sha256:
        raise InputError(
            f"--data {dataset.folder}: {run.name} was trained on another dataset, {trained_on['name']}; give that one"
        )
    dataset = see_to_encode(run, dataset)
    rows = one_a_person(dataset)
    if not len(rows):
        raise InputError(f"{dataset.folder}: needs scans in the training split, got none")
    scans, key = dataset.scans.iloc[rows], training_key(dataset)
    table = pd.DataFrame({"participant": [keyed_hash(str(name), key) for name in scans["participant"]]})
    for name in TOLD:
        table[name] = scans[name].to_numpy()
    return write_training_codes(
        run, table.assign(**scan_covariates(dataset, rows)), encode_rows(run, dataset, rows, watch)
    )


def one_a_person(dataset: PreparedDataset) -> IntArray:
    """Return a row for each participant of the training split: the middle of the slices of the first scan."""
    scans = dataset.scans.iloc[dataset.indices("train")]
    groups = scans.groupby(["participant", "session", "source"], sort=False, dropna=False).indices
    places: dict[str, int] = {}
    for found in groups.values():
        places.setdefault(str(scans["participant"].iloc[found[0]]), int(found[len(found) // 2]))
    return np.asarray(scans.index.to_numpy()[list(places.values())], dtype=int)
