"""Place the scans of one visit: one brain mask, from the scan that shows it best, for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.registration.air import above_air
from brainlab.cohort.registration.coregistration import coregister
from brainlab.cohort.registration.placement import Placement, place_on_template, placed_already
from brainlab.cohort.registration.resampling import resample
from brainlab.cohort.template import GRID_SHAPE, grid_affine
from brainlab.errors import IntensityError, RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import FloatArray


@dataclass(frozen=True)
class Visit:
    """The scans of a visit, the first of which the others are brought onto.

    scans: by sequence, air at 0. placement: of the first. from_first: [4, 4], mm of the first scan to mm of each.
    notes: what a user should know of the others, one line each.
    """

    scans: dict[str, Volume]
    placement: Placement
    from_first: dict[str, FloatArray]
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Volume:
        """The scan that the others are brought onto."""
        return next(iter(self.scans.values()))

    @property
    def mask(self) -> Volume:
        """The brain on the first scan's voxels, 0 or 1."""
        return Volume(self.placement.native_mask.astype(np.float32), self.first.affine)


def place_visit(scans: Mapping[str, Volume], mask_from: str, in_template_space: bool = False) -> Visit:
    """Find the brain on one scan of a visit and bring all onto the first.

    mask_from: the sequence that the brain is found on, and that the others are fitted to. in_template_space: all are
    stripped and on the template already.
    Raises RegistrationError or IntensityError that names the sequence.
    """
    first = next(iter(scans))
    if in_template_space:
        return Visit(dict(scans), placed_already(scans[first]), {name: np.eye(4) for name in scans})
    aired: dict[str, Volume] = {}
    notes: list[str] = []
    from_hub: dict[str, FloatArray] = {}
    name = mask_from
    try:
        hub = place_on_template(scans[mask_from])
        for name, scan in scans.items():
            aired[name], note = _above_air(scan)
            notes += [f"{name}: {note}"] if note else []
        for name, scan in aired.items():
            same = name == mask_from
            from_hub[name] = np.eye(4) if same else coregister(aired[mask_from], hub.native_mask, scan).matrix
    except (RegistrationError, IntensityError) as error:
        raise type(error)(f"{name}: {error}") from error
    to_hub = np.linalg.inv(from_hub[first])
    placement = hub if first == mask_from else _moved(hub, scans[mask_from], aired[first], to_hub, from_hub[first])
    return Visit(aired, placement, {name: matrix @ to_hub for name, matrix in from_hub.items()}, tuple(notes))


def _above_air(scan: Volume) -> tuple[Volume, str]:
    """Return a scan with air at 0, or as it is with a note: where a sequence nulls tissue, much is as dark as air.

    The fit to the visit's other scan tells whether it is a head.
    """
    try:
        return above_air(scan)[0], ""
    except RegistrationError:
        return scan, "the level of air is not clear: values taken as they are"


def _moved(hub: Placement, seen_on: Volume, first: Volume, to_hub: FloatArray, from_hub: FloatArray) -> Placement:
    """Return the place of a visit's first scan where the brain was found on another."""
    mask = Volume(hub.native_mask.astype(np.float32), seen_on.affine)
    x, y, z = first.data.shape
    brain = resample(mask, (x, y, z), first.affine, to_hub).data > 0.5
    matrix = from_hub @ hub.template_to_native
    stripped = Volume(np.where(brain, first.data, np.float32(0)), first.affine)
    return Placement(brain, resample(stripped, GRID_SHAPE, grid_affine(), matrix), matrix, hub.notes, hub.scores)
