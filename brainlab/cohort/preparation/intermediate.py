"""Intermediate images of a preparation: brain mask, registered scan and its mask, in a folder a scan."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from brainlab.cohort.preparation.prepare import PreparedScan
from brainlab.cohort.sources.image_files import file_stem
from brainlab.images.provenance import Provenance
from brainlab.images.volume import Volume

LONGEST_NAME_BYTES = 255
"""What file systems allow for the name of one folder."""
_LAST = "mni_mask.nii.gz"


def intermediate_names(relatives: Iterable[str]) -> dict[str, str]:
    """Return the folder name of each scan: its path without extension, / as __.

    A name that is too long for a file system, or that another scan has too, ends in a hash of the whole path.
    """
    plain = {relative: _plain_name(relative) for relative in relatives}
    count = Counter(plain.values())
    return {
        relative: name
        if count[name] == 1 and len(os.fsencode(name)) <= LONGEST_NAME_BYTES
        else _with_hash(name, relative)
        for relative, name in plain.items()
    }


def _plain_name(relative: str) -> str:
    folder, _, name = relative.rpartition("/")
    return f"{folder}/{file_stem(name)}".strip("/").replace("/", "__")


def _with_hash(name: str, relative: str) -> str:
    ending = f"-{hashlib.sha256(relative.encode()).hexdigest()[:12]}"
    start = os.fsencode(name)[: LONGEST_NAME_BYTES - len(ending)].decode(errors="ignore")
    return start + ending


def write_intermediate(folder: Path, scan: PreparedScan, origin: Provenance) -> None:
    """Write the images of one scan; the native mask lies on the file's own grid, voxel on voxel.

    origin: what the registered scan's file is to say of it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    native_mask = scan.placement.native_mask.astype(np.float32)
    Volume(native_mask, scan.native.affine).save(folder / "brain_mask_native.nii.gz", scan.native.axes)
    scan.placement.on_template().save(folder / "mni.nii.gz", provenance=[origin])
    scan.placement.template_mask(scan.native).save(folder / _LAST)


def is_whole(folder: Path) -> bool:
    """Whether all images of a scan are there."""
    return (folder / _LAST).is_file()
