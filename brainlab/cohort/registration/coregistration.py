"""Bring the scans of one visit onto each other: one head, so the fit starts from the scanner's own coordinates.

Mattes mutual information, rigid at first, then affine, under the brain's mask and a margin around it. Where the headers
do not put the heads over each other, as after another session or a lost header, the fit starts from their centres.
"""

from dataclasses import dataclass

import numpy as np
import SimpleITK
from scipy import ndimage

from brainlab.cohort.registration.resampling import itk_transform, matrix_of, resample, to_itk
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray

COARSE_MM, FINE_MM = 4.0, 2.0
"""Grid of the rigid and of the affine fit."""
MARGIN_MM = 10.0
"""How far around the brain the likeness is measured."""
PERCENTILES = (0.5, 99.5)
"""What is darker or brighter counts as these: fat and vessels would leave the brain few of the grey levels."""
BINS = 32
SAMPLES = 0.3
"""Share of voxels that a fit looks at, drawn with a fixed seed."""
LEAST_VOLUME, MOST_VOLUME = 0.85, 1.18
"""Accepted share of the volume: one head does not change its size, but for what gradients distort."""
MOST_TURN_DEG = 40.0
LEAST_SEEN = 0.85
"""Share of the brain that must lie inside the other scan, as for the template."""
PROBE_MM = 12.0
LEAST_ADVANTAGE = 1.7
"""How many times as like a right fit is as the same one moved by `PROBE_MM` to any side: right ones were 2.1 to 3.6
times, of heads upside down or back to front and of noise at most 1.5 times."""
LEAST_LIKENESS = 0.1
"""Mutual information in nats that even the sequences least alike have."""


@dataclass(frozen=True)
class Coregistration:
    """matrix: [4, 4], mm of the scan with the mask to mm of the other. likeness: mutual information in nats.
    advantage: over the best of six moved fits. seen: share of the brain inside the other scan."""

    matrix: FloatArray
    likeness: float
    advantage: float
    seen: float

    def fault(self) -> str | None:
        """Return why this fit cannot be right, or None."""
        volume = float(np.linalg.det(self.matrix[:3, :3]))
        if not LEAST_VOLUME <= volume <= MOST_VOLUME:
            return f"a fit of {volume:.2f} times the volume, one head has {LEAST_VOLUME} to {MOST_VOLUME}"
        left, _, right = np.linalg.svd(self.matrix[:3, :3])
        turn_deg = float(np.degrees(np.arccos(np.clip((np.trace(left @ right) - 1) / 2, -1, 1))))
        if turn_deg > MOST_TURN_DEG:
            return f"a fit turned by {turn_deg:.0f} degrees, {MOST_TURN_DEG:.0f} at most"
        if self.seen < LEAST_SEEN:
            return f"{np.floor(1000 * self.seen) / 10:.1f}% of the brain inside the image, {LEAST_SEEN:.0%} needed"
        if self.likeness < LEAST_LIKENESS or self.advantage < LEAST_ADVANTAGE:
            return (
                f"too unlike it (mutual information {self.likeness:.2f}, {LEAST_LIKENESS} needed; {self.advantage:.2f} "
                f"times that of a moved fit, {LEAST_ADVANTAGE} needed)"
            )
        return None


def coregister(fixed: Volume, brain: BoolArray, moving: Volume) -> Coregistration:
    """Fit one scan of a visit to another, whose brain mask [X, Y, Z] is known.

    Raises RegistrationError when no fit can be right.
    """
    found = fit(fixed, brain, moving)
    if fault := found.fault():
        raise RegistrationError(f"cannot be brought onto the visit's other scan: {fault}")
    return found


def fit(fixed: Volume, brain: BoolArray, moving: Volume) -> Coregistration:
    """Return the best fit of one scan to another, right or not."""
    mask = Volume(brain.astype(np.float32), fixed.affine)
    points = _points_mm(brain, fixed.affine)
    coarse, fine = (_level(_clipped(fixed), mask, _clipped(moving), points, size) for size in (COARSE_MM, FINE_MM))
    rigid = [_rigid(coarse, points.mean(axis=0), start) for start in (np.eye(4), _by_centres(points, moving))]
    _, best = min(rigid, key=lambda each: each[0])
    cost, matrix = _affine(fine, points.mean(axis=0), best)
    likeness = -cost
    moved = [-_cost(fine, _shifted(matrix, axis, way)) for axis in range(3) for way in (-PROBE_MM, PROBE_MM)]
    voxels = (points @ matrix[:3, :3].T + matrix[:3, 3] - moving.affine[:3, 3]) @ np.linalg.inv(moving.affine[:3, :3]).T
    seen = float(((voxels > -0.5) & (voxels < np.array(moving.data.shape) - 0.5)).all(axis=1).mean())
    return Coregistration(matrix, likeness, likeness / max(max(moved), 1e-6), seen)


@dataclass(frozen=True)
class _Level:
    """Both scans on grids of one size: the one with the mask, the mask with its margin, and the other."""

    fixed: SimpleITK.Image
    mask: SimpleITK.Image
    moving: SimpleITK.Image


def _clipped(volume: Volume) -> Volume:
    low, high = np.percentile(volume.data, PERCENTILES)
    return Volume(np.clip(volume.data, np.float32(low), np.float32(high)), volume.affine)


def _points_mm(brain: BoolArray, affine: FloatArray) -> FloatArray:
    """Return places [n, 3] all over the brain, in mm."""
    voxels = np.argwhere(brain)
    return voxels[:: max(1, len(voxels) // 20000)] @ affine[:3, :3].T + affine[:3, 3]


def _level(fixed: Volume, mask: Volume, moving: Volume, points: FloatArray, size_mm: float) -> _Level:
    """Cut the brain and its margin out of a scan, on a grid along the axes of space, and shrink the other."""
    low, high = points.min(axis=0) - 2 * MARGIN_MM, points.max(axis=0) + 2 * MARGIN_MM
    affine = np.diag([size_mm, size_mm, size_mm, 1.0])
    affine[:3, 3] = low
    x, y, z = np.ceil((high - low) / size_mm).astype(int).tolist()
    outside_mm = ndimage.distance_transform_edt(resample(mask, (x, y, z), affine).data <= 0.5) * size_mm
    near = Volume((outside_mm <= MARGIN_MM).astype(np.float32), affine)
    return _Level(
        to_itk(resample(_blurred(fixed, size_mm), (x, y, z), affine)),
        SimpleITK.Cast(to_itk(near), SimpleITK.sitkUInt8),
        to_itk(_shrunk(moving, size_mm)),
    )


def _blurred(volume: Volume, size_mm: float) -> Volume:
    """Blur along the axes whose voxels are finer than a grid, so that its samples stand for what lies between."""
    spare = size_mm / np.array(volume.voxel_size_mm)
    return Volume(ndimage.gaussian_filter(volume.data, np.where(spare > 1, spare / 2.5, 0)), volume.affine)


def _shrunk(volume: Volume, size_mm: float) -> Volume:
    """Return a scan along its own axes on voxels of one size, or of its own where these are larger."""
    step = np.maximum(size_mm / np.array(volume.voxel_size_mm), 1)
    affine = volume.affine @ np.diag([*step, 1.0])
    affine[:3, 3] = volume.affine[:3, :3] @ ((step - 1) / 2) + volume.affine[:3, 3]
    x, y, z = np.ceil(np.array(volume.data.shape) / step).astype(int).tolist()
    return resample(_blurred(volume, size_mm), (x, y, z), affine)


def _by_centres(points: FloatArray, moving: Volume) -> FloatArray:
    """Return the shift that puts the middle of the brain on the middle of what is bright in the other scan."""
    weights = np.maximum(moving.data, 0).astype(np.float64)
    centre = np.array(ndimage.center_of_mass(weights)) if weights.any() else (np.array(weights.shape) - 1) / 2
    matrix = np.eye(4)
    matrix[:3, 3] = moving.affine[:3, :3] @ centre + moving.affine[:3, 3] - points.mean(axis=0)
    return matrix


def _shifted(matrix: FloatArray, axis: int, by_mm: float) -> FloatArray:
    moved = matrix.copy()
    moved[axis, 3] += by_mm
    return moved


def _method(level: _Level) -> SimpleITK.ImageRegistrationMethod:
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(level.mask)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLES, 1)  # without a seed the clock decides which voxels
    # The filter reaches past the border of a scan of few slices, and drew exact headers 2 mm off.
    method.SetMetricUseMovingImageGradientFilter(False)
    method.SetInterpolator(SimpleITK.sitkLinear)
    return method


def _cost(level: _Level, matrix: FloatArray) -> float:
    """Return the negative mutual information of a fit over all voxels; 0 where the two do not overlap."""
    method = _method(level)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetInitialTransform(itk_transform(matrix), inPlace=False)
    try:
        return float(method.MetricEvaluate(level.fixed, level.moving))
    except RuntimeError as error:
        _refuse_other_than_no_overlap(error)
        return 0.0


def _rigid(level: _Level, centre: FloatArray, start: FloatArray) -> tuple[float, FloatArray]:
    """Refine a start as turns and shifts; return the cost and the matrix."""
    transform = SimpleITK.Euler3DTransform()
    transform.SetCenter((centre * (-1, -1, 1)).tolist())
    transform.SetTranslation((start[:3, 3] * (-1, -1, 1)).tolist())
    return _optimised(level, transform, start, step_mm=2.0, iterations=80)


def _affine(level: _Level, centre: FloatArray, start: FloatArray) -> tuple[float, FloatArray]:
    """Refine a rigid fit as an affine map; return the cost and the matrix."""
    transform = SimpleITK.AffineTransform(3)
    transform.SetCenter((centre * (-1, -1, 1)).tolist())
    transform.SetMatrix(itk_transform(start).GetMatrix())
    transform.SetTranslation(((start[:3, :3] @ centre + start[:3, 3] - centre) * (-1, -1, 1)).tolist())
    return _optimised(level, transform, start, step_mm=0.5, iterations=60)


def _optimised(
    level: _Level, transform: SimpleITK.Transform, start: FloatArray, step_mm: float, iterations: int
) -> tuple[float, FloatArray]:
    """Descend from a transform; where the two scans do not overlap there, return the start with a cost of 0."""
    method = _method(level)
    method.SetOptimizerAsRegularStepGradientDescent(step_mm, 0.01, iterations, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    try:
        method.Execute(level.fixed, level.moving)
    except RuntimeError as error:
        _refuse_other_than_no_overlap(error)
        return 0.0, start
    matrix = matrix_of(transform)
    return _cost(level, matrix), matrix


def _refuse_other_than_no_overlap(error: RuntimeError) -> None:
    """Raise what is not said of a fit that puts two images beside each other."""
    if "samples map outside" not in str(error):
        raise error
