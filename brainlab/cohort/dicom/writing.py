"""Write one imported volume into a BIDS dataset: image, sidecar, diffusion weighting, and the row of its person."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from brainlab import __version__
from brainlab.cohort import bids_writer
from brainlab.cohort.dicom.headers.settings import common_settings
from brainlab.cohort.dicom.sequence_names import UNKNOWN
from brainlab.cohort.dicom.series import Volume
from brainlab.cohort.dicom.voxels import volume_of
from brainlab.errors import InputError
from brainlab.files.textfile import read_text
from brainlab.files.whole import write_whole
from brainlab.types import FloatArray

GENERATOR = {"Name": "brainlab import-dicom", "Version": __version__}
README = """Imported from DICOM by brainlab.

Names, ids, dates and identifiers are left out. Faces are not: whoever sees a head in three dimensions may know the
person. Remove them before you share the dataset.
"""


def voxels_of(volume: Volume) -> npt.NDArray[Any]:
    """Return the voxels [X, Y, Z], or [X, Y, Z, n] of several images.

    Raises UnreadableScanError, with the reason alone, where the pixels cannot be decoded.
    """
    stacks = [volume_of(image) for image in volume.images]
    return stacks[0] if len(stacks) == 1 else np.stack(stacks, axis=-1)


def write_volume(stem: Path, volume: Volume, voxels: npt.NDArray[Any]) -> None:
    """Write `stem`.json, .bval and .bvec of diffusion, and last .nii.gz, by which a volume is known as done."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(stem.parent)
    name = stem.name
    sidecar = common_settings((frame.settings for frame in volume.frames), volume.first.origin.private)
    bids_writer.write_json(stem.with_name(f"{name}.json"), {**sidecar, "ConversionSoftware": "brainlab",
                                                            "ConversionSoftwareVersion": __version__})  # fmt: skip
    if name.endswith("_dwi"):
        b_values, directions = weighting_of(volume)
        write_whole(stem.with_name(f"{name}.bval"), " ".join(f"{value:g}" for value in b_values) + "\n")
        lines = (" ".join(f"{part:.6g}" for part in row) for row in directions.T)
        write_whole(stem.with_name(f"{name}.bvec"), "\n".join(lines) + "\n")
    bids_writer.write_image(stem.with_name(f"{name}.nii.gz"), voxels, volume.affine)


def remove_unfinished(folder: Path) -> None:
    """Remove the half-written files that a killed import left in a folder."""
    for left in folder.glob(".writing-*"):
        left.unlink()


def weighting_of(volume: Volume) -> tuple[list[float], FloatArray]:
    """Return the b-value of each image in s/mm² and the directions [n, 3] as FSL has them, 0 where there is none.

    FSL counts along the image's own axes, the first turned round where these are right-handed.
    """
    axes = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    signs = np.array([-1.0 if np.linalg.det(axes) > 0 else 1.0, 1.0, 1.0])
    told = [image[0].weighting for image in volume.images]
    found = [np.zeros(3) if w.direction is None else axes.T @ (np.array(w.direction) * [-1, -1, 1]) for w in told]
    return [weighting.b_value or 0.0 for weighting in told], np.array(found) * signs + 0.0


def write_dataset_files(root: Path, unknown: bool) -> None:
    """Write what a BIDS dataset has at its top, as far as it is not there. unknown: whether it has images of unknown
    sequence, which `.bidsignore` lists."""
    if not (root / "dataset_description.json").exists():
        bids_writer.write_description(root, "Imported from DICOM", GENERATOR)
    if not any(root.glob("README*")):
        write_whole(root / "README", README)
    ignored, line = root / ".bidsignore", f"**/*_{UNKNOWN}.*"
    listed = read_text(ignored) if ignored.exists() else ""
    if unknown and line not in listed.splitlines():
        write_whole(ignored, listed + ("\n" if listed and not listed.endswith("\n") else "") + line + "\n")


def add_row(table: Path, key: str, name: str, cells: Mapping[str, str | None], others: Sequence[str] = ()) -> None:
    """Add a row to a TSV unless it has one of that name; what is there stays as it is.

    key: the column of names, such as participant_id. others: columns of a new table beside it.
    Raises InputError where the table that is there has no such column.
    """
    content = read_text(table) if table.is_file() else "\t".join([key, *others]) + "\n"
    lines = content.splitlines()
    columns = [column.strip() for column in (lines[0] if lines else "").split("\t")]
    if key not in columns:
        raise InputError(f"{table}: needs a column {key}, got {', '.join(columns) or 'nothing'}; choose another OUT")
    place = columns.index(key)
    if any(len(row := line.split("\t")) > place and row[place].strip() == name for line in lines[1:]):
        return
    values: dict[str, Any] = {key: name, **cells}
    row = [str(values.get(column if column == key else column.lower()) or "n/a") for column in columns]
    ending = "" if content.endswith("\n") else "\n"
    table.parent.mkdir(parents=True, exist_ok=True)
    remove_unfinished(table.parent)
    write_whole(table, content + ending + "\t".join(row) + "\n")
