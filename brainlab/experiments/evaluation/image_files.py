"""Images in files that users bring: a .npy array, or a folder of PNG pictures or NIfTI volumes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.errors import UNREADABLE_ARRAY, InputError, array_reason
from brainlab.evaluation.images import blocks
from brainlab.experiments.evaluation.images_on_disk import MappedImages, keep_on_disk
from brainlab.files.picture_files import why_unreadable
from brainlab.files.unfinished import refuse_unfinished
from brainlab.images.formats.scan_file import SINGLE_ENDINGS
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

PICTURES = (".png",)
GREY = {"1": 1, "L": 255, "I;16": 65535}
"""Modes of grey-scale pictures, and the value of white."""

FEWEST = 2

ROUNDING = 1e-6
"""Values may be so much beyond [0, 1], as rounding brings about."""


def open_images(path: Path) -> MappedImages:
    """Open images [n, X, Y] or [n, X, Y, Z] in [0, 1] without reading them all into memory.

    path: a .npy array, memory-mapped; or a folder of PNG pictures (rows x columns; 8 or 16 bits stand for [0, 1]) or of
    volumes, NIfTI or of another format that is read (in RAS order), by name. Every image is looked at once.
    Raises InputError naming the file where there are fewer than two images, shapes differ, or a value is no number or
    not in [0, 1].
    """
    if path.is_dir():
        return _folder(path)
    if path.suffix == ".npy" and path.is_file():
        return _array(path)
    found = "a file of another kind" if path.exists() else "nothing"
    raise InputError(f"{path}: needs a .npy array or a folder of PNG or NIfTI images, got {found}; name one")


def _array(path: Path) -> MappedImages:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except UNREADABLE_ARRAY as error:
        reason = array_reason(error)
        raise InputError(f"{path}: cannot be read as an array ({reason}); write it again with numpy.save") from error
    if array.dtype.kind not in "fiub" or array.ndim not in (3, 4):
        raise InputError(
            f"{path}: needs numbers [n, X, Y] or [n, X, Y, Z], got {array.dtype} of shape {list(array.shape)}; write "
            "images without a channel axis"
        )
    _refuse_few(path, len(array), "images")
    if 0 in array.shape:
        raise InputError(f"{path}: needs images with voxels, got the shape {list(array.shape)}")
    images = MappedImages(array)
    for block in blocks(images):
        _refuse_values(path, block, "divide bytes by 255" if array.dtype.kind in "iu" else "rescale them")
    return images


def _folder(folder: Path) -> MappedImages:
    refuse_unfinished(folder)
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    pictures = [path for path in paths if path.name.lower().endswith(PICTURES)]
    volumes = [path for path in paths if path.name.lower().endswith(SINGLE_ENDINGS)]
    if pictures and volumes:
        raise InputError(f"{folder}: needs images of one kind, got {pictures[0].name} and {volumes[0].name}")
    images = pictures or volumes
    _refuse_few(folder, len(images), "PNG or NIfTI images")
    shape = _read(images[0]).shape
    return keep_on_disk(_all_of(images, shape), (len(images), *shape))


def _all_of(paths: list[Path], shape: tuple[int, ...]) -> Iterator[Float32Array]:
    for path in paths:
        image = _read(path)
        if image.shape != shape:
            own, other = ("x".join(map(str, sides)) for sides in (shape, image.shape))
            raise InputError(f"{path}: needs the shape {own} of {paths[0].name}, got {other}; bring all to one grid")
        _refuse_values(path, image, "rescale them")
        yield image[None]


def _read(path: Path) -> Float32Array:
    if not path.name.lower().endswith(PICTURES):
        volume = Volume.load(path)
        if volume.missing is not None:
            raise InputError(f"{path}: needs finite numbers, got NaN or infinity; write the image again")
        return volume.data
    try:
        with Image.open(path) as picture:
            mode, pixels = picture.mode, np.asarray(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = why_unreadable(error, path)
        raise InputError(f"{path}: cannot be read as a picture ({reason}); write it again") from error
    if mode in ("RGB", "RGBA") and (pixels[..., :3] == pixels[..., :1]).all():
        mode, pixels = "L", pixels[..., 0]
    if mode not in GREY:
        raise InputError(f"{path}: needs a grey-scale picture, got {mode}; save it as grey levels")
    return pixels.astype(np.float32) / np.float32(GREY[mode])


def _refuse_few(path: Path, count: int, kind: str) -> None:
    if count < FEWEST:
        raise InputError(f"{path}: needs {FEWEST} or more {kind}, got {count}; name a larger set")


def _refuse_values(path: Path, values: Float32Array, advice: str) -> None:
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{path}: needs finite numbers, got NaN or infinity; write the images again")
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise InputError(f"{path}: needs values in [0, 1], got {low:.4g} to {high:.4g}; {advice}")
