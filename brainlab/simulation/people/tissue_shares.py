"""What share of each voxel is which tissue, in one person.

The template is an average of many brains: its shares are soft, its furrows shallow. Here they are made as crisp as one
brain's; sulci widen by a factor on the fluid's share, and noise fields of gyral scale make every cortex its own.
"""

import numpy as np

from brainlab.simulation.people.atlas import BRAINSTEM, CALLOSUM, CEREBELLUM, DEEP_GREY, PALLIDUM
from brainlab.types import Float32Array, UInt8Array

FOLDING = 0.32
"""How much sulci differ in width from place to place: standard deviation of the logarithm of the factor on fluid."""
CORTEX = 0.35
"""How much the border of white matter and cortex moves from place to place: standard deviation of the logarithm of
white matter's weight."""
INNER_GAIN = 0.6
"""Factor on fluid inside the deep nuclei, brainstem and callosum, which have no sulci."""

TISSUES = (
    "white",
    "cortical_grey",
    "deep_grey",
    "pallidum",
    "cerebellar_grey",
    "cerebellar_white",
    "brainstem",
    "fluid",
)
"""Order of the shares; the names that the table of tissue constants knows."""


def tissue_shares(
    grey: Float32Array,
    white: Float32Array,
    sulcal: Float32Array,
    cavity: Float32Array,
    region: UInt8Array,
    sulcal_width: float,
    fold: Float32Array,
    thickness: Float32Array,
) -> Float32Array:
    """Return shares [8, X, Y, Z] in the order of TISSUES, which sum to 1 where there is any tissue.

    grey, white, sulcal, cavity, region: the template's maps of `Atlas` at a person's voxels, each [X, Y, Z].
    sulcal_width: factor on the fluid in sulci. fold, thickness: unit noise of gyral scale [X, Y, Z].
    """
    inner = (region == DEEP_GREY) | (region == PALLIDUM) | (region == BRAINSTEM) | (region == CALLOSUM)
    gain = np.where(inner, np.float32(INNER_GAIN), np.float32(sulcal_width) * np.exp(np.float32(FOLDING) * fold))
    wet = _crisp(gain * np.maximum(sulcal, np.float32(0.02)))
    dry_white = _crisp(white) * np.where(inner, np.float32(1), np.exp(np.float32(CORTEX) * thickness))
    dry_grey = _crisp(grey)
    solid = (1 - cavity) / np.maximum(wet + dry_white + dry_grey, np.float32(1e-6))
    return _by_structure(dry_grey * solid, dry_white * solid, wet * solid + cavity, region)


def _crisp(share: Float32Array) -> Float32Array:
    """The third power, by which the largest share of a voxel takes nearly all of it."""
    return share * share * share


def _by_structure(grey: Float32Array, white: Float32Array, fluid: Float32Array, region: UInt8Array) -> Float32Array:
    """Spread grey and white over the structures of TISSUES: [8, X, Y, Z]."""
    shares = np.zeros((len(TISSUES), *grey.shape), np.float32)
    cerebellum, brainstem = region == CEREBELLUM, region == BRAINSTEM
    deep, pallidum = region == DEEP_GREY, region == PALLIDUM
    cortex = ~(cerebellum | brainstem | deep | pallidum)
    np.copyto(shares[0], white, where=~(cerebellum | brainstem))
    np.copyto(shares[1], grey, where=cortex)
    np.copyto(shares[2], grey, where=deep)
    np.copyto(shares[3], grey, where=pallidum)
    np.copyto(shares[4], grey, where=cerebellum)
    np.copyto(shares[5], white, where=cerebellum)
    np.copyto(shares[6], grey + white, where=brainstem)
    shares[7] = fluid
    return shares
