"""Write a visit's images and truth under the names that BIDS has for them."""

from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort import bids_writer
from brainlab.cohort.template import SPACE
from brainlab.images.provenance import Provenance, to_object
from brainlab.simulation.scanning.imaging import SimulatedImage, Truth
from brainlab.simulation.sequences.techniques import sidecar
from brainlab.types import Float32Array, FloatArray

TRACE_DIRECTION = "0\n0\n0\n"
"""Of a trace image, which is the mean over directions."""


def write_image(
    folder: Path, visit: str, made: SimulatedImage, provenance: Provenance, *, skull_stripped: bool
) -> None:
    """Write one image and what else its scan gave, as int16 with a sidecar, below the visit's `folder`.

    visit: how the file names begin, such as `sub-1_ses-01`. provenance: what header and sidecar say of the image.
    """
    sequence = made.sequence
    place = folder / sequence.folder
    stem = sequence.stem(visit)
    values = _sidecar(made, skull_stripped)
    units = {"Units": sequence.units} if sequence.units else {}
    _write(place / stem, made.image, made.affine, sequence.step, values | units, provenance)
    if sequence.b_value_s_mm2 is not None:
        bids_writer.write_bytes(place / f"{stem}.bval", f"{sequence.b_value_s_mm2}\n".encode())
        bids_writer.write_bytes(place / f"{stem}.bvec", TRACE_DIRECTION.encode())
    for suffix, image in made.also.items():
        _write(place / f"{visit}_{suffix}", image, made.affine, sequence.step, values, provenance)


def _write(
    path: Path, image: Float32Array, affine: FloatArray, step: float, values: dict[str, Any], provenance: Provenance
) -> None:
    stored = np.clip(np.rint(image / np.float32(step)), 0, 32767).astype(np.int16)
    bids_writer.write_image(path.with_name(f"{path.name}.nii.gz"), stored, affine, step, [provenance])
    bids_writer.write_json(path.with_name(f"{path.name}.json"), values | to_object([provenance]))


def _sidecar(made: SimulatedImage, skull_stripped: bool) -> dict[str, Any]:
    scan = made.scan
    scanned = sidecar(scan.technique)
    voxels = {"PixelBandwidth": scan.pixel_bandwidth_hz, "SliceThickness": scan.thickness_mm} if scanned else {}
    return {
        "Simulated": True,
        "SeriesDescription": made.sequence.title,
        "Manufacturer": scan.manufacturer,
        "StationName": f"simulated scanner {scan.scanner}",
        **scanned,
        **voxels,
        "SkullStripped": skull_stripped,
        **({"SpatialReference": SPACE} if skull_stripped else {}),
    }


def write_truth(folder: Path, visit: str, images: list[SimulatedImage], provenance: Provenance) -> None:
    """Write labels, masks and myelin of the first image's grid, and the masks on the grids of the others.

    Images of the template's space share one grid. Whole heads have one a scan, named by the first image of the scan.
    provenance: what the headers say.
    """
    first, *others = images
    place = folder / "anat"
    truth = first.truth
    bids_writer.write_image(place / f"{visit}_dseg.nii.gz", truth.labels, truth.affine, provenance=[provenance])
    myelin = np.rint(np.clip(truth.myelin, 0, 1) * 200).astype(np.uint8)
    bids_writer.write_image(place / f"{visit}_desc-myelin_probseg.nii.gz", myelin, truth.affine, 1 / 200, [provenance])
    _write_masks(place, visit, truth, provenance)
    written = [truth]
    for image in others:
        if all(image.truth is not one for one in written):
            _write_masks(place, f"{visit}_space-{image.sequence.name}", image.truth, provenance)
            written.append(image.truth)


def _write_masks(place: Path, stem: str, truth: Truth, provenance: Provenance) -> None:
    masks = {"brain": truth.brain, "lesion": truth.lesion, "stroke": truth.stroke}
    for name, mask in masks.items():
        if mask is not None:
            path = place / f"{stem}_desc-{name}_mask.nii.gz"
            bids_writer.write_image(path, mask, truth.affine, provenance=[provenance])
