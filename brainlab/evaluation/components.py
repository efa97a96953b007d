"""Features by which sets of images are compared without a network: principal components of real scans' voxels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainlab.evaluation.images import ImageSets
from brainlab.images.voxel_components import VoxelComponents, block_sides
from brainlab.types import FloatArray

COMPONENTS = 64

COMPONENT_BYTES = 2**28
"""Memory that the voxels which components are learnt from may fill."""


@dataclass(frozen=True)
class Features:
    """Scores of all images, [n, c] and [m, c], and what they are."""

    generated: FloatArray
    real: FloatArray
    settings: dict[str, Any]


def voxel_features(sets: ImageSets) -> Features:
    """Return the component scores of generated and real images; to be called by `ImageSets.once`."""
    components = VoxelComponents(COMPONENTS, sets.seed, COMPONENT_BYTES)
    components.fit(sets.real, np.arange(len(sets.real)))
    generated, real = (components.transform(part, np.arange(len(part))) for part in (sets.generated, sets.real))
    settings: dict[str, Any] = {
        "features": f"{generated.shape[1]} principal components of the real scans' voxels inside the brain"
    }
    if max(sides := block_sides(sets.shape)) > 1:
        settings["averaged_over_voxels"] = list(sides)
    return Features(generated, real, settings)
