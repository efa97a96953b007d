"""Resample volumes between grids, and pass them to SimpleITK and back."""

import numpy as np
import SimpleITK

from brainlab.images.volume import Volume
from brainlab.types import FloatArray

SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""SimpleITK counts x towards the left and y towards the back."""


def to_itk(volume: Volume) -> SimpleITK.Image:
    """Return a volume as a SimpleITK image, axes x, y, z, in mm (LPS)."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.data.transpose(2, 1, 0)))
    affine = _LPS @ volume.affine
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(lengths.tolist())
    image.SetDirection((affine[:3, :3] / lengths).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    return image


def from_itk(image: SimpleITK.Image, affine: FloatArray) -> Volume:
    """Return a SimpleITK image as a volume, on a grid whose matrix is known."""
    data = SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0)
    return Volume(np.ascontiguousarray(data, dtype=np.float32), affine)


def itk_transform(matrix: FloatArray) -> SimpleITK.AffineTransform:
    """Return a [4, 4] matrix between mm (RAS) as a SimpleITK transform (LPS)."""
    matrix = _LPS @ matrix @ _LPS
    transform = SimpleITK.AffineTransform(3)
    transform.SetMatrix(matrix[:3, :3].ravel().tolist())
    transform.SetTranslation(matrix[:3, 3].tolist())
    return transform


def matrix_of(transform: SimpleITK.Transform) -> FloatArray:
    """Return a linear SimpleITK transform as a [4, 4] matrix between mm (RAS)."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(
        [np.array(transform.TransformPoint(axis)) - origin for axis in np.eye(3).tolist()], axis=1
    )
    matrix[:3, 3] = origin
    return _LPS @ matrix @ _LPS


def resample(
    volume: Volume,
    shape: tuple[int, int, int],
    affine: FloatArray,
    grid_to_volume: FloatArray | None = None,
    outside: float = 0.0,
    *,
    nearest: bool = False,
) -> Volume:
    """Sample a volume on another grid, linearly; `outside` where it does not reach.

    grid_to_volume: [4, 4] from mm of the new grid to mm of the volume; by default both share one space.
    nearest: take the value of the nearest voxel instead, as labels need.
    """
    matrix = np.eye(4) if grid_to_volume is None else grid_to_volume
    reference = np.linalg.norm(affine[:3, :3], axis=0)
    lps = _LPS @ affine
    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetSize([int(n) for n in shape])
    resampler.SetOutputSpacing(reference.tolist())
    resampler.SetOutputOrigin(lps[:3, 3].tolist())
    resampler.SetOutputDirection((lps[:3, :3] / reference).ravel().tolist())
    resampler.SetInterpolator(SimpleITK.sitkNearestNeighbor if nearest else SimpleITK.sitkLinear)
    resampler.SetDefaultPixelValue(outside)
    resampler.SetTransform(itk_transform(matrix))
    return from_itk(resampler.Execute(to_itk(volume)), affine)


def is_axis_aligned(affine: FloatArray) -> bool:
    """Whether the voxel axes lie along the axes of space, so that block means need no interpolation."""
    matrix = affine[:3, :3]
    return bool(np.abs(matrix - np.diag(np.diag(matrix))).max() < 1e-3 * np.abs(matrix).max())
