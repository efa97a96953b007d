"""Synthesised DVR from folders of NIfTI files, one a visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.experiments.myelin.visits import PetVisits, Visit
from brainlab.files.unfinished import refuse_unfinished
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

ENDINGS = (".nii.gz", ".nii")
LEAST_DVR = -0.25
"""Ratios of volumes are above 0; a network may fall a little below where there is no brain. z-scores go further."""
RULE = "PARTICIPANT_SESSION.nii.gz, further words after another _"


@dataclass(frozen=True)
class SynthesisedImages:
    """Files by the visit they show.

    A file is named by the participant and the session of `scans.tsv`, `sub-01_ses-02.nii.gz`, and may go on after
    another underscore, `sub-01_ses-02_DVR.nii.gz`. A visit without a session is named by the participant alone, and a
    slash in a participant's name is written as two underscores. Values are DVR, not z-scores, on the grid of the
    prepared dataset.
    """

    files: dict[str, Path]

    @classmethod
    def find(cls, folders: Sequence[Path], visits: list[Visit]) -> "SynthesisedImages":
        """Find the files of some visits.

        Raises InputError where there are none, several of one visit, or a folder that is not whole yet.
        """
        stems: dict[Path, str] = {}
        for folder in folders:
            if not folder.is_dir():
                raise InputError(f"{folder}: needs a folder of synthesised images ({RULE}), got none; check the path")
            refuse_unfinished(folder)
            stems |= {path: path.name.removesuffix(end) for end in ENDINGS for path in sorted(folder.glob(f"*{end}"))}
        longest_first = sorted((visit.name for visit in visits), key=len, reverse=True)
        found: dict[str, Path] = {}
        for path, stem in stems.items():
            name = next((name for name in longest_first if stem == name or stem.startswith(f"{name}_")), None)
            if name is None:
                continue
            if name in found:
                raise InputError(f"{path.parent}: needs one image of {name}, got {found[name]} and {path}; keep one")
            found[name] = path
        if not found:
            raise InputError(
                f"{', '.join(map(str, folders))}: needs an image of a visit of the dataset, such as "
                f"{visits[0].name}.nii.gz, got {counted(len(stems), 'image')} of other names ({RULE})"
            )
        return cls(found)

    def has(self, visit: Visit) -> bool:
        return visit.name in self.files

    def dvr(self, visit: Visit, cohort: PetVisits) -> Float32Array:
        """Read the image of a visit [X, Y, Z]. Raises InputError where it is no DVR on the dataset's grid."""
        path = self.files[visit.name]
        volume, dataset = Volume.load(path), cohort.dataset
        if volume.data.shape != dataset.shape or not np.allclose(volume.affine, dataset.affine, atol=1e-3):
            shapes = ["x".join(map(str, shape)) for shape in (dataset.shape, volume.data.shape)]
            raise InputError(
                f"{path}: needs the grid of the prepared dataset ({shapes[0]}, its affine), got another ({shapes[1]}); "
                "write it on that grid"
            )
        if volume.missing is not None:
            raise InputError(f"{path}: needs finite numbers, got {counted(int(volume.missing.sum()), 'voxel')} without")
        if float(volume.data.min()) < LEAST_DVR:
            raise InputError(
                f"{path}: needs DVR, which is not negative, got {volume.data.min():.3g}; are these z-scores?"
            )
        return volume.data
