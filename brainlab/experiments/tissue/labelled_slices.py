"""Slices of several prepared datasets with the labels that these have in common, whatever their numbers there."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.segmentations import IGNORED, numbers_among
from brainlab.cohort.views import Slices
from brainlab.errors import InputError
from brainlab.evaluation.metrics.machine_reader import different_people_first
from brainlab.types import Float32Array, IntArray, UInt8Array

BACKGROUND = "background"


@dataclass(frozen=True)
class LabelledSlices:
    """Slices of one dataset with their labels.

    data: on disk. seen: its slices, all of a volume, also those without a brain. numbers: by a label's number on disk,
    its number among the network's, [256]. train: rows of the slices to learn.
    """

    data: PreparedDataset
    seen: PreparedDataset
    numbers: UInt8Array
    train: IntArray

    @property
    def held_out(self) -> IntArray:
        return self.seen.indices("test")

    @cached_property
    def scan_numbers(self) -> IntArray:
        """The scan that each slice belongs to, counted from 0: [n]."""
        return _scan_numbers(self.seen)

    def read(self, rows: IntArray) -> tuple[Float32Array, UInt8Array]:
        """Return slices [n, 1, X, Y] in [0, 1] and their labels [n, X, Y], those of the network or IGNORED."""
        labels = self.seen.segmentations
        assert labels is not None
        return self.seen.batch(rows), self.numbers[np.asarray(labels[rows])]

    @cached_property
    def labels_sha256(self) -> str:
        """Hash of the segmentations on disk."""
        digest = hashlib.sha256()
        for labels in self.data.segmentations if self.data.segmentations is not None else ():
            digest.update(np.ascontiguousarray(labels).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class TissueData:
    """All datasets of a training. labels: names in the order of the network's logits, background first."""

    labels: tuple[str, ...]
    parts: tuple[LabelledSlices, ...]

    @classmethod
    def of(
        cls, datasets: Sequence[PreparedDataset], plane: str = "axial", scans: int | None = None, seed: int = 0
    ) -> "TissueData":
        """Take the labels of the same name in all datasets that occur in any scan that is learned.

        plane: of the slices.  scans: how many training scans of each dataset are learned, of different people first,
        drawn by the seed; all by default.
        Raises InputError where a dataset has no segmentations, several channels, z-scores or no slices of the plane,
        where its training split has no scans or fewer than asked for, or where no label is left.
        """
        view = Slices(plane, 0.0, 1.0)
        seen = [_checked(data, view) for data in datasets]
        rows = [_learned_rows(data, scans, seed) for data in seen]
        common = set.intersection(*(set(data.label_names.values()) for data in seen))
        occurring = {name for data, some in zip(seen, rows, strict=True) for name in _occurring(data, some)}
        labels = tuple(name for name in seen[0].label_names.values() if name in common & occurring)
        if not labels:
            raise InputError(
                "needs a label that all datasets name alike, got none: "
                + "; ".join(f"{data.folder.name} has {', '.join(data.label_names.values())}" for data in seen)
                + "; give their segmentations one dseg.tsv"
            )
        if len(labels) >= IGNORED:
            raise InputError(f"needs fewer than {IGNORED} labels, got {len(labels)}; merge some in the segmentations")
        names = (BACKGROUND, *labels)
        parts = [
            LabelledSlices(data, cut, numbers_among(cut.label_names, names), some)
            for data, cut, some in zip(datasets, seen, rows, strict=True)
        ]
        return cls(names, tuple(parts))

    def batches(self, size: int, random: torch.Generator) -> list[tuple[int, IntArray]]:
        """Return the batches of an epoch: number of a part and rows of its training slices, each of one dataset.

        Sides differ between datasets and not within a batch. Each slice comes once, but for those that fill no batch.
        """
        found = []
        for number, part in enumerate(self.parts):
            rows = part.train[torch.randperm(len(part.train), generator=random).numpy()]
            own = min(size, len(rows))
            found += [(number, np.sort(rows[first : first + own])) for first in range(0, len(rows) - own + 1, own)]
        return [found[place] for place in torch.randperm(len(found), generator=random).tolist()]


def _checked(data: PreparedDataset, view: Slices) -> PreparedDataset:
    """Return the slices of a dataset that a tissue network can learn from."""
    if data.segmentations is None:
        raise InputError(f"{data.folder}: needs segmentations, got none; prepare it with --segmentations")
    if len(data.channels) > 1 or not data.unit_range:
        raise InputError(f"{data.folder}: needs one sequence with values in [0, 1]; prepare it with another recipe")
    seen = view.of(data)
    if not len(seen.indices("train")):
        raise InputError(f"{data.folder}: needs scans in the split 'train', got none; add participants")
    return seen


def _learned_rows(seen: PreparedDataset, scans: int | None, seed: int) -> IntArray:
    """Return the training slices of so many scans, of different people first."""
    rows = seen.indices("train")
    if scans is None:
        return rows
    numbers, first = np.unique(_scan_numbers(seen)[rows], return_index=True)
    if len(numbers) < scans:
        raise InputError(f"--scans: needs {scans} training scans of {seen.folder}, got {len(numbers)}; ask for fewer")
    people = seen.scans["participant"].to_numpy(dtype=str)[rows[first]]
    chosen = numbers[different_people_first(people, np.random.default_rng(seed))[:scans]]
    return rows[np.isin(_scan_numbers(seen)[rows], chosen)]


def _scan_numbers(seen: PreparedDataset) -> IntArray:
    scans = seen.scans.groupby(["participant", "session", "source"], dropna=False, sort=False)
    return scans.ngroup().to_numpy()


def _occurring(seen: PreparedDataset, rows: IntArray) -> Iterator[str]:
    """Yield the names of labels that some of the slices have."""
    found = np.zeros(256, bool)
    assert seen.segmentations is not None
    for row in rows:
        found[np.unique(seen.segmentations[row])] = True
    yield from (name for number, name in seen.label_names.items() if found[number])
