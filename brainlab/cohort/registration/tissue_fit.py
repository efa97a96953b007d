"""Refine the fit of the template to a head until its tissues explain the intensities, whatever the contrast.

The image is modelled as a mixture of the template's grey matter, white matter and fluid, each with a brightness of its
own and a smooth shading common to all, and nothing outside: bone is dark in every contrast of MR. Brightnesses,
shading and the twelve numbers of the affine map are fitted together, by Gauss-Newton steps with Cauchy weights, so that
scalp and lesions count little. Unlike mutual information, which a template grown onto the scalp does not lower, this
has one scale for all contrasts of a head.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from brainlab.cohort.registration.head import GRID_MM
from brainlab.cohort.registration.template_grids import shrink, template_distance
from brainlab.cohort.template import mni_template, mni_tissue
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray

STEP_MM = 4
"""Between the points of the template at which the head is looked at."""
CENTRE_MM, RADIUS_MM = np.array([0.0, -18.0, 10.0]), 60.0
DARK_REACH_MM, BRIGHT_REACH_MM = 5.0, 8.0
"""How far outside the brain bone is expected. Further out lies scalp, which in T1 is bright: at 8 mm the scale of T1
fell from .66 to .64 where FLAIR of the same heads had .69. Beside bright fluid bone begins further out."""
BASE_MM = -20.0
"""Below this height of the template no bone is expected outside the brain: there are muscles and the cord."""
BRIGHT = 1.15
"""Fluid this many times as bright as grey and white matter reaches beyond the template's brain: T2, ADC."""
RIM_MM, RIM_VOXELS, WIDE_RIM_MM, WIDE_LOSS = 3.0, 2.5, 14.0, 0.97
"""How far bright fluid may reach out, fading. T2 has the first; images of large voxels, which spread the fluid over the
bone, have so many of these: at 3 mm simulated b 0 of 2 mm came out 4% larger than FLAIR of the same heads. Maps that
are ratios of images (ADC, RD, AD) are as bright as fluid wherever there is a little of it, and have the third: with the
first they came out 2 to 6 mm from FLAIR of the same heads, with 10 mm 1 to 3, with 14 mm 1 to 2, with 20 mm 1 to 2.3.
It is believed where it leaves this share of the loss inside: .53 to .94 of maps, 1.01 to 1.19 of T2."""
LEAST_TOLD = 0.2
"""With less gain what is bright at the surface is not told to be fluid: of an average of diffusion images (.08) it was
cortex next to the coil. Images with bright fluid had .30 (T2) to 1.4 (b 0)."""
ITERATIONS, MOST_STEP_MM, LEAST_STEP_MM = 15, 3.0, 0.02
OUTLIER = 1.5
"""Residuals of so many standard deviations count half."""
BLUR_VOXELS = 1.0
RIDGE = 1e-3
DEEP_MM = 3.0
"""Points this deep in the template's brain are inside, whatever the rim does."""
NOISE = 0.15
"""Residuals that count half in the loss by which fits are compared, in medians of the core."""


@dataclass(frozen=True)
class TissueModel:
    """Points of the template and what lies there.

    points: [4, N] in mm. shares: [N, 9], of white and grey matter and fluid, then of brain times x, y, z and their
    squares. brain: [N], share of brain. deep: [N], whether a point lies well inside. rim_mm: how far bright fluid
    reaches out, 0 where there is none.
    """

    points: FloatArray
    shares: FloatArray
    brain: FloatArray
    deep: BoolArray
    rim_mm: float

    @property
    def shading(self) -> FloatArray:
        """The shares of a brain of one tissue alone."""
        return np.concatenate([self.shares[:, :3].sum(1, keepdims=True), self.shares[:, 3:]], axis=1)


@dataclass(frozen=True)
class TissueFit:
    """matrix: [4, 4], mm of the template to mm of the image. brightness: of white and grey matter and fluid.

    left: the loss inside the brain. gain: by how much more it is without tissues, relative to it. model: the one it was
    fitted by.
    """

    matrix: FloatArray
    brightness: FloatArray
    left: float
    gain: float
    model: TissueModel


@lru_cache(maxsize=6)
def tissue_model(rim_mm: float = 0.0) -> TissueModel:
    """Return the model whose fluid reaches so far out of the brain."""
    tissue, affine = mni_tissue(), mni_template().affine
    maps = [
        shrink(Volume(np.asarray(part, np.float32), affine), STEP_MM)
        for part in (tissue.white, tissue.grey, tissue.brain)
    ]
    distance = shrink(template_distance(), STEP_MM // GRID_MM).data
    box = tuple(slice(0, min(sizes)) for sizes in zip(distance.shape, maps[0].data.shape, strict=True))
    distance = distance[box]
    near = distance <= (BRIGHT_REACH_MM if rim_mm else DARK_REACH_MM)
    height = maps[0].affine[2, 3] + STEP_MM * np.arange(distance.shape[2])
    near &= (height > BASE_MM) | (distance <= GRID_MM)
    index = np.argwhere(near)
    points = maps[0].affine @ np.concatenate([index.T, np.ones((1, len(index)))])
    white, grey, brain = (part.data[box][near] for part in maps)
    fluid = np.clip(brain - white - grey, 0, 1)
    if rim_mm:
        fluid += (1 - brain) * np.clip(1 - np.maximum(distance[near], 0) / rim_mm, 0, 1)
    place = (points[:3] - CENTRE_MM[:, None]) / RADIUS_MM
    shares = np.stack([white, grey, fluid, *(brain * place), *(brain * place**2)], axis=1)
    return TissueModel(points, shares.astype(float), brain, distance[near] < -DEEP_MM, rim_mm)


def blurred(image: Volume) -> Volume:
    """Return an image at 2 mm as blurred as the template's average of many people."""
    return Volume(ndimage.gaussian_filter(image.data, BLUR_VOXELS), image.affine)


def loss(image: Volume, matrix: FloatArray, model: TissueModel, deep: bool = False, shading: bool = False) -> float:
    """Return the mean Cauchy loss of the head's intensities that the model laid on it leaves.

    image: blurred. deep: inside the brain alone. shading: with one tissue only.
    """
    return _regress(image, matrix, model, deep, model.shading if shading else model.shares)[0]


def tissue_fit(image: Volume, start: FloatArray, voxel_mm: float = 1.0) -> TissueFit:
    """Refine an affine map.

    image: blurred, 2 mm, in medians of the core. start: [4, 4]. voxel_mm: the scan's own voxels, median of three sides.
    """
    plain = tissue_model()
    white, grey, fluid = _regress(image, start, plain, True, plain.shares)[1][:3]
    if not fluid > BRIGHT * max(white, grey):
        return refit(image, start, plain)
    rim_mm = max(RIM_MM, round(RIM_VOXELS * voxel_mm))  # whole mm, so that few models are made
    near, wide = (refit(image, start, tissue_model(rim)) for rim in (min(rim_mm, WIDE_RIM_MM), WIDE_RIM_MM))
    if max(near.gain, wide.gain) < LEAST_TOLD:
        return refit(image, start, plain)
    return wide if wide.left < WIDE_LOSS * near.left else near


def refit(image: Volume, start: FloatArray, model: TissueModel) -> TissueFit:
    """Refine an affine map by one model."""
    matrix = _refine(image, start, model)
    left, brightness = _regress(image, matrix, model, True, model.shares)
    gain = loss(image, matrix, model, deep=True, shading=True) / left - 1 if left > 0 else 0.0
    return TissueFit(matrix, brightness[:3], left, gain, model)


def scaled(matrix: FloatArray, factor: float) -> FloatArray:
    """Return a map under which the template is so many times as long, its centre where it was."""
    result = matrix.copy()
    result[:3, :3] *= factor
    result[:3, 3] += (matrix[:3, :3] - result[:3, :3]) @ CENTRE_MM
    return result


def _regress(
    image: Volume, matrix: FloatArray, model: TissueModel, deep: bool, shares: FloatArray
) -> tuple[float, FloatArray]:
    """Return the loss and the coefficients of the shares, by reweighted least squares."""
    voxels, seen = _voxels(image, matrix, model)
    if deep:
        seen = seen & model.deep
    if not seen.any():
        return np.inf, np.zeros(shares.shape[1])
    values = ndimage.map_coordinates(image.data, voxels[:, seen], order=1, mode="nearest").astype(float)
    shares = shares[seen]
    weight = np.ones(len(values))
    for _ in range(4):
        coefficients = _solve(shares.T * weight, shares, values)
        square = ((values - shares @ coefficients) / NOISE) ** 2
        weight = 1 / (1 + square)
    return float(np.log1p(square).mean()), coefficients


def _voxels(image: Volume, matrix: FloatArray, model: TissueModel) -> tuple[FloatArray, BoolArray]:
    """Return where the model's points lie in the image [3, N], and which lie inside it [N]."""
    voxels = (np.linalg.inv(image.affine) @ matrix @ model.points)[:3]
    last = np.array(image.data.shape)[:, None]
    return voxels, np.all((voxels > -0.5) & (voxels < last - 0.5), axis=0)


def _refine(image: Volume, matrix: FloatArray, model: TissueModel) -> FloatArray:
    """Take Gauss-Newton steps in the map and the coefficients at once, until the template hardly moves."""
    place = (model.points[:3] - CENTRE_MM[:, None]) / RADIUS_MM
    to_voxels = np.linalg.inv(image.affine)[:3, :3]
    for _ in range(ITERATIONS):
        voxels, seen = _voxels(image, matrix, model)
        values = ndimage.map_coordinates(image.data, voxels, order=1, mode="nearest").astype(float)
        slopes = to_voxels.T @ np.stack([_slope(image.data, voxels, axis) for axis in range(3)])
        weight = seen.astype(float)
        coefficients = _solve(model.shares.T * weight, model.shares, values)
        residual = values - model.shares @ coefficients
        inside = seen & (model.brain > 0.9)
        if not inside.any():
            break
        scale = OUTLIER * 1.4826 * float(np.median(np.abs(residual[inside])))
        weight /= 1 + (residual / max(scale, 1e-6)) ** 2
        moves = np.concatenate([*(slopes[:, None] * place), slopes]).reshape(12, -1)
        columns = np.concatenate([moves, -model.shares.T])
        normal = (columns * weight) @ columns.T
        normal[np.arange(12), np.arange(12)] += RIDGE * np.trace(normal[:12, :12]) / 12
        normal += 1e-9 * np.trace(normal) / len(normal) * np.eye(len(normal))
        found = np.linalg.solve(normal, -(columns * weight) @ values)
        step = np.concatenate([found[:9].reshape(3, 3) / RADIUS_MM, found[9:12, None]], axis=1)  # [3, 4]
        step[:, 3] -= step[:, :3] @ CENTRE_MM
        length = float(np.linalg.norm(step @ model.points, axis=0).mean())
        matrix = matrix.copy()
        matrix[:3] += step * min(1.0, MOST_STEP_MM / max(length, 1e-9))
        if length < LEAST_STEP_MM:
            break
    return matrix


def _solve(weighted: FloatArray, shares: FloatArray, values: FloatArray) -> FloatArray:
    """Return the coefficients of least squares. weighted: [K, N], the shares [N, K] times the weights."""
    normal = weighted @ shares
    return np.linalg.solve(normal + 1e-9 * np.trace(normal) / len(normal) * np.eye(len(normal)), weighted @ values)


def _slope(data: FloatArray, voxels: FloatArray, axis: int) -> FloatArray:
    """Return the derivative along one axis, per voxel, over 1.5 voxels."""
    offset = np.zeros((3, 1))
    offset[axis] = 0.75
    ahead, behind = (ndimage.map_coordinates(data, voxels + sign * offset, order=1, mode="nearest") for sign in (1, -1))
    return (ahead - behind) / 1.5
