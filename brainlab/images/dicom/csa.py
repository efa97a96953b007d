"""The private header of Siemens images (CSA): numbers that scanners before XA say nowhere else."""

import math
from collections.abc import Mapping
from pathlib import Path

from brainlab.images.dicom.header import read_header

MOSAIC = "MOSAIC"
"""The value of Image Type of an image that holds all slices of a volume side by side."""
GROUP, IMAGE_HEADER = 0x0029, 0x10
BLOCKS = range(0x10, 0x20)
"""Where in its group the header may lie: which one, its creator's name says (DICOM PS3.5, 7.8.1)."""
TAGS = tuple((GROUP, tag) for block in BLOCKS for tag in (block, block << 8 | IMAGE_HEADER))


def read_csa(path: Path) -> Mapping[str, tuple[float, ...]]:
    """Return the numbers of a file's CSA image header by their name; to be called within `quietly`.

    Empty where there is none, as after many an anonymisation. Raises whatever pydicom and nibabel raise.
    """
    from nibabel.nicom import csareader  # warns, where it is imported, that it is experimental

    found = csareader.get_csa_header(read_header(path, TAGS), "image")
    tags = {} if found is None else found["tags"]
    numbers = {
        name: tuple(item for item in tag["items"] if isinstance(item, int | float)) for name, tag in tags.items()
    }
    return {name: items for name, items in numbers.items() if items and all(map(math.isfinite, items))}
