"""The order in which a presentation shows the images of a case that has several, such as the two of a pair.

An arrangement lists the sealed images as they are shown, from left to right: [1, 0] shows a pair's second image first.
It is drawn anew for every presentation, independently of the labels, so that a reader who cannot tell the images apart
is right by chance alone, whatever the preference for a side; that is what an exact binomial test takes for granted.
Readers answer by place on the screen, and so answers are stored. Statistics compare images: this file leads from one
to the other. Presentations of single images, and of studies locked by an earlier version, have none (NULL).
"""

import json
from collections.abc import Sequence

import numpy as np


def images_in(shape_json: str) -> int:
    """Return how many images a stimulus has (see the column `shape_json`): they are stacked along a first axis."""
    layout = json.loads(shape_json)
    stacked = len(layout["shape"]) > len(layout["voxel_size_mm"])
    return int(layout["shape"][0]) if stacked else 1


def draw_arrangement(images: int, lot: np.random.Generator) -> str | None:
    """Draw the order of one presentation's images, each with equal chance; None for a single image.

    lot: random numbers under the study's salt.
    """
    return json.dumps(lot.permutation(images).tolist()) if images > 1 else None


def arranged(pixels: bytes, arrangement: str | None) -> bytes:
    """Return the sealed pixels of a stimulus in the order in which a presentation shows its images."""
    if arrangement is None:
        return pixels
    order = json.loads(arrangement)
    size = len(pixels) // len(order)
    return b"".join(pixels[image * size : (image + 1) * size] for image in order)


def as_sealed(shown: str, places: Sequence[str], arrangement: str | None) -> str:
    """Return the name of the sealed image that a reader saw at the place `shown`.

    places: names of the places from left to right; the same words name the sealed images, as in truth.db.
    """
    return shown if arrangement is None else places[json.loads(arrangement)[places.index(shown)]]


def as_shown(places: Sequence[str], arrangement: str | None) -> list[str]:
    """Return the name of the place at which each sealed image is shown, in the order of the sealed images."""
    order = range(len(places)) if arrangement is None else json.loads(arrangement)
    return [places[list(order).index(image)] for image in range(len(places))]
