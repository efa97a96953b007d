"""How large the labelled regions of volumes are, by a tissue network: of people, or of what a generator draws."""

from typing import TYPE_CHECKING

import numpy as np

from brainlab.evaluation.images import Images, each
from brainlab.types import FloatArray, IntArray

if TYPE_CHECKING:
    from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter

MM3_PER_ML = 1000


def region_volumes(images: Images, segmenter: "VolumeSegmenter", rows: IntArray | None = None) -> FloatArray:
    """Return the volume of every region of images [n, X, Y, Z] in [0, 1], in ml: [n, regions], as `segmenter.regions`.

    The segmenter's grid is that of the images (`find_segmenter`). rows: images that count; all by default.
    """
    voxel_ml = abs(np.linalg.det(segmenter.grid.affine[:3, :3])) / MM3_PER_ML
    kinds = len(segmenter.labels)
    counts = [np.bincount(segmenter.segment(image).ravel(), minlength=kinds)[1:] for image in each(images, rows)]
    return np.array(counts, dtype=np.float64).reshape(-1, kinds - 1) * voxel_ml
