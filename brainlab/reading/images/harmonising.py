"""Make images of any size, shape of pixels and range alike by one policy, before they are rendered.

Two images of one scene that came in different sizes must come out the same. So every image, also one that has the size
already, is blurred by one Gaussian as wide as a share of a pixel of the target, and then sampled by cubic splines,
which add hardly any blur of their own. What is coarser than the target has lost what no filter brings back: it is
refused where it would be enlarged by more than the policy allows.
"""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.images.pictures import to_bytes, to_unit
from brainlab.reading.images.rendering import foreground
from brainlab.reading.protocol.harmonisation import BLUR_PIXELS, BRAIN_SHARE, LEAST_SIZE, Harmonisation
from brainlab.types import BoolArray, Float32Array, FloatArray

BRIGHTEST_PERCENT = 99.9
"""What is taken for white while the foreground is looked for: single bright pixels must not hide a dim brain."""

LEVELS = 64
"""Steps from the lowest to the highest value in which the level of the background is looked for."""


@dataclass(frozen=True, eq=False)
class Alike:
    """An image made alike. reduced: source pixels per pixel of the target, below 1 where it was enlarged; 1 where sizes
    were left alone."""

    image: Float32Array
    reduced: float


def harmonise(image: FloatArray, spacing: tuple[float, ...] | None, policy: Harmonisation, floor: float) -> Alike:
    """Return an image by a policy: [size, size] of a slice, [size, size, size] of a volume, in [0, 1].

    image: intensities in [0, 1], see `as_jpeg` for what goes before. spacing: of its pixels, in any unit; squares if
    None. floor: the protocol's `background_floor`.
    Raises InputError with the reason where nothing is seen in the image, or where it is too coarse.
    """
    reduced = 1.0
    if policy.size:
        image, reduced = _resampled(image, spacing or (1.0,) * image.ndim, policy, floor)
    if policy.intensity == "percentiles":
        values = image[_seen(image, floor)]
        black, white = np.percentile(values, policy.percentiles)
        if not white > black:
            raise InputError("its foreground is of one grey level; leave it out")
        image = (image - black) / (white - black)
    return Alike(np.clip(image, 0, 1).astype(np.float32), reduced)


def as_jpeg(image: FloatArray, quality: int) -> Float32Array:
    """Return an image in [0, 1] as it is after it was saved as JPEG and read again; a volume axial slice by slice."""
    if image.ndim == 3:
        return np.stack([as_jpeg(part, quality) for part in np.moveaxis(image, 2, 0)], axis=2)
    file = io.BytesIO()
    Image.fromarray(to_bytes(image)).save(file, "JPEG", quality=quality)
    return to_unit(np.asarray(Image.open(file)))


def largest_size(image: FloatArray, spacing: tuple[float, ...] | None, policy: Harmonisation, floor: float) -> int:
    """Return the largest size to which a policy may bring an image, as far as the policy allows to enlarge it."""
    spacing = spacing or (1.0,) * image.ndim
    return int(_frame(image, spacing, policy, floor)[1] / max(spacing) * policy.most_enlarged)


def _resampled(
    image: FloatArray, spacing: tuple[float, ...], policy: Harmonisation, floor: float
) -> tuple[FloatArray, float]:
    """Return an image on the target's grid, and how many source pixels a pixel of it covers."""
    centre, length = _frame(image, spacing, policy, floor)
    steps = length / policy.size / np.array(spacing)  # source pixels per pixel of the target, an axis each
    reduced = float(steps.min())
    if (largest := largest_size(image, spacing, policy, floor)) < policy.size:
        size = " x ".join(map(str, image.shape))
        advice = f"take a size of at most {largest}" if largest >= LEAST_SIZE else "leave it out"
        raise InputError(
            f"its {size} pixels would have to be enlarged {1 / reduced:.2f} times to size {policy.size}, at most "
            f"{policy.most_enlarged:g} is allowed (most_enlarged), as enlarged images look smoother; {advice}"
        )
    blurred = ndimage.gaussian_filter(image.astype(np.float32), BLUR_PIXELS * steps, mode="nearest")
    first = centre - steps * (policy.size - 1) / 2
    shape = (policy.size,) * image.ndim
    sampled = ndimage.affine_transform(blurred, steps, first, shape, order=3, mode="constant", cval=float(image.min()))
    return sampled, reduced


def _frame(
    image: FloatArray, spacing: tuple[float, ...], policy: Harmonisation, floor: float
) -> tuple[FloatArray, float]:
    """Return the middle of what the target shows, in source pixels, and the length of its sides in units of spacing."""
    if policy.fit == "centre":
        return (np.array(image.shape) - 1) / 2, float(np.max(np.array(image.shape) * spacing))
    seen = _seen(image, floor)
    ends = []
    for axis in range(image.ndim):
        there = np.flatnonzero(seen.any(axis=tuple(other for other in range(image.ndim) if other != axis)))
        ends.append((there[0], there[-1]))
    low, high = np.array(ends, dtype=float).T
    return (low + high) / 2, float(np.max((high - low + 1) * spacing)) / BRAIN_SHARE


def _seen(image: FloatArray, floor: float) -> BoolArray:
    """Return the foreground of an image of any range. Raises InputError where there is none.

    Black is the most frequent of the darker levels, for around a brain may be a haze rather than the lowest value.
    """
    low, high = float(image.min()), float(np.percentile(image, BRIGHTEST_PERCENT))
    if not high > low:
        raise InputError("shows nothing: all of it is of one grey level; leave it out")
    counts, edges = np.histogram(image, LEVELS, (low, high))
    black = float(edges[np.argmax(counts[: LEVELS // 2])])
    return foreground(to_bytes((image - black) / (high - black)), floor)
