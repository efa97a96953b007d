"""Find the affine map from the MNI152 template to a head, by Mattes mutual information, from a searched start.

A stripped template under a whole head has a wrong optimum where it has grown onto the scalp, and mutual information
does not see it: what decides is the start. So the scalp is cut away where it can be told, the poses a head can have are
searched on a coarse grid, the brain's share of the template's volume is checked at the end, and a head that passes no
check is refused.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np
import SimpleITK
from scipy import ndimage

from brainlab.cohort.preparation.head import GRID_MM, Head
from brainlab.cohort.preparation.resampling import itk_transform, matrix_of, resample, to_itk
from brainlab.cohort.template import mni_template, mni_tissue
from brainlab.errors import RegistrationError
from brainlab.types import FloatArray
from brainlab.volume import Volume

LEAST_SCALE = 0.50
MOST_SCALE = 0.95
MOST_SCALE_BARE = 1.15
"""Accepted share of the template's volume: it is 1.88 l, brains are 1.0 to 1.7 l; a scan that was brought onto the
template before has about 1, which is believed only where there is no scalp onto which the template may have grown, or
where the fit is beyond doubt."""
LEAST_SIMILARITY, SURE_SIMILARITY = 0.28, 0.35
"""Mutual information in nats, over the template's brain and 5 mm around it. Right fits had 0.31 to 0.53, fits that had
grown onto the scalp at most 0.23."""
UPRIGHT_SIMILARITY = 0.42
"""Below this mutual information a fit is compared with fits of mirrored templates: wrong fits had up to 0.34, right
ones of all contrasts but T2 over 0.40."""
MIRRORS = {1: "back to front", 2: "upside down"}
LEAST_ADVANTAGE = 1.1
"""How many times as like the template as its mirror image an upright head is: right ones are 1.4 to 2 times."""
PITCHES_DEG = (-30.0, -21.0, -12.0, -3.0, 6.0, 15.0)
SIZES = (0.85, 0.92)
SHIFTS_MM = tuple(itertools.product((-8.0, 8.0), (-20.0, -8.0, 4.0, 16.0)))
"""Shifts of the template's centre from the head's centre: towards the front, upwards."""
CANDIDATES, STARTS = 6, 2
"""How many of the searched poses are refined, and how many of those are fitted before a head is given up."""
TEMPLATE_CENTRE_MM = np.array([0.0, -18.0, 10.0])
WIDE_MM, NARROW_MM = 10, 5
"""How far around the template's brain the similarity is measured, first and last."""
FITS = ((WIDE_MM, 1.0, 80), (NARROW_MM, 0.5, 60))
"""Margin in mm, first step in mm and most iterations of each affine fit."""
SAMPLES = 0.2
"""Share of voxels that a fit looks at, drawn with a fixed seed."""
_FLIP = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Registration:
    """matrix: [4, 4], mm of the template to mm of the head's own frame. scale: its determinant. similarity: in nats."""

    matrix: FloatArray
    scale: float
    similarity: float

    def fault(self, most_scale: float) -> str | None:
        """Return why this fit cannot be right, or None."""
        most_scale = MOST_SCALE_BARE if self.similarity >= SURE_SIMILARITY else most_scale
        if not LEAST_SCALE <= self.scale <= most_scale:
            return f"a fit of {self.scale:.2f} times the template's volume, brains are {LEAST_SCALE} to {most_scale}"
        if self.similarity < LEAST_SIMILARITY:
            return f"too unlike it (mutual information {self.similarity:.2f}, {LEAST_SIMILARITY} needed)"
        return None


def register(head: Head) -> Registration:
    """Return the fit of the template to a head. Raises RegistrationError when no fit can be right."""
    most_scale = MOST_SCALE_BARE if head.stripped or head.enclosed else MOST_SCALE
    faults: list[str] = []
    for image in (head.bare, head.image)[: 2 if head.enclosed else 1]:
        moving, coarse = to_itk(image), to_itk(shrink(image, 3))
        # What a mirrored template scores is the same for every start.
        rival = cache(partial(_likeness_mirrored, coarse, head.centre_mm))
        for likeness, start in _search(coarse, head.centre_mm)[:STARTS]:
            fit = _fit(moving, start)
            fault = fit.fault(most_scale if image is head.bare else MOST_SCALE)
            if fault is None and fit.similarity < UPRIGHT_SIMILARITY:
                fault = _mirrored(likeness, rival)
            if fault is None:
                return fit
            faults.append(fault)
    raise RegistrationError(f"cannot be brought onto the template: {faults[0]}")


def shrink(volume: Volume, factor: int) -> Volume:
    """Average factor^3 voxels, dropping what is left over at the end of each axis."""
    shape = [n // factor for n in volume.data.shape]
    data = volume.data[tuple(slice(0, n * factor) for n in shape)]
    data = data.reshape(shape[0], factor, shape[1], factor, shape[2], factor).mean((1, 3, 5))
    affine = volume.affine @ np.diag([factor, factor, factor, 1.0])
    affine[:3, 3] = (volume.affine @ [*[(factor - 1) / 2] * 3, 1.0])[:3]
    return Volume(data.astype(np.float32), affine)


@lru_cache(maxsize=1)
def template_distance() -> Volume:
    """Return the distance in mm to the surface of the template's brain, negative inside, at 2 mm."""
    brain = mni_tissue().brain
    outside, inside = ndimage.distance_transform_edt(~brain), np.zeros(brain.shape)
    box = tuple(
        slice(max(0, part.start - 1), part.stop + 1) for part in ndimage.find_objects(brain.astype(np.uint8))[0]
    )
    inside[box] = ndimage.distance_transform_edt(brain[box])  # nothing outside the box is nearer than its margin
    return shrink(Volume((outside - inside).astype(np.float32), mni_template().affine), GRID_MM)


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
    affine[axis, 3] = 2 * TEMPLATE_CENTRE_MM[axis] - last
    return Volume(np.ascontiguousarray(np.flip(volume.data, axis)), affine)


def _pose(centre: FloatArray, pitch_deg: float, size: float, forward_mm: float, up_mm: float) -> FloatArray:
    """Return the [4, 4] map that puts the template's centre near the head's, pitched and scaled."""
    angle = np.deg2rad(pitch_deg)
    matrix = np.eye(4)
    matrix[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    matrix[:3, :3] *= size
    matrix[:3, 3] = centre + np.array([0, forward_mm, up_mm]) - matrix[:3, :3] @ TEMPLATE_CENTRE_MM
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


def _search(coarse: SimpleITK.Image, centre: FloatArray, mirror: int | None = None) -> list[tuple[float, FloatArray]]:
    """Score all poses on the 6 mm grid, refine the best, and return mutual information and pose, best first."""
    level = _levels(mirror)[3 * GRID_MM]
    method = _method(level.masks[WIDE_MM])
    # A mirrored head nods the other way, and lies the other way from its centre.
    nod = 1 if mirror is None else -1
    ahead, above = (-1 if mirror == 1 else 1), (-1 if mirror == 2 else 1)
    scored = []
    for pitch, size, (forward, up) in itertools.product(PITCHES_DEG, SIZES, SHIFTS_MM):
        pose = _pose(centre, nod * pitch, size, ahead * forward, above * up)
        method.SetInitialTransform(itk_transform(pose), inPlace=False)
        scored.append((method.MetricEvaluate(level.image, coarse), pose))
    scored.sort(key=lambda item: item[0])
    refined = [_refine(coarse, pose, level) for _, pose in scored[:CANDIDATES]]
    refined.sort(key=lambda item: -item[0])
    return refined


def _likeness_mirrored(coarse: SimpleITK.Image, centre: FloatArray, mirror: int) -> float:
    """Return the mutual information of a head and the template mirrored along one axis, in the best pose."""
    return _search(coarse, centre, mirror)[0][0]


def _mirrored(likeness: float, rival: Callable[[int], float]) -> str | None:
    """Say which way a head is mirrored, if a mirrored template fits it about as well as the upright one, or None.

    rival: mutual information of the template mirrored along an axis.
    """
    for mirror, name in MIRRORS.items():
        if likeness < LEAST_ADVANTAGE * rival(mirror):
            return (
                f"the head seems {name} (mutual information {rival(mirror):.2f} if mirrored, {likeness:.2f} as it is)"
            )
    return None


def _refine(coarse: SimpleITK.Image, pose: FloatArray, level: _Level) -> tuple[float, FloatArray]:
    """Improve a pose as a similarity on the 6 mm grid; return its mutual information and its matrix."""
    transform = SimpleITK.Similarity3DTransform()
    transform.SetCenter((_FLIP @ TEMPLATE_CENTRE_MM).tolist())
    transform.SetMatrix((_FLIP @ pose[:3, :3] @ _FLIP).ravel().tolist(), 1e-6)
    moved = pose[:3, :3] @ TEMPLATE_CENTRE_MM + pose[:3, 3] - TEMPLATE_CENTRE_MM
    transform.SetTranslation((_FLIP @ moved).tolist())
    method = _method(level.masks[WIDE_MM])
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.05, 60, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(level.image, coarse)
    return -method.GetMetricValue(), matrix_of(transform)


def _fit(moving: SimpleITK.Image, start: FloatArray) -> Registration:
    """Fit the affine map at 2 mm, first under a wide mask, then under a narrow one."""
    level = _levels(None)[GRID_MM]
    matrix, cost = start, 0.0
    for margin, step, iterations in FITS:
        transform = SimpleITK.AffineTransform(3)
        transform.SetCenter((_FLIP @ TEMPLATE_CENTRE_MM).tolist())
        transform.SetMatrix((_FLIP @ matrix[:3, :3] @ _FLIP).ravel().tolist())
        moved = matrix[:3, :3] @ TEMPLATE_CENTRE_MM + matrix[:3, 3] - TEMPLATE_CENTRE_MM
        transform.SetTranslation((_FLIP @ moved).tolist())
        method = _method(level.masks[margin], SAMPLES)
        method.SetOptimizerAsRegularStepGradientDescent(step, 0.01, iterations, 0.6, 1e-6, method.Once)
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(level.image, moving)
        matrix, cost = matrix_of(transform), method.GetMetricValue()
    return Registration(matrix, float(np.linalg.det(matrix[:3, :3])), -cost)


def distance_to_brain(image: Volume, matrix: FloatArray) -> FloatArray:
    """Return the distance in mm of each voxel of an image to the laid-on template's brain surface, negative inside.

    matrix: [4, 4] from mm of the template to mm of the image.
    """
    shape = image.data.shape
    near = resample(
        template_distance(), (shape[0], shape[1], shape[2]), image.affine, np.linalg.inv(matrix), outside=100.0
    )
    return near.data * float(np.cbrt(np.linalg.det(matrix[:3, :3])))
