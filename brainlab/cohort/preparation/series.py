"""Which images of a 4D file make a scan: those without diffusion weighting, or with it, all of a time series, or one.

A diffusion series is told by the `.bval` file beside it (FSL's format, which BIDS and dcm2niix write): the images
without weighting show the anatomy best. Others, such as a functional series, are of one contrast, and their mean has
least noise.
"""

from pathlib import Path

import numpy as np

from brainlab.cohort.sources.image_files import file_stem
from brainlab.errors import UnreadableScanError
from brainlab.types import FloatArray
from brainlab.volume import ChooseImages

LOW_B = 50.0
"""In s/mm2: up to this an image is hardly weighted; scanners write 0, 5 or 50 for none."""


CLINICAL_B, SHELL = 1000.0, 0.1
"""The weighting in s/mm2 that clinical scans have, and by what share the b-values of one shell differ."""


def choose_images(path: Path, asked: int | None = None, weighted: bool = False) -> ChooseImages:
    """Return what chooses of a file's images [n] those whose mean is the scan, with a note.

    asked: the image to use, counted from 0. weighted: of a diffusion series those with the weighting of clinical scans,
    or nearest to it, instead of those without: their mean is the trace image.
    """

    def choose(count: int) -> tuple[list[int], str]:
        if asked is not None:
            if asked >= count:
                raise UnreadableScanError(f"image {asked} was asked for; the series has {count}, counted from 0")
            return [asked], f"series of {count} images: number {asked} used"
        b_values = _b_values(path)
        if b_values is None:
            return list(range(count)), f"series of {count} images: their mean used"
        if len(b_values) != count:
            raise UnreadableScanError(
                f"{len(b_values)} b-values beside a series of {count} images; give a .bval file with one for each"
            )
        if weighted and b_values.max() > LOW_B:
            diffusion = b_values[b_values > LOW_B]
            shell = float(diffusion[np.abs(diffusion - CLINICAL_B).argmin()])
            high = np.flatnonzero(np.abs(b_values - shell) <= SHELL * shell).tolist()
            return high, f"series of {count} images: mean of the {len(high)} with b about {shell:g} s/mm2 used"
        highest = max(LOW_B, float(b_values.min()))
        low = np.flatnonzero(b_values <= highest).tolist()
        which = f"number {low[0]}" if len(low) == 1 else f"mean of the {len(low)}"
        return low, f"series of {count} images: {which} with b up to {b_values[low].max():g} s/mm2 used"

    return choose


def b_value_file(path: Path) -> Path:
    """Return where the b-values of an image are, if it has any."""
    return path.with_name(f"{file_stem(path.name)}.bval")


def _b_values(path: Path) -> FloatArray | None:
    """Return the b-values in s/mm2 of the file beside an image, or None where there is none."""
    beside = b_value_file(path)
    if not beside.is_file():
        return None
    try:
        values = np.array(beside.read_text().replace(",", " ").split(), dtype=float)
    except (OSError, ValueError) as error:
        raise UnreadableScanError(f"{beside.name} beside it holds no list of b-values") from error
    if not len(values) or not np.isfinite(values).all():
        raise UnreadableScanError(f"{beside.name} beside it holds no list of b-values")
    return values
