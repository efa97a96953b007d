"""Read FreeSurfer's MGH and MGZ: 284 bytes of header, big-endian, then the voxels; an MGZ is the same, gzipped.

https://surfer.nmr.mgh.harvard.edu/fswiki/FsTutorial/MghFormat
"""

from pathlib import Path

import numpy as np
from nibabel.freesurfer.mghformat import MGHHeader

from brainlab.errors import UnreadableScanError
from brainlab.images.formats.stored import (
    StoredScan,
    checked_shape,
    opened,
    placed_scan,
    read_voxels,
    refusing_damage,
)

VERSION = 1
"""In the lowest byte of the first number; FreeSurfer 7 writes into the others what the image is for."""
HEADER_BYTES, FIRST_VOXEL = 90, 284
GOOD_RAS = slice(28, 30)
"""Where a header says whether it places the image."""
NUMBERS = {0: ">u1", 1: ">i4", 3: ">f4", 4: ">i2", 10: ">u2"}
"""Code of a type to the numbers that it stands for; others are tensors, bitmaps and colours."""
CORONAL = [[-1, 0, 0], [0, 0, -1], [0, 1, 0]]
"""Directions that FreeSurfer takes where a header gives none."""


def is_mgh(start: bytes) -> bool:
    """Whether a file begins as MGH does; no other format has these four bytes."""
    return len(start) >= 4 and start[0] == 0 and start[3] == VERSION and int.from_bytes(start[4:8], "big") > 0


def read_mgh(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file; arguments and errors as of `read_nifti`."""
    with refusing_damage(), opened(path) as stream:
        block = stream.read(FIRST_VOXEL)
        if len(block) < FIRST_VOXEL:
            raise UnreadableScanError(f"{len(block)} bytes, too short for an MGH header ({FIRST_VOXEL}); copy it again")
        if not is_mgh(block):
            raise UnreadableScanError("does not begin as an MGH file (version 1); damaged, or of another format")
        header = MGHHeader(block[:HEADER_BYTES], check=False)
        if (code := int(header["type"])) not in NUMBERS:
            raise UnreadableScanError(f"needs numbers of type {', '.join(map(str, NUMBERS))}, got {code}; convert it")
        shape = checked_shape([int(n) for n in header["dims"]], series, flat)
        voxels = read_voxels(stream, np.dtype(NUMBERS[code]), shape, FIRST_VOXEL, path.stat().st_size)
    notes = []
    if int.from_bytes(block[GOOD_RAS], "big", signed=True) <= 0:  # nibabel takes other directions than FreeSurfer does
        header["delta"], header["Mdc"], header["Pxyz_c"] = 1, CORONAL, 0
        notes.append("no orientation in the header: coronal slices of 1 mm taken, as FreeSurfer does")
    return placed_scan(voxels, np.asarray(header.get_affine(), dtype=float), notes=notes)
