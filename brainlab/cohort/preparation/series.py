"""Which images of a 4D file make a scan: those without diffusion weighting, or with it, all of a time series, or one.

A diffusion series is told by the b-values in its header, or by its `.bval` file (FSL's format, which BIDS and dcm2niix
write): the images without weighting show the anatomy best. Others, such as a functional series, are of one contrast,
and their mean has least noise.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np

from brainlab.cohort.sources.bids import entities
from brainlab.cohort.sources.image_files import file_stem
from brainlab.counted import counted
from brainlab.errors import UnreadableScanError
from brainlab.files.textfile import read_text
from brainlab.images.volume import ChooseImages
from brainlab.types import FloatArray

ENDINGS = (".bval", ".bvals", ".BVAL")
LOW_B = 50.0
"""In s/mm2: up to this an image is hardly weighted; scanners write 0, 5 or 50 for none."""


CLINICAL_B, SHELL = 1000.0, 0.1
"""The weighting in s/mm2 that clinical scans have, and by what share the b-values of one shell differ."""


def choose_images(path: Path, asked: int | None = None, weighted: bool = False) -> ChooseImages:
    """Return what chooses of a file's images [n] those whose mean is the scan, with a note.

    asked: the image to use, counted from 0. weighted: of a diffusion series those with the weighting of clinical scans,
    or nearest to it, instead of those without: their mean is the trace image.
    """

    def choose(count: int, of_header: FloatArray | None) -> tuple[list[int], str]:
        if asked is not None:
            if asked >= count:
                raise UnreadableScanError(f"image {asked} was asked for; the series has {count}, counted from 0")
            return [asked], f"series of {count} images: number {asked} used"
        b_values = _b_values(path) if of_header is None else of_header
        if b_values is None and weighted:
            raise UnreadableScanError(
                f"series of {count} images without b-values: which are weighted is not known; give a .bval file, "
                "or choose one with --image-of-series"
            )
        if b_values is None:
            return list(range(count)), f"series of {count} images: their mean used"
        if len(b_values) != count:
            raise UnreadableScanError(
                f"{counted(len(b_values), 'b-value')} for a series of {count} images; give a .bval file with one "
                "for each"
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


def b_value_file(path: Path) -> Path | None:
    """Return where the b-values of an image are: beside it, or in BIDS above it for all images of its kind."""
    for ending in ENDINGS:
        if (beside := path.with_name(file_stem(path.name) + ending)).is_file():
            return beside
    wanted = entities(path.name)
    for folder in _above(path):
        fitting = [
            (len(found), name)
            for name, found in _shared(folder, folder.stat().st_mtime_ns)
            if found["suffix"] == wanted["suffix"] and found.items() <= wanted.items()
        ]
        if fitting:
            return folder / max(fitting)[1]
    return None


@lru_cache(maxsize=1024)
def _shared(folder: Path, _changed: int) -> tuple[tuple[str, dict[str, str]], ...]:
    """Return names and entities of a folder's b-values; a folder of thousands of people is read once."""
    names = sorted(place.name for ending in ENDINGS for place in folder.glob(f"*{ending}"))
    return tuple((name, entities(name.rsplit(".", 1)[0] + ".nii")) for name in names)


def _above(path: Path) -> list[Path]:
    """Return the folders above that of an image in a BIDS dataset, up to the dataset's own."""
    for number, folder in enumerate(path.parents):
        if (folder / "dataset_description.json").is_file():
            return list(path.parents)[1 : number + 1]
    return []


def _b_values(path: Path) -> FloatArray | None:
    """Return the b-values in s/mm2 of an image, or None where there are none."""
    if (place := b_value_file(path)) is None:
        return None
    try:
        values = np.array(read_text(place).replace(",", " ").split(), dtype=float)
    except (OSError, ValueError):
        values = np.array([])
    if not len(values) or not np.isfinite(values).all():
        raise UnreadableScanError(f"{place.name} holds no list of b-values; give one number for each image")
    return values
