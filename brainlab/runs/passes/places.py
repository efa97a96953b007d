"""Runs and datasets as other processes open them: by where they lie, and by what they must be there."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.scan_table import read_scans
from brainlab.errors import InputError
from brainlab.runs.run import Run, load_run


@dataclass(frozen=True)
class RunPlace:
    """A run on disk. folder: absolute. sha256: of its weights. device: where its network computes."""

    folder: Path
    sha256: str
    device: str

    @classmethod
    def of(cls, run: Run) -> "RunPlace":
        return cls(run.folder.absolute(), run.sha256, run.device)

    def load(self) -> Run:
        """Return the run, opened once in a process. Raises InputError where other weights lie there."""
        return _run(self)


@dataclass(frozen=True)
class DatasetPlace:
    """A prepared dataset on disk, or what a run sees of it.

    folder: absolute. description: hash of its recipe and its table, which names every source by its own hash. seen_by:
    the run that sees it, None for the dataset as it lies there.
    """

    folder: Path
    description: str
    seen_by: RunPlace | None = None

    @classmethod
    def of(cls, dataset: PreparedDataset, seen_by: RunPlace | None = None) -> "DatasetPlace":
        """Raises InputError where the dataset in memory is not the one on disk."""
        whole = dataset.cut_from or dataset
        if not read_scans(whole.folder / "scans.tsv").equals(whole.scans):
            raise InputError(f"{whole.folder}: is not what was opened from there; open it again, or use one process")
        return cls(whole.folder.absolute(), _description(whole.folder), seen_by)

    def load(self) -> PreparedDataset:
        """Return the dataset, opened once in a process. Raises InputError where another one lies there."""
        return _dataset(self)


@lru_cache(maxsize=2)
def _run(place: RunPlace) -> Run:
    run = load_run(place.folder, place.device)
    if run.sha256 != place.sha256:
        raise InputError(f"{place.folder}: a worker finds other weights there; it needs the same files")
    return run


@lru_cache(maxsize=4)
def _dataset(place: DatasetPlace) -> PreparedDataset:
    dataset = PreparedDataset.open(place.folder)
    if _description(place.folder) != place.description:
        raise InputError(f"{place.folder}: a worker finds another dataset there; it needs the same files")
    return dataset if place.seen_by is None else place.seen_by.load().see(dataset)


def _description(folder: Path) -> str:
    files = (folder / "recipe.json", folder / "scans.tsv")
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()
