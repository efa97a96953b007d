"""Find the head in a scan: its own frame, its top 150 mm on a 2 mm grid, its surface, and whether it is stripped."""

from dataclasses import dataclass

import numpy as np
import SimpleITK
from scipy import ndimage

from brainlab.cohort.registration.resampling import from_itk, resample, to_itk
from brainlab.errors import RegistrationError
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray

GRID_MM = 2
HEIGHT_MM, MOST_HEIGHT_MM = 150.0, 190.0
"""From the vertex of the scalp down to where most necks begin, by which a head is found and fitted; and down
to below the cerebellum of a large head, as far as a mask may reach."""
CORE_MM = 45.0
"""Within this distance of the head's centre nearly all is brain."""
CLAMP = 1.6
"""Brighter than this many medians of the core is fat, not brain."""
LEAST_HEAD_ML = 500.0
MOST_STRIPPED_ML = 2300.0
"""A stripped brain is no larger; a head is, but for one whose air, skull and dark skin were set to 0."""
PIECE = 0.2
"""A piece of the foreground has at least this share of the largest one's voxels."""
VALLEY = 0.08
"""How much darker than what lies over and under it a skull is, in medians of the core."""
BRAIN_AT_SURFACE = 0.8
"""A stripped brain is this bright, in medians of the core, 4 mm under its surface; skin and skull are not."""
AIR = 0.02
"""Up to this, in medians of the core, the surroundings of a stripped brain are empty; a scan's own noise is more."""


@dataclass(frozen=True)
class Head:
    """The top of a head in its own frame (voxel axes, mm from the image centre), so that turned headers change nothing.

    frame: [4, 4] from this frame to the mm of the scan. image: 2 mm, in medians of the core, clamped. tall: the same
    further down, neck included. bare: `image` with all outside the skull set to 0. centre_mm: of the head.
    stripped: as small and as bright at its surface as nothing but a brain, which `is_only_brain` confirms once the
    template lies on it.
    enclosed: whether what lies outside the brain was there to be found and is gone from `bare`.
    voxel_mm: median of the three sides of the scan's own voxels.
    """

    frame: FloatArray
    image: Volume
    tall: Volume
    bare: Volume
    centre_mm: FloatArray
    stripped: bool
    enclosed: bool
    voxel_mm: float


def find_head(volume: Volume) -> Head:
    """Find the head in a scan whose air is 0. Raises RegistrationError when there is too little in the image."""
    frame = frame_of(volume)
    own = Volume(volume.data, np.linalg.inv(frame) @ volume.affine)
    coarse = _coarse(own)
    top = _vertex(coarse)
    data, affine = _down_to(coarse, top, HEIGHT_MM)
    inside = foreground(data)
    if not inside.any():
        raise RegistrationError("no head found: nothing stands out of the background")
    centre = np.array(ndimage.center_of_mass(inside))
    distance_mm = np.linalg.norm((np.indices(data.shape).T - centre) * GRID_MM, axis=-1).T
    median = float(np.median(data[(distance_mm < CORE_MM) & inside])) if inside.any() else 0.0
    if not median > 0:
        raise RegistrationError("no head found: its centre is empty")

    def in_medians(data: FloatArray, affine: FloatArray) -> Volume:
        return Volume((np.minimum(data, CLAMP * median) / median).astype(np.float32), affine)

    image = in_medians(data, affine)
    bare, profile = _without_scalp(image)
    return Head(
        frame=frame,
        image=image,
        tall=in_medians(*_down_to(coarse, top, MOST_HEIGHT_MM)),
        bare=bare,
        centre_mm=(affine @ [*centre, 1.0])[:3],
        stripped=(
            bare is image
            and profile[1] > BRAIN_AT_SURFACE
            and float(inside.sum()) * GRID_MM**3 / 1000 <= MOST_STRIPPED_ML
            and _is_empty_around(inside, image)
        ),
        enclosed=bare is not image,
        voxel_mm=float(np.median(volume.voxel_size_mm)),
    )


def _is_empty_around(inside: BoolArray, image: Volume) -> bool:
    """Whether 4-16 mm off what stands out there is nothing: else a scalp too dark to stand out may be there."""
    away_mm = ndimage.distance_transform_edt(~inside) * GRID_MM
    around = image.data[(away_mm > 4) & (away_mm <= 16)]
    return around.size == 0 or float(np.median(around)) <= AIR


def frame_of(volume: Volume) -> FloatArray:
    """Return the [4, 4] rigid map from the scan's own frame to its mm: voxel axes, origin at the image centre."""
    left, _, right = np.linalg.svd(volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0))
    frame = np.eye(4)
    frame[:3, :3] = left @ right
    centre = (np.array(volume.data.shape) - 1) / 2
    frame[:3, 3] = volume.affine[:3, :3] @ centre + volume.affine[:3, 3]
    return frame


def foreground(data: FloatArray) -> BoolArray:
    """Return what stands out of the background, holes filled slice by slice: the largest piece and others of its order.

    A scalp and a brain that a dark skull keeps apart are two such pieces; what lies in the air is small.
    """
    level = 0.15 * float(np.percentile(data, 98))
    labels, count = ndimage.label(ndimage.binary_opening(data > level))
    if count == 0:
        return np.zeros(data.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    large = (sizes > PIECE * sizes.max())[labels]
    return np.stack([ndimage.binary_fill_holes(plane) for plane in np.moveaxis(large, 2, 0)], axis=2)


def _coarse(volume: Volume) -> Volume:
    """Bring a scan in its own frame onto 2 mm, smoothed along the axes that are finer."""
    smooth = to_itk(volume)
    for axis, size in enumerate(volume.voxel_size_mm):
        if size < GRID_MM and volume.data.shape[axis] >= 4:
            sigma = float(np.sqrt(GRID_MM**2 - size**2) / 2.355)
            smooth = SimpleITK.RecursiveGaussian(
                smooth, max(sigma, 0.1), False, SimpleITK.RecursiveGaussianImageFilter.ZeroOrder, axis
            )
    extent_mm = np.array(volume.voxel_size_mm) * volume.data.shape
    if extent_mm.max() > 1000 or extent_mm.min() < 40:
        lengths = " x ".join(f"{length:.0f}" for length in extent_mm)
        raise RegistrationError(f"the image is {lengths} mm; a head needs 40 to 1000 mm along each axis")
    x, y, z = (int(n) for n in np.round(extent_mm / GRID_MM))
    affine = np.diag([GRID_MM, GRID_MM, GRID_MM, 1.0])
    affine[:3, 3] = -GRID_MM * (np.array([x, y, z]) - 1) / 2
    return resample(from_itk(smooth, volume.affine), (x, y, z), affine)


def _vertex(volume: Volume) -> int:
    """Return the index along the third axis of the top of the head."""
    inside = foreground(volume.data)
    volume_ml = float(inside.sum()) * GRID_MM**3 / 1000
    if volume_ml < LEAST_HEAD_ML:
        raise RegistrationError(
            f"no head found: {volume_ml:.0f} ml stand out of the background, {LEAST_HEAD_ML:.0f} needed"
        )
    filled = np.flatnonzero(inside.sum((0, 1)) > 25)
    return int(filled[-1]) if len(filled) else volume.data.shape[2] - 1


def _down_to(volume: Volume, top: int, height_mm: float) -> tuple[FloatArray, FloatArray]:
    """Cut off what is below: return data [X, Y, Z] and affine of so much of the head from its vertex down."""
    bottom = max(0, top - int(height_mm / GRID_MM))
    affine = volume.affine.copy()
    affine[2, 3] += GRID_MM * bottom
    return volume.data[:, :, bottom : top + 8], affine


def _without_scalp(image: Volume) -> tuple[Volume, list[float]]:
    """Set to 0 all that lies further out than the skull, so that the template cannot grow onto the scalp.

    The skull is the dark layer under the head's surface, above its centre: a valley of the median intensity by depth.
    A stripped brain has none, nor has a head whose scalp is as dark as its skull: such an image is returned as it is.
    """
    inside = foreground(image.data)
    depth = ndimage.distance_transform_edt(inside) * GRID_MM
    upper = inside.copy()
    upper[:, :, : int(ndimage.center_of_mass(inside)[2])] = False
    depths = np.arange(2, 20, 2)
    layers = [image.data[upper & (depth > d - 1) & (depth <= d + 1)] for d in depths]
    profile = [float(np.median(layer)) if len(layer) else 0.0 for layer in layers]
    valleys = [min(max(profile[:k]), max(profile[k + 1 :])) - profile[k] for k in range(1, len(profile) - 1)]
    if max(valleys) < VALLEY:
        return image, profile
    skull = depths[1 + int(np.argmax(valleys))]
    return Volume(np.where(depth < skull, np.float32(0), image.data), image.affine), profile
