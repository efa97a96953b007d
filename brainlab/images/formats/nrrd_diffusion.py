"""B-values of a diffusion series in NRRD, as 3D Slicer, DWIConvert and dcm2niix write it.

The header has one nominal b-value, that of the longest gradient, and for each image a gradient whose length tells its
own: b = nominal |g|^2 / max |g|^2. The frame of measurement turns gradients and does not change their lengths.

https://www.na-mic.org/wiki/NAMIC_Wiki:DTI:Nrrd_format (key/value pairs; 'Describing DWIs with different b-values')
"""

import re
from collections.abc import Mapping

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.text_header import needed, numbers, whole_numbers
from brainlab.types import FloatArray

OF_IMAGE = re.compile(r"dwmri_(gradient|nex|b-matrix|skip)_(\d{1,9})")
INSTEAD = "convert it to NIfTI with a .bval file"


def is_diffusion(fields: Mapping[str, str]) -> bool:
    """Whether a header, its names in small letters, is that of a diffusion series."""
    return fields.get("modality", "").upper() == "DWMRI"


def b_values(fields: Mapping[str, str], count: int) -> FloatArray:
    """Return the b-value of each image, [count], in whole s/mm2: gradients are written with few digits.

    A gradient counts for as many images as its NEX says, or one. Raises UnreadableScanError where the header does not
    tell the weighting of each image, once.
    """
    nominal = numbers("DWMRI_b-value", needed(fields, "dwmri_b-value"), 1)[0]
    if not 0 <= nominal < np.inf:
        raise UnreadableScanError(f"needs a DWMRI_b-value of 0 s/mm2 or more, got {nominal:g}")
    found = [(one[1], one[2], words) for name, words in fields.items() if (one := OF_IMAGE.fullmatch(name))]
    for kind, number, _ in found:
        if kind in ("b-matrix", "skip"):
            raise UnreadableScanError(f"the field DWMRI_{kind}_{number} is not read; {INSTEAD}")
        if kind == "nex" and f"dwmri_gradient_{number}" not in fields:
            raise UnreadableScanError(f"a DWMRI_NEX_{number} without a gradient; the file is damaged")
    lengths = np.full(count, np.nan)  # squared
    for number, words in ((number, words) for kind, number, words in found if kind == "gradient"):
        gradient = np.array(numbers(f"DWMRI_gradient_{number}", words, 3))
        times = whole_numbers(f"DWMRI_NEX_{number}", fields.get(f"dwmri_nex_{number}", "1"))[0]
        those = lengths[int(number) : int(number) + max(0, times)]
        if not 0 < times == len(those):
            raise UnreadableScanError(
                f"DWMRI_gradient_{number} is of {times} images from there, the series has {count}; {INSTEAD}"
            )
        if not np.isnan(those).all():
            raise UnreadableScanError(f"DWMRI_gradient_{number} is the second of one image; {INSTEAD}")
        with np.errstate(over="ignore", invalid="ignore"):
            those[:] = gradient @ gradient
    if not np.isfinite(lengths).all():
        lacking = int(np.flatnonzero(~np.isfinite(lengths))[0])
        raise UnreadableScanError(f"needs a gradient for each of {count} images, got none for {lacking}; {INSTEAD}")
    longest = lengths.max()
    if longest == 0 < nominal:
        raise UnreadableScanError(
            f"a DWMRI_b-value of {nominal:g} s/mm2 and no gradient: which are weighted is not known; {INSTEAD}"
        )
    return np.rint(nominal * (lengths / longest)) if longest else lengths
