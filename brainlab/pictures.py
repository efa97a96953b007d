"""Flat pictures of volumes: rows of middle slices, for logs and film-strips."""

import numpy as np
from PIL import Image

from brainlab.types import Float32Array, UInt8Array


def middle_views(image: Float32Array) -> list[Float32Array]:
    """Return the middle axial, coronal and sagittal slice of [X, Y, Z] (RAS), or the one slice of [X, Y].

    Head up, radiological convention (the patient's right on the left of the picture), padded to one width.
    """
    if image.ndim == 2:
        return [image.T[::-1]]
    x, y, z = (side // 2 for side in image.shape)
    views = [image[::-1, :, z].T[::-1], image[::-1, y, :].T[::-1], image[x, :, :].T[::-1]]
    width = max(view.shape[1] for view in views)
    return [np.pad(view, ((0, 0), ((width - view.shape[1]) // 2, (width - view.shape[1] + 1) // 2))) for view in views]


def film_strip(images: Float32Array, zoom: int = 2) -> Image.Image:
    """Return images [n, *size] in [0, 1] side by side, a column of middle views each; `zoom` enlarges each voxel."""
    columns = [np.concatenate(middle_views(image)) for image in images]
    pixels: UInt8Array = np.rint(255 * np.clip(np.concatenate(columns, axis=1), 0, 1)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    return picture.resize((zoom * picture.width, zoom * picture.height), Image.Resampling.NEAREST)
