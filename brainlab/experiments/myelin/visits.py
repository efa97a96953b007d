"""What the myelin indices read of a prepared dataset: DVR and labels of a visit, and who has which visits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.z_scores import numbers_of
from brainlab.errors import InputError
from brainlab.myelin.distance import distance_from_fluid_mm
from brainlab.types import BoolArray, Float32Array, UInt8Array

CHANNEL = "DVR"
LESION = ("lesion",)
WHITE = ("white",)
FLUID = ("fluid", "ventricle", "csf")
"""Words by which labels are known, in this order: `left-white`, `sulcal-fluid`, `white-matter-lesion` (a lesion)."""


@dataclass(frozen=True)
class Visit:
    """One row of the dataset. age_years is NaN, and sex and session None, where not known."""

    row: int
    participant: str
    session: str | None
    class_name: str | None
    age_years: float
    sex: str | None

    @property
    def name(self) -> str:
        """How messages and files of synthesised images call the visit."""
        return "_".join(filter(None, [self.participant.replace("/", "__"), self.session]))


@dataclass(frozen=True)
class Labels:
    """Masks of one visit's segmentation, and the distance from fluid in mm, each [X, Y, Z]."""

    brain: BoolArray
    lesion: BoolArray
    white: BoolArray
    distance_mm: Float32Array


@dataclass(frozen=True)
class PetVisits:
    """A prepared dataset with DVR as one of its channels and with segmentations."""

    dataset: PreparedDataset
    segmentations: UInt8Array
    mean: float
    sd: float
    """Of DVR, before it became a z-score."""
    numbers: Mapping[str, tuple[int, ...]]
    """Numbers of the labels that are `lesion`, `white` and `fluid`."""

    @classmethod
    def open(cls, folder: Path | str) -> "PetVisits":
        """Open a dataset of recipe `pet-synthesis`, or one like it.

        Raises InputError where it holds slices, has no channel DVR, no z-scores that lead back to DVR, or lacks a label
        of lesions, white matter or fluid.
        """
        dataset = PreparedDataset.open(folder)
        if len(dataset.shape) != 3:
            raise InputError(f"{folder}: myelin indices need volumes, got slices; prepare with pet-synthesis")
        if CHANNEL not in dataset.channels:
            found = ", ".join(dataset.channels)
            raise InputError(f"{folder}: needs a channel {CHANNEL}, got {found}; prepare with pet-synthesis")
        if dataset.unit_range:
            raise InputError(
                f"{folder}: needs {CHANNEL} as z-scores, which lead back to ratios, got values in [0, 1]; prepare with "
                "pet-synthesis"
            )
        if dataset.segmentations is None:
            raise InputError(
                f"{folder}: needs segmentations with lesions, white matter and fluid, got none; prepare with "
                "--segmentations FOLDER"
            )
        numbers = numbers_of(dataset.folder, dataset.recipe)[CHANNEL]
        return cls(dataset, dataset.segmentations, numbers["mean"], numbers["sd"], _label_numbers(dataset))

    @property
    def voxel_ml(self) -> float:
        return float(abs(np.linalg.det(self.dataset.affine[:3, :3]))) / 1000

    def dvr(self, visit: Visit) -> Float32Array:
        """Return the distribution volume ratio of a visit [X, Y, Z]."""
        scores = self.dataset.batch(np.array([visit.row]))[0, self.dataset.channels.index(CHANNEL)]
        return scores * np.float32(self.sd) + np.float32(self.mean)

    def labels(self, visit: Visit) -> Labels:
        """Return the masks of a visit's own segmentation. Raises InputError where it has no fluid."""
        image = np.asarray(self.segmentations[visit.row])
        size_mm = np.linalg.norm(self.dataset.affine[:3, :3], axis=0).tolist()
        try:
            distance_mm = distance_from_fluid_mm(image, self.numbers["fluid"], size_mm)
        except InputError as error:
            raise InputError(f"{self.dataset.folder}: {visit.name}: {error}") from error
        lesion, white = (np.isin(image, self.numbers[kind]) for kind in ("lesion", "white"))
        return Labels(image > 0, lesion, white, distance_mm)

    def people(self) -> dict[str, list[Visit]]:
        """Return each participant's visits in the order of time: by age where every visit has one, else by session.

        Raises InputError where a participant has two rows of one session, which cannot be told apart.
        """
        found: dict[str, list[Visit]] = {}
        for row, line in enumerate(self.dataset.scans.to_dict("records")):
            session, class_name, sex = (
                None if pd.isna(line[key]) else str(line[key]) for key in ("session", "class", "sex")
            )
            visit = Visit(row, str(line["participant"]), session, class_name, float(line["age_years"]), sex)
            found.setdefault(visit.participant, []).append(visit)
        for visits in found.values():
            names = [visit.name for visit in visits]
            if len(set(names)) < len(names):
                raise InputError(
                    f"{self.dataset.folder}: needs one row a visit, got several of {max(names, key=names.count)}; name "
                    "the sessions in scans.tsv"
                )
            by_age = len({visit.age_years for visit in visits if np.isfinite(visit.age_years)}) == len(visits)
            visits.sort(key=lambda visit: visit.age_years if by_age else 0)
            if not by_age:
                visits.sort(key=lambda visit: visit.session or "")
        return found


def _label_numbers(dataset: PreparedDataset) -> dict[str, tuple[int, ...]]:
    """Return the numbers of the labels of each kind by their names."""
    kinds = {"lesion": LESION, "fluid": FLUID, "white": WHITE}
    found: dict[str, list[int]] = {kind: [] for kind in kinds}
    for number, name in dataset.label_names.items():
        kind = next((kind for kind, words in kinds.items() if any(word in name.lower() for word in words)), None)
        if kind is not None:
            found[kind].append(number)
    if absent := [kind for kind, numbers in found.items() if not numbers]:
        words, names = " or ".join(kinds[absent[0]]), ", ".join(dataset.label_names.values())
        raise InputError(
            f"{dataset.folder}: needs a label of {absent[0]} (with {words} in its name), got {names}; name the labels "
            "in dseg.tsv and prepare again"
        )
    return {kind: tuple(numbers) for kind, numbers in found.items()}
