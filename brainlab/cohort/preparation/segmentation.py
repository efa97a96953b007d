"""Carry the labels of a scan through the geometry that its image went through."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from brainlab.cohort.preparation.gridding import most_frequent, sample_labels
from brainlab.cohort.preparation.prepare import PreparedScan
from brainlab.cohort.registration.resampling import resample
from brainlab.cohort.sampling import SampledGrid
from brainlab.cohort.sources.segmentation_files import HIGHEST_LABEL
from brainlab.cohort.steps import BlockMeans
from brainlab.errors import InputError, SegmentationError, UnreadableScanError
from brainlab.images.volume import Volume
from brainlab.types import FloatArray, UInt8Array

LEAST_INSIDE, NOTED_INSIDE = 0.1, 0.5
"""Share of the labelled space that must lie in the scan's brain, and below which it is noted.

A segmentation of a whole head has about two fifths of it there; one of another place, or of another person's
coordinates, hardly any.
"""
SAME_MM = 1e-3
"""Matrices of a scan and its segmentation that differ by less are equal."""


def carried_labels(scan: PreparedScan, file: Path) -> tuple[UInt8Array, tuple[str, ...]]:
    """Return the labels of a prepared scan's voxels, and notes: [*recipe.shape], or [n, *shape] of slices.

    file: label image, 0 for none, in the same coordinates as the scan that was prepared (of several channels, the
    first). On another grid it is brought onto the scan's, nearest label; where the recipe leaves nothing but the brain,
    so do the labels; and where it takes means of voxels, the most frequent label of these is taken.
    Raises SegmentationError with the reason where it is no label image, or lies elsewhere than the scan's brain.
    """
    labels, notes = _on_scan(_read(file), scan, file.name)
    grid, matrix = scan.recipe.grid, scan.grid_to_native
    if isinstance(grid, SampledGrid):
        if grid.stripped:
            labels = _brain_only(labels, scan)
        return np.ascontiguousarray(scan.recipe.cut(sample_labels(labels, grid, matrix))), notes
    if not isinstance(grid, BlockMeans):
        raise InputError(f"recipe {scan.recipe.name}: is for pictures; choose one for scans")
    aligned = scan.placement.aligned
    x, y, z = aligned.data.shape
    placed = resample(_brain_only(labels, scan), (x, y, z), aligned.affine, matrix, nearest=True)
    return _most_frequent_of_blocks(placed, grid), notes


def _read(file: Path) -> Volume:
    """Read a label image. Raises SegmentationError where its values are no labels."""
    try:
        image = Volume.load(file)
    except UnreadableScanError as error:
        raise SegmentationError(f"{file.name}: {error.reason}") from error
    if image.missing is not None:
        raise SegmentationError(f"{file.name}: needs a label in each voxel, got some without a finite number")
    if not np.array_equal(image.data, np.rint(image.data)):
        value = image.data[image.data != np.rint(image.data)][0]
        raise SegmentationError(f"{file.name}: needs whole numbers, got {value:g}; give labels, not shares of tissue")
    low, high = float(image.data.min()), float(image.data.max())
    if low < 0 or high > HIGHEST_LABEL:
        worst = low if low < 0 else high
        raise SegmentationError(f"{file.name}: needs labels from 0 to {HIGHEST_LABEL}, got {worst:g}; number them anew")
    if not high:
        raise SegmentationError(f"{file.name}: needs at least one labelled voxel, got 0 throughout")
    return image


def _on_scan(labels: Volume, scan: PreparedScan, name: str) -> tuple[Volume, tuple[str, ...]]:
    """Return labels on the scan's own grid, and notes. Raises SegmentationError where they lie elsewhere."""
    native, notes = scan.native, [f"segmentation: {note}" for note in labels.notes]
    same = labels.data.shape == native.data.shape and np.allclose(labels.affine, native.affine, atol=SAME_MM)
    x, y, z = native.data.shape
    placed = labels if same else resample(labels, (x, y, z), native.affine, nearest=True)
    if not same:
        notes.append("segmentation: on another grid than the scan, brought onto it by their coordinates")
    in_brain = np.count_nonzero(placed.data[scan.placement.native_mask]) * np.prod(native.voxel_size_mm)
    inside = float(in_brain / (np.count_nonzero(labels.data) * np.prod(labels.voxel_size_mm)))
    if inside < LEAST_INSIDE:
        raise SegmentationError(
            f"{name}: {inside:.0%} of what it labels lies in the scan's brain, needs {LEAST_INSIDE:.0%}; is it of this "
            "scan, and in the same coordinates?"
        )
    if inside < NOTED_INSIDE:
        notes.append(f"segmentation: only {inside:.0%} of what it labels lies in the scan's brain")
    return Volume(placed.data, native.affine), tuple(notes)


def _brain_only(labels: Volume, scan: PreparedScan) -> Volume:
    """Return labels without those of voxels that stripping sets to 0."""
    return Volume(np.where(scan.placement.native_mask, labels.data, np.float32(0)), labels.affine)


def _most_frequent_of_blocks(labels: Volume, grid: BlockMeans) -> UInt8Array:
    """Return for each block the label of most of its space; what lies outside the image is background."""
    whole = labels.data.astype(np.uint8)

    def shares() -> Iterator[tuple[int, FloatArray]]:
        for number, box in enumerate(ndimage.find_objects(whole), start=1):
            if box is None:
                continue
            affine = labels.affine.copy()
            affine[:3, 3] += affine[:3, :3] @ [part.start for part in box]
            alone = (whole[box] == number).astype(np.float32)
            yield number, grid.apply(Volume(alone, affine)).data

    return most_frequent(shares(), grid.shape)
