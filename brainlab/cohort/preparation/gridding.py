"""Sample a scan on the grid of a recipe: on the template, upright in its own size, or along its own axes."""

from collections.abc import Iterable

import nibabel as nib
import numpy as np

from brainlab.cohort.registration.placement import Placement
from brainlab.cohort.registration.resampling import resample
from brainlab.cohort.sampling import SampledGrid, Space
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray, UInt8Array

MOST_SAMPLES = 4
"""Samples that a voxel is the mean of along each axis at most; more would need more than 1 GiB for a cube of 64."""
NOTED_CUT_MM = 4.0
"""How much more than this of the brain must lie outside the grid to be noted."""
EQUAL = 1e-6
"""Shares of a voxel that differ by less are equal: they are sums of rounded numbers."""


def grid_to_scan(grid: SampledGrid, scan: Volume, placement: Placement) -> FloatArray:
    """Return the [4, 4] matrix from mm of a recipe's grid to mm of the scan that the brain was found on."""
    if grid.space is Space.TEMPLATE:
        return placement.template_to_native
    matrix = np.eye(4)
    if grid.space is Space.UPRIGHT:
        matrix[:3, :3] = turn = _rotation(placement.template_to_native)
        low, high = _box_mm(placement.native_mask, scan.affine, turn)
        centre = turn @ ((low + high) / 2)
    else:
        matrix[:3, :3] = turn = _rotation(scan.affine)
        centre = nib.affines.apply_affine(placement.template_to_native, grid.middle_mm)
    matrix[:3, 3] = centre - turn @ grid.middle_mm
    return matrix if grid.space is Space.UPRIGHT else _snapped(matrix, grid, scan)


def sample(volume: Volume, grid: SampledGrid, grid_to_volume: FloatArray) -> Volume:
    """Return a volume on a recipe's grid.

    Along axes where the grid is coarser than the volume, each value is the mean of several linear samples, so that thin
    slices are averaged and not left out.
    """
    samples = _samples(grid, volume, grid_to_volume)
    fine = resample(volume, *_finer(grid, samples), grid_to_volume)
    x, y, z = grid.shape
    cells = fine.data.reshape(x, samples[0], y, samples[1], z, samples[2])
    return Volume(np.ascontiguousarray(cells.mean(axis=(1, 3, 5))), grid.affine)


def sample_labels(labels: Volume, grid: SampledGrid, grid_to_volume: FloatArray) -> UInt8Array:
    """Return a label image on a recipe's grid, from the same samples as `sample`: the most frequent of each voxel's."""
    samples = _samples(grid, labels, grid_to_volume)
    fine = resample(labels, *_finer(grid, samples), grid_to_volume, nearest=True)
    x, y, z = grid.shape
    cells = fine.data.reshape(x, samples[0], y, samples[1], z, samples[2])
    shares = ((number, (cells == number).mean(axis=(1, 3, 5))) for number in np.unique(cells) if number)
    return most_frequent(shares, grid.shape)


def most_frequent(shares: Iterable[tuple[int, FloatArray]], shape: tuple[int, ...]) -> UInt8Array:
    """Return the label that holds most of each voxel, the lowest number of equals; 0 for background.

    shares: number of a label, and its share of each voxel [*shape]; what is left of 1 is background.
    """
    labels, best, total = np.zeros(shape, np.uint8), np.zeros(shape), np.zeros(shape)
    for number, share in shares:
        total += share
        more = share > best + EQUAL
        labels[more], best[more] = number, share[more]
    return np.where(best > 1 - total + EQUAL, labels, np.uint8(0))


def cut_note(grid: SampledGrid, scan: Volume, placement: Placement, matrix: FloatArray) -> tuple[str, ...]:
    """Say by how much the brain is larger than a grid that should hold it whole; nothing where it is not."""
    if grid.kept is not None:
        return ()
    own = np.linalg.inv(matrix) @ scan.affine
    low, high = _box_mm(placement.native_mask, own, np.eye(3))
    half = np.array(grid.shape) * grid.voxel_mm / 2
    cut = float(max((grid.middle_mm - half - low).max(), (high - grid.middle_mm - half).max()))
    return (f"{cut:.0f} mm of the brain lie outside the grid",) if cut > NOTED_CUT_MM else ()


def _rotation(matrix: FloatArray) -> FloatArray:
    """Return the [3, 3] rotation nearest to a linear map: without its scales and shears."""
    left, _, right = np.linalg.svd(matrix[:3, :3])
    return left @ right


def _box_mm(mask: BoolArray, affine: FloatArray, turn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest corner of a mask along the axes of a turned frame."""
    points = np.argwhere(mask & ~_inside(mask))
    turned = nib.affines.apply_affine(affine, points) @ turn
    return turned.min(axis=0), turned.max(axis=0)


def _inside(mask: BoolArray) -> BoolArray:
    """Return the voxels of a mask whose neighbours along the first axis are in it too: none of them is a corner."""
    inside = mask.copy()
    inside[1:] &= mask[:-1]
    inside[:-1] &= mask[1:]
    inside[[0, -1]] = False
    return inside


def _snapped(matrix: FloatArray, grid: SampledGrid, scan: Volume) -> FloatArray:
    """Move a grid along the scan's axes by less than a voxel so that samples fall on its voxels, where sizes agree."""
    _, fine = _finer(grid, _samples(grid, scan, matrix))
    first = np.linalg.inv(scan.affine) @ matrix @ fine[:, 3]
    moved = matrix.copy()
    moved[:3, 3] += scan.affine[:3, :3] @ (np.round(first) - first)[:3]
    return moved


def _samples(grid: SampledGrid, volume: Volume, matrix: FloatArray) -> tuple[int, int, int]:
    """Return how many samples a voxel of the grid takes along each axis, by how many of the volume's it reaches."""
    steps = np.linalg.inv(volume.affine[:3, :3]) @ matrix[:3, :3] @ grid.affine[:3, :3]
    x, y, z = np.clip(np.round(np.abs(steps).max(axis=0)), 1, MOST_SAMPLES).astype(int).tolist()
    return x, y, z


def _finer(grid: SampledGrid, samples: tuple[int, int, int]) -> tuple[tuple[int, int, int], FloatArray]:
    """Return shape and matrix of the grid of all samples."""
    affine = grid.affine
    affine[:3, 3] += affine[:3, :3] @ ((1 / np.array(samples) - 1) / 2)
    affine[:3, :3] = affine[:3, :3] / np.array(samples)
    x, y, z = (side * count for side, count in zip(grid.shape, samples, strict=True))
    return (x, y, z), affine
