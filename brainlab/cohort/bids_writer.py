"""Write a BIDS dataset: images with sidecars, tables, the description. The same input gives the same bytes.

Every file is written under a temporary name and renamed when whole. Times are in s and bandwidths in Hz, as BIDS says.
"""

import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from brainlab.errors import InputError
from brainlab.files.whole import write_whole
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import mark_header
from brainlab.types import FloatArray

BIDS_VERSION = "1.10.0"
"""The first that names maps made by the scanner, such as ADC."""
GZIP_LEVEL = 1


def write_image(
    path: Path,
    data: npt.NDArray[Any],
    affine: FloatArray,
    scale: float = 1.0,
    provenance: Sequence[Provenance] = (),
) -> None:
    """Write a `.nii.gz` with the array's own integer or float type.

    data: [X, Y, Z]; affine: [4, 4] voxel indices to mm (RAS); scale: what one step of an integer type is worth;
    provenance: what the header is to say of it.
    The gzip header carries no time and no name, so that equal images are equal files.
    """
    image = nib.Nifti1Image(data, affine, dtype=data.dtype)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, code=1)
    image.set_sform(affine, code=1)
    image.header.set_slope_inter(scale, 0)
    header = image.header.copy()
    mark_header(header, provenance)
    raw = io.BytesIO()
    header.write_to(raw)
    raw.write(np.asarray(data, order="F").tobytes(order="F"))
    write_bytes(path, gzip.compress(raw.getvalue(), GZIP_LEVEL, mtime=0))


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file with the keys in their given order."""
    write_bytes(path, (json.dumps(values, indent=2, allow_nan=False) + "\n").encode())


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a TSV; a missing or empty cell becomes `n/a`, as BIDS has it.

    Raises InputError for a cell with a tab, a line end or a quote, for which a TSV has no sign.
    """
    lines = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    for number, cells in enumerate(lines, 1):
        for column, cell in zip(columns, cells, strict=True):
            if set(cell) & set('\t\r\n"'):
                raise InputError(
                    f"{path}: line {number}: needs a {column} without tab, line end and quote, got {cell!r}; rename it"
                )
    write_bytes(path, ("\n".join("\t".join(cells) for cells in lines) + "\n").encode())


def write_description(
    root: Path,
    name: str,
    generator: Mapping[str, Any],
    *,
    derivative: bool = False,
    license_name: str | None = None,
    **more: Any,
) -> None:
    """Write `dataset_description.json`; `generator` is the one entry of GeneratedBy.

    license_name: what the data may be used under, such as CC0; None where nobody has said so, as of scans of patients.
    """
    values = {
        "Name": name,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative" if derivative else "raw",
        **({"License": license_name} if license_name else {}),
        "GeneratedBy": [dict(generator)],
        **more,
    }
    write_json(root / "dataset_description.json", values)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it when whole; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)


def _cell(value: Any) -> str:
    """A table cell: numbers without needless digits, `n/a` for nothing."""
    if value is None or value == "" or value != value:  # NaN is unlike itself
        return "n/a"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
