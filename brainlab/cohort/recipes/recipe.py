"""What a preparation recipe is: a grid, a tuple of steps, and the sequences of scans that it is made for."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab.cohort.bias_field import CorrectBias
from brainlab.cohort.intensity import (
    BRAIN,
    CHANNELS,
    INTENSITY,
    SCALED_BY,
    UNIT,
    Z_SCORE,
    is_quantity,
    sequence_key,
)
from brainlab.cohort.sampling import PictureSquare, SampledGrid
from brainlab.cohort.steps import BlockMeans, Step
from brainlab.errors import InputError
from brainlab.images.grid import PLANES, Scalar, normal_axis
from brainlab.images.volume import Volume
from brainlab.types import FloatArray

REGISTERED = "affine registration of the MNI152 template: searched by mutual information, refined by its tissues"
STRIPPED = "brain mask from the template, refined on the scan's intensities; all else set to 0"
ON_TEMPLATE = "resampled to 182x218x182 at 1 mm, first voxel at -91, -126, -72 mm (RAS)"
COREGISTERED = "affine registration of the other sequences of the visit (Mattes mutual information)"
SCORED = (
    "z-scores by sequence: mean and standard deviation of all voxels of the training participants' images, or of the "
    "dataset that was named"
)
"""What comes before and after the steps, in words: see `registration.placement` and `registration.coregistration`."""

SHOW_BRAIN = ("FLAIR", "T1w", "T2w", "PDw", "T2starw", "MTRmap")
"""Sequences that the brain is found on, the best first; where a visit has none of them, its first is taken."""
SCORED_BY_BRAIN = "z-scores by scan: mean and standard deviation of its own brain's voxels"


@dataclass(frozen=True, kw_only=True)
class PreparationRecipe:
    """From the scan or the scans of a visit, or from pictures, to images of one grid.

    grid: that of the result: block means of the stripped scan on the template's 1 mm grid (182x218x182), a grid on
    which the scan itself is sampled, or a square for pictures.
    steps: what is done to the intensities on that grid, in order.
    modalities: sequences of the scans it is made for; a dataset without any of them is taken as it is.
    several: whether an image has all of `modalities` as channels, brought onto the first of them.
    free: whether these are any that a user names, none by default.
    mask_from: where there are several, the sequence that the brain is found on.
    plane: of the slices that the result is cut into; None for volumes.
    z_scored: whether values become z-scores of the cohort at the end.
    by_brain: whether these are of each scan's own brain, and not of the cohort.
    weighted: whether the diffusion-weighted images of a series are meant, and not those without weighting.
    paper_exact: whether it keeps an error of the published code.
    """

    name: str
    summary: str
    modalities: tuple[str, ...]
    grid: BlockMeans | SampledGrid | PictureSquare
    steps: tuple[Step, ...]
    several: bool = False
    free: bool = False
    mask_from: str | None = None
    plane: str | None = None
    z_scored: bool = False
    by_brain: bool = False
    weighted: bool = False
    paper_exact: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a prepared image, without channels: three sides of a volume, two of a slice."""
        if self.plane is None or self.pictures:
            return self.grid.shape
        return tuple(side for axis, side in enumerate(self.grid.shape) if axis != normal_axis(self.plane))

    @property
    def first_slice(self) -> int:
        """Number in its scan of the first slice that is made of it."""
        return self.grid.kept[0] if isinstance(self.grid, SampledGrid) and self.grid.kept else 0

    @property
    def affine(self) -> FloatArray:
        """The 4x4 matrix from prepared voxels to mm (RAS)."""
        return self.grid.affine

    @property
    def intensity(self) -> str:
        """What prepared values are: UNIT, in [0, 1], or Z_SCORE."""
        return Z_SCORE if self.z_scored else UNIT

    @property
    def dtype(self) -> str:
        """In what type values are stored where the user names none."""
        return "float16" if self.z_scored else "uint8"

    @property
    def pictures(self) -> bool:
        """Whether it reads pictures and no scans."""
        return isinstance(self.grid, PictureSquare)

    @property
    def alone(self) -> bool:
        """Whether one scan makes one volume by itself: no slices, channels or z-scores of a cohort."""
        return self.plane is None and not self.several and not self.z_scored

    @property
    def channels(self) -> tuple[str, ...]:
        """Sequences of the channels of an image; empty where it has one, of any sequence."""
        return self.modalities if self.several else ()

    def apply(self, image: Volume, sequence: str | None = None) -> Volume:
        """Return the prepared image of a brain that lies on the template, its axes along those of space.

        Of recipes without block means `image` lies on the grid already.
        """
        if isinstance(self.grid, BlockMeans):
            image = self.grid.apply(image)
        for step in self.steps:
            if step.concerns(sequence):
                image = step.apply(image)
        return image

    def cut(self, volume: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return a volume [X, Y, Z] on the grid as it is stored: as it is, or as its slices [n, *shape]."""
        return volume if self.plane is None else np.moveaxis(volume, normal_axis(self.plane), 0)

    def record(self) -> dict[str, Any]:
        """Return what `recipe.json` keeps of the recipe, without versions and data."""
        parts = (self.grid, *self.steps)
        numbers = {name: value for part in parts for name, value in dataclasses.asdict(part).items()}  # type: ignore[arg-type]
        return {
            "name": self.name,
            "summary": self.summary,
            "modalities": self.modalities,
            **numbers,
            "steps": self.words,
            "shape": list(self.shape),
            "affine": self.affine.tolist(),
            **({"plane": self.plane} if self.plane else {}),
            **({CHANNELS: self.channels, "mask_from": self.mask_from} if self.several else {}),
            **({} if self.intensity == UNIT else {INTENSITY: self.intensity}),
            **({SCALED_BY: BRAIN} if self.by_brain else {}),
            **({"paper_exact": True} if self.paper_exact else {}),
        }

    @property
    def words(self) -> tuple[str, ...]:
        """All that is done, in order."""
        before: tuple[str, ...] = ()
        if isinstance(self.grid, BlockMeans):
            before = (REGISTERED, STRIPPED, ON_TEMPLATE)
        elif isinstance(self.grid, SampledGrid):
            before = (REGISTERED, STRIPPED) if self.grid.stripped else (REGISTERED,)
            before += (COREGISTERED,) if self.several else ()
        after = ((SCORED_BY_BRAIN if self.by_brain else SCORED),) if self.z_scored else ()
        return (*before, self.grid.words, *(step.words for step in self.steps), *after)

    def of_sequences(self, names: Sequence[str]) -> "PreparationRecipe":
        """Return the recipe for some of its sequences, in its own order. Raises InputError for any other."""
        if not self.several:
            raise InputError(f"--modalities: {self.name} prepares one sequence; choose files with --include")
        if self.free:
            if len(names) < 2 or len(set(map(sequence_key, names))) < len(names):
                raise InputError(
                    f"--modalities: {self.name} needs two sequences or more, each once, the others to be brought onto "
                    f"the first, got {', '.join(names)}"
                )
            return self._of_any(names)
        known = {sequence_key(name): name for name in self.modalities}
        if wrong := [name for name in names if sequence_key(name) not in known]:
            raise InputError(
                f"--modalities {wrong[0]}: {self.name} is for {', '.join(self.modalities)}; choose of these"
            )
        chosen = {known[sequence_key(name)] for name in names}
        if self.modalities[0] not in chosen or len(chosen) < 2:
            raise InputError(
                f"--modalities: {self.name} needs {self.modalities[0]}, which the others are brought onto, and at "
                f"least one other, got {', '.join(names)}"
            )
        kept = tuple(name for name in self.modalities if name in chosen)
        return dataclasses.replace(
            self, modalities=kept, mask_from=self.mask_from if self.mask_from in chosen else self.modalities[0]
        )

    def from_inputs(self, names: Sequence[str]) -> "PreparationRecipe":
        """Return the recipe for some of its sequences, brought onto the first of them: of what a target is made from.

        Raises InputError for a sequence that is not one of the recipe's.
        """
        if self.free:
            return self._of_any(names)
        known, keys = {sequence_key(name): name for name in self.modalities}, list(map(sequence_key, names))
        if wrong := [name for name, key in zip(names, keys, strict=True) if key not in known]:
            raise InputError(f"{self.name}: needs sequences of {', '.join(self.modalities)}, got {', '.join(wrong)}")
        kept = tuple(known[key] for key in keys)
        return dataclasses.replace(
            self, modalities=kept, mask_from=self.mask_from if self.mask_from in kept else kept[0]
        )

    def _of_any(self, names: Sequence[str]) -> "PreparationRecipe":
        """Return the recipe for sequences that a user names, N4 for those that are no quantities."""
        by_key = {sequence_key(name): name for name in names}
        shown = next((by_key[key] for key in map(sequence_key, SHOW_BRAIN) if key in by_key), names[0])
        steps = (CorrectBias(bias_kept=tuple(filter(is_quantity, names))),)
        return dataclasses.replace(self, modalities=tuple(names), mask_from=shown, steps=steps)

    def scaled_by_brain(self) -> "PreparationRecipe":
        """Return the recipe with z-scores of each scan's own brain.

        Raises InputError where it makes no z-scores, or where its sequences are quantities: scaled by the brain that
        they are measured in, they would lose what tells people and visits apart.
        """
        if not self.z_scored:
            raise InputError(f"--scale-by: {self.name} scales each scan by itself; leave it out")
        if measured := list(filter(is_quantity, self.modalities)):
            raise InputError(
                f"--scale-by brain: {', '.join(measured)} are quantities with units of their own, which differ between "
                "people; leave it out"
            )
        return dataclasses.replace(self, by_brain=True)

    def of_plane(self, plane: str) -> "PreparationRecipe":
        """Return the recipe for pictures of another plane. Raises InputError where it makes its slices itself."""
        if not self.pictures:
            raise InputError(f"--plane: says what pictures show; {self.name} is for scans, leave it out")
        if plane not in PLANES:
            raise InputError(f"--plane {plane}: choose one of {', '.join(PLANES)}")
        return dataclasses.replace(self, plane=plane)
