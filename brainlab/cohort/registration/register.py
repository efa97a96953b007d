"""Find the affine map from the MNI152 template to a head: searched by mutual information, refined by tissues, judged.

A stripped template under a whole head has a wrong optimum where it has grown onto the scalp, and mutual information
does not see it: what decides is the start. So the scalp is cut away where it can be told, the poses a head can have are
searched on a coarse grid, and the best are refined by how well the template's tissues explain the head (`tissue_fit`).
A fit is accepted when they do (`fit_test`) and the brain has a brain's size; a head that has no such fit is searched in
further turned poses, then refused.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np
import SimpleITK

from brainlab.cohort.registration.fit_test import Evidence, turn, weigh
from brainlab.cohort.registration.head import GRID_MM, Head
from brainlab.cohort.registration.resampling import itk_transform, matrix_of, to_itk
from brainlab.cohort.registration.template_grids import shrink, template_distance
from brainlab.cohort.registration.tissue_fit import CENTRE_MM, blurred, scaled, tissue_fit
from brainlab.cohort.template import mni_template
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import FloatArray

LEAST_SCALE = 0.50
MOST_SCALE = 0.95
MOST_SCALE_BARE = 1.15
"""Accepted share of the template's volume: it is 1.88 l, brains are 1.0 to 1.7 l; a scan that was brought onto the
template before has about 1, which is believed only where there is no scalp onto which the template may have grown, or
where the fit is beyond doubt."""
SCALE_FALL = 0.35
"""A fit whose neighbours are this much worse is beyond doubt: heads on the template had .5, grown fits at most .26."""
MIRRORS = {1: "back to front", 2: "upside down"}
LEAST_ADVANTAGE = 1.1
"""How many times as like the template as its mirror image an upright head is: right ones are 1.4 to 2 times."""

Pose = tuple[tuple[float, float, float], float, tuple[float, float]]
"""Turns about x, y and z in degrees, size, shift of the template's centre from the head's in mm: to the front, up."""
UPRIGHT: tuple[Pose, ...] = tuple(
    ((pitch, 0.0, 0.0), size, shift)
    for pitch, size, shift in itertools.product(
        (-30.0, -21.0, -12.0, -3.0, 6.0, 15.0),
        (0.85, 0.92),
        itertools.product((-8.0, 8.0), (-20.0, -8.0, 4.0, 16.0)),
    )
)
TURNED: tuple[Pose, ...] = tuple(
    (turns, 0.88, (0.0, up))
    for turns, up in itertools.product(
        itertools.product((-45.0, -22.0, 0.0, 22.0, 45.0), (-35.0, 0.0, 35.0), (-35.0, 0.0, 35.0)), (-14.0, 6.0)
    )
)
CANDIDATES, STARTS = 6, 2
"""How many of the searched poses are refined, and how many of those are fitted before a head is given up."""
START_SIZES = (1.0, 0.85)
"""A start that has grown onto the scalp comes back from the second: DIR went from 1.25 to .74 of the volume."""
MOST_ROUNDS, AT_REST_MM = 4, 0.1
"""The best fit is taken up again until it moves no further: the steps of a T2 pitched by 30 degrees had ended 5 mm off,
and 1.2 mm off after two more rounds. The gain does not tell: that of a T1 after contrast fell on the way."""
WIDE_MM, NARROW_MM = 10, 5
"""How far around the template's brain the similarity is measured, first and last."""
_FLIP = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Registration:
    """matrix: [4, 4], mm of the template to mm of the head's own frame. scale: its determinant. similarity: in nats.

    brightness: of white matter, grey matter and fluid, in the image's units. rim_mm: how far bright fluid reaches out
    of the brain, 0 where it is dark. evidence: what speaks for it.
    """

    matrix: FloatArray
    scale: float
    similarity: float
    brightness: FloatArray
    rim_mm: float
    evidence: Evidence

    def fault(self, most_scale: float) -> str | None:
        """Return why this fit cannot be right, or None."""
        most_scale = MOST_SCALE_BARE if self.evidence.fall >= SCALE_FALL else most_scale
        if not LEAST_SCALE <= self.scale <= most_scale:
            return f"a fit of {self.scale:.2f} times the template's volume, brains are {LEAST_SCALE} to {most_scale}"
        return self.evidence.fault()


def register(head: Head) -> Registration:
    """Return the fit of the template to a head. Raises RegistrationError when no fit can be right."""
    most_scale = MOST_SCALE_BARE if head.stripped else MOST_SCALE
    moving = to_itk(head.bare)
    image = blurred(head.image)
    coarse = [to_itk(shrink(picture, 3)) for picture in (head.bare, head.image)[: 2 if head.enclosed else 1]]
    # What a mirrored template scores is the same for every start.
    rivals = [cache(partial(_likeness_mirrored, picture, head.centre_mm)) for picture in coarse]
    likenesses, faults = [], []
    for poses, (picture, rival) in itertools.product((UPRIGHT, TURNED), zip(coarse, rivals, strict=True)):
        found = _search(picture, head.centre_mm, poses)[:STARTS]
        likenesses.append((found[0][0], rival))
        fit = _best(image, moving, [start for _, start in found], head.voxel_mm)
        fault = fit.fault(most_scale)
        if fault is None and fit.evidence.doubtful:
            fault = _mirrored(found[0][0], rival)
        if fault is None:
            return fit
        faults.append(fault)
    likeness, rival = max(likenesses, key=lambda pair: pair[0])
    raise RegistrationError(
        f"cannot be brought onto the template: {_mirrored(likeness, rival, 1 / LEAST_ADVANTAGE) or faults[0]}"
    )


def _best(image: Volume, moving: SimpleITK.Image, starts: list[FloatArray], voxel_mm: float) -> Registration:
    """Refine starts of two sizes by tissues; take the best of them up again until it has come to rest."""
    fits = [tissue_fit(image, scaled(start, size), voxel_mm) for start, size in itertools.product(starts, START_SIZES)]
    fit = max(fits, key=lambda fit: fit.gain)
    for _ in range(MOST_ROUNDS):
        # Not `refit`: the model was chosen at a worse place.
        again = tissue_fit(image, fit.matrix, voxel_mm)
        moved_mm = float(np.linalg.norm(((again.matrix - fit.matrix) @ fit.model.points)[:3], axis=0).mean())
        fit = again
        if moved_mm < AT_REST_MM:
            break
    level = _levels(None)[GRID_MM]
    method = _method(level.masks[NARROW_MM])
    method.SetInitialTransform(itk_transform(fit.matrix), inPlace=False)
    similarity = -method.MetricEvaluate(level.image, moving)
    scale = float(np.linalg.det(fit.matrix[:3, :3]))
    return Registration(fit.matrix, scale, similarity, fit.brightness, fit.model.rim_mm, weigh(image, fit))


@dataclass(frozen=True)
class _Level:
    """The template at one resolution, with the masks that reach so many mm around the brain."""

    image: SimpleITK.Image
    masks: dict[int, SimpleITK.Image]


@lru_cache(maxsize=3)
def _levels(mirror: int | None) -> dict[int, _Level]:
    """Return the template at 6 and 2 mm, mirrored about its centre along one axis if asked for."""
    near, image = template_distance(), shrink(mni_template(), GRID_MM)
    if mirror is not None:
        near, image = _mirror(near, mirror), _mirror(image, mirror)
    levels = {}
    for factor in (1, 3):
        distance, small = shrink(near, factor), shrink(image, factor)
        masks = {
            margin: to_itk(Volume((distance.data <= margin).astype(np.float32), distance.affine))
            for margin in (NARROW_MM, WIDE_MM)
        }
        masks = {margin: SimpleITK.Cast(mask, SimpleITK.sitkUInt8) for margin, mask in masks.items()}
        levels[factor * GRID_MM] = _Level(to_itk(small), masks)
    return levels


def _mirror(volume: Volume, axis: int) -> Volume:
    """Mirror a volume with axes along space about the template's centre."""
    affine = volume.affine.copy()
    last = affine[axis, 3] + affine[axis, axis] * (volume.data.shape[axis] - 1)
    affine[axis, 3] = 2 * CENTRE_MM[axis] - last
    return Volume(np.ascontiguousarray(np.flip(volume.data, axis)), affine)


def _pose(centre: FloatArray, turns_deg: tuple[float, ...], size: float, forward_mm: float, up_mm: float) -> FloatArray:
    """Return the [4, 4] map that puts the template's centre near the head's, turned about x, y and z and scaled."""
    matrix = np.eye(4)
    for axis, degrees in enumerate(turns_deg):
        matrix = turn(axis, degrees) @ matrix
    matrix[:3, :3] *= size
    matrix[:3, 3] = centre + np.array([0, forward_mm, up_mm]) - matrix[:3, :3] @ CENTRE_MM
    return matrix


def _method(mask: SimpleITK.Image, share: float = 1.0) -> SimpleITK.ImageRegistrationMethod:
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(SimpleITK.sitkLinear)
    if share < 1:
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(share, 1)
    return method


def _search(
    coarse: SimpleITK.Image, centre: FloatArray, poses: tuple[Pose, ...] | None = None, mirror: int | None = None
) -> list[tuple[float, FloatArray]]:
    """Score poses on the 6 mm grid, refine the best, and return mutual information and map, best first."""
    level = _levels(mirror)[3 * GRID_MM]
    method = _method(level.masks[WIDE_MM])
    # A mirrored head nods the other way, and lies the other way from its centre.
    nod = 1 if mirror is None else -1
    ahead, above = (-1 if mirror == 1 else 1), (-1 if mirror == 2 else 1)
    scored = []
    for (pitch, roll, yaw), size, (forward, up) in poses or UPRIGHT:
        pose = _pose(centre, (nod * pitch, roll, yaw), size, ahead * forward, above * up)
        method.SetInitialTransform(itk_transform(pose), inPlace=False)
        scored.append((method.MetricEvaluate(level.image, coarse), pose))
    scored.sort(key=lambda item: item[0])
    refined = [_refine(coarse, pose, level) for _, pose in scored[:CANDIDATES]]
    refined.sort(key=lambda item: -item[0])
    return refined


def _likeness_mirrored(coarse: SimpleITK.Image, centre: FloatArray, mirror: int) -> float:
    """Return the mutual information of a head and the template mirrored along one axis, in the best pose."""
    return _search(coarse, centre, UPRIGHT, mirror)[0][0]


def _mirrored(likeness: float, rival: Callable[[int], float], advantage: float = LEAST_ADVANTAGE) -> str | None:
    """Say which way a head is mirrored, if the upright template is not so many times as like it as a mirrored one.

    rival: mutual information of the template mirrored along an axis.
    """
    for mirror, name in MIRRORS.items():
        if likeness < advantage * rival(mirror):
            return (
                f"the head seems {name} (mutual information {rival(mirror):.2f} if mirrored, {likeness:.2f} as it is)"
            )
    return None


def _refine(coarse: SimpleITK.Image, pose: FloatArray, level: _Level) -> tuple[float, FloatArray]:
    """Improve a pose as a similarity on the 6 mm grid; return its mutual information and its matrix."""
    transform = SimpleITK.Similarity3DTransform()
    transform.SetCenter((_FLIP @ CENTRE_MM).tolist())
    transform.SetMatrix((_FLIP @ pose[:3, :3] @ _FLIP).ravel().tolist(), 1e-6)
    moved = pose[:3, :3] @ CENTRE_MM + pose[:3, 3] - CENTRE_MM
    transform.SetTranslation((_FLIP @ moved).tolist())
    method = _method(level.masks[WIDE_MM])
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.05, 60, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(level.image, coarse)
    return -method.GetMetricValue(), matrix_of(transform)
