"""Whom a run was trained on: what `config.json` keeps of people, and how they are known again.

Names are kept as hashes under a key (`brainlab.pseudonyms`): for real people a secret one of the workspace, so that
nobody who is given a run can find them by counting ids. Contents (source files, prepared voxels) are kept as hashes
that everybody can compare who has the very same scan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from brainlab.cohort.origin import lineage
from brainlab.cohort.prepared import PreparedDataset, participant_hash
from brainlab.pseudonyms import PUBLIC, PUBLIC_KEY, key_id, keyed_hash, read_key, read_or_make_key
from brainlab.runs.run import Run
from brainlab.types import BoolArray
from brainlab.workspace import pseudonyms_key


@dataclass(frozen=True)
class Recognition:
    """Which scans of a dataset, in its order, are of people that a run was trained on.

    seen: [n], known by name, by source file or by voxels, with every other scan of the same person.
    unseen: [n], scans that may be taken as new to the run. All others, as long as names could be compared; else only
        those of the test split, for a person's split follows from the name alone: where it was prepared elsewhere
        under the same name, it was held out there too.
    gap: why names could not be compared; empty where they could.
    """

    seen: BoolArray
    unseen: BoolArray
    gap: str = ""


def hashes_of_training(data: PreparedDataset) -> dict[str, Any]:
    """Return what a run keeps of the people in a dataset's training split, the id of the key first.

    The key is public where all scans are simulated; else it is the workspace's own, made at first need.
    """
    key = training_key(data)
    return {
        "key": key_id(key),
        "participants": data.participant_hashes("train", key),
        "files": data.file_hashes("train"),
        "voxels": sorted({data.voxel_hashes[row] for row in data.indices("train")}),
    }


def training_key(data: PreparedDataset) -> bytes:
    """Return the key for names of a dataset's people: public where all are simulated, else the workspace's own."""
    return PUBLIC_KEY if data.origin.all_simulated else read_or_make_key(pseudonyms_key())


def recognise(run: Run, dataset: PreparedDataset) -> Recognition:
    """Find the people in a dataset whom a run, or one that it started from, was trained on."""
    found = [_recognise(run, kept, dataset) for kept in lineage(run.settings)]
    return Recognition(
        np.any([each.seen for each in found], axis=0),
        np.all([each.unseen for each in found], axis=0),
        next((each.gap for each in found if each.gap), ""),
    )


def _recognise(run: Run, kept: Mapping[str, Any], dataset: PreparedDataset) -> Recognition:
    """Find the people in a dataset whom the run was trained on at one time. kept: what it keeps of them."""
    scans = dataset.scans
    people = scans["participant"].map(str)
    known = pd.Series(False, index=scans.index)
    gap = ""
    # Nobody simulated is a real person of the same name; the same content is known all the same.
    if kept["simulated"] == dataset.simulated:
        key = _key_at_hand(kept)
        if key is None and "key" in kept:
            gap = _gap(run, kept, dataset)
        else:
            hashes = {name: participant_hash(name) if key is None else keyed_hash(name, key) for name in set(people)}
            known |= people.map(hashes).isin(set(kept["participants"]))
    known |= _known_contents(kept, dataset)
    seen = people.isin(set(people[known])).to_numpy()
    held_out = (scans["split"] == "test").to_numpy() if gap else np.ones(len(dataset), dtype=bool)
    return Recognition(seen, ~seen & held_out, gap)


def _key_at_hand(kept: Mapping[str, Any]) -> bytes | None:
    """Return the key that a run's names were hashed under, or None where it is not here.

    Runs of older versions have no key; their hashes are plain.
    """
    if "key" not in kept:
        return None
    if kept["key"] == PUBLIC:
        return PUBLIC_KEY
    key = read_key(pseudonyms_key())
    return key if key is not None and key_id(key) == kept["key"] else None


def _known_contents(kept: Mapping[str, Any], dataset: PreparedDataset) -> BoolArray:
    """Say of each scan whether its source file or its prepared voxels are among those that a run keeps: [n]."""
    known = np.zeros(len(dataset), dtype=bool)
    files = set(kept.get("files", ()))
    if files and "sha256" in dataset.scans:
        names = dataset.scans["sha256"]
        plain = "key" not in kept  # of an older version
        hashes = [participant_hash(name) if plain else keyed_hash(name, PUBLIC_KEY) for name in map(str, names)]
        known |= np.isin(hashes, list(files)) & names.notna().to_numpy()
    voxels = set(kept.get("voxels", ()))
    if voxels:
        known |= np.isin(dataset.voxel_hashes, list(voxels))
    return known


def _gap(run: Run, kept: Mapping[str, Any], dataset: PreparedDataset) -> str:
    """Say what is not known without the key; nothing is missing where the dataset is the run's own."""
    if dataset.sha256 == kept["sha256"]:
        return ""
    return (
        f"{run.name}: the key of its people's names ({kept['key']}) is not in this workspace, so that they are known "
        "by the same scans only; of other scans the test split counts as unseen"
    )
