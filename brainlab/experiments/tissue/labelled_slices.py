"""Axial slices of several prepared datasets with the labels that these have in common, whatever their numbers there."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import Slices
from brainlab.errors import InputError
from brainlab.types import Float32Array, IntArray, UInt8Array

VIEW = Slices("axial", 0.0, 1.0)
"""Axial slices, all of a volume: the plane that methods for slices read, and the one in which left and right are apart
and the hemispheres can be told. A volume is read slice by slice, also those without a brain."""
BACKGROUND = "background"
IGNORED = 255
"""What a voxel is labelled whose label another dataset does not have: it counts nowhere."""


@dataclass(frozen=True)
class LabelledSlices:
    """Slices of one dataset with their labels.

    data: on disk. seen: its slices. numbers: by a label's number on disk, its number among the network's, [256].
    """

    data: PreparedDataset
    seen: PreparedDataset
    numbers: UInt8Array

    @property
    def train(self) -> IntArray:
        return self.seen.indices("train")

    @property
    def held_out(self) -> IntArray:
        return self.seen.indices("test")

    @cached_property
    def scan_numbers(self) -> IntArray:
        """The scan that each slice belongs to, counted from 0: [n]."""
        scans = self.seen.scans.groupby(["participant", "session", "source"], dropna=False, sort=False)
        return scans.ngroup().to_numpy()

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
    def of(cls, datasets: Sequence[PreparedDataset]) -> "TissueData":
        """Take the labels of the same name in all datasets that occur in any training scan.

        Raises InputError where a dataset has no segmentations, several channels, z-scores or no axial slices, where its
        training split is empty, or where no label is left.
        """
        seen = [_checked(data) for data in datasets]
        common = set.intersection(*(set(data.label_names.values()) for data in seen))
        occurring = {name for data in seen for name in _occurring(data)}
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
            LabelledSlices(data, cut, _numbers(cut.label_names, names))
            for data, cut in zip(datasets, seen, strict=True)
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


def _checked(data: PreparedDataset) -> PreparedDataset:
    """Return the axial slices of a dataset that a tissue network can learn from."""
    if data.segmentations is None:
        raise InputError(f"{data.folder}: needs segmentations, got none; prepare it with --segmentations")
    if len(data.channels) > 1 or not data.unit_range:
        raise InputError(f"{data.folder}: needs one sequence with values in [0, 1]; prepare it with another recipe")
    seen = VIEW.of(data)
    if not len(seen.indices("train")):
        raise InputError(f"{data.folder}: needs scans in the split 'train', got none; add participants")
    return seen


def _occurring(seen: PreparedDataset) -> Iterator[str]:
    """Yield the names of labels that a training slice has."""
    found = np.zeros(256, bool)
    assert seen.segmentations is not None
    for row in seen.indices("train"):
        found[np.unique(seen.segmentations[row])] = True
    yield from (name for number, name in seen.label_names.items() if found[number])


def _numbers(names: dict[int, str], labels: Sequence[str]) -> UInt8Array:
    numbers = np.full(256, IGNORED, np.uint8)
    numbers[0] = 0
    for number, name in names.items():
        if name in labels:
            numbers[number] = labels.index(name)
    return numbers
