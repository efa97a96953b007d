"""What single images contribute to a run's metrics: kept beside `evaluation.json`, so that two runs can be compared.

A NumPy archive of a few numbers an image (60 kB at 1,000 samples): for each metric an array `real.NAME` or
`generated.NAME`, and `NAME.rows` where it is of some scans only; `rows` and `people` of the held-out scans; and the
hash of the evaluation that it belongs to, which holds those of the weights and the data. It names nobody.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np

from brainlab.counted import counted
from brainlab.errors import UNREADABLE_ARRAY, InputError, array_reason
from brainlab.evaluation.measurement import Parts, PartsOf
from brainlab.files.array_files import read_arrays
from brainlab.files.whole import write_whole
from brainlab.runs.run import Run
from brainlab.types import IntArray

VALUES = "evaluation_values.npz"
AGAIN = "run 'brainlab evaluate' again"


@dataclass(frozen=True)
class EvaluationValues:
    """rows: where the held-out scans are in their dataset, [m]. people: number of the person that each is of, [m].

    parts: by metric, of those that are means over images.
    """

    rows: IntArray
    people: IntArray
    parts: Mapping[str, Parts]


def write_values(evaluation: Path, values: EvaluationValues, written: Path | None = None) -> Path:
    """Write the values beside the `evaluation.json` that they belong to.

    written: where that lies until both are written.
    """
    arrays = {"evaluation_sha256": np.array(_hash(written or evaluation)), "rows": values.rows, "people": values.people}
    for name, parts in values.parts.items():
        arrays[f"{parts.of}.{name}"] = parts.values
        if parts.rows is not None:
            arrays[f"{name}.rows"] = parts.rows
    archive = io.BytesIO()
    np.savez_compressed(archive, allow_pickle=False, **arrays)
    path = evaluation.with_name(VALUES)
    write_whole(path, archive.getvalue())
    return path


def read_values(run: Run) -> EvaluationValues:
    """Read the values of a run's evaluation.

    Raises InputError where there are none, as of runs that an earlier version evaluated, or they are of another
    evaluation, damaged, or do not fit together.
    """
    evaluation = run.evaluation_file
    if evaluation is None:
        raise InputError(f"{run.folder}: needs an evaluation, got none; run 'brainlab evaluate'")
    path = evaluation.with_name(VALUES)
    if not path.is_file():
        raise InputError(f"{path}: needs the values of single images, got no such file; {AGAIN}")
    try:
        arrays = read_arrays(path)
        if str(arrays.get("evaluation_sha256")) != _hash(evaluation):
            raise InputError(f"{path}: needs values of {evaluation.name}, got those of another evaluation; {AGAIN}")
        return _values(arrays)
    except UNREADABLE_ARRAY as error:
        raise InputError(f"{path}: damaged ({array_reason(error)}); {AGAIN}") from error


def _values(arrays: Mapping[str, np.ndarray]) -> EvaluationValues:
    """Put arrays together. Raises ValueError where one is missing or of a wrong kind, length or range."""
    if absent := [name for name in ("rows", "people") if name not in arrays]:
        raise ValueError(f"has no {absent[0]}")
    rows, people = (_numbers(arrays[name], "i", name) for name in ("rows", "people"))
    if len(rows) != len(people):
        raise ValueError(f"{counted(len(rows), 'row')} of {counted(len(people), 'scan')}")
    parts = {}
    for key, array in arrays.items():
        of, _, name = key.partition(".")
        if of in get_args(PartsOf):
            chosen = _numbers(arrays[f"{name}.rows"], "i", f"{name}.rows") if f"{name}.rows" in arrays else None
            parts[name] = Parts(_numbers(array, "f", key), cast(PartsOf, of), chosen)
            if of == "real":
                _refuse_other_scans(parts[name], len(rows), key)
    return EvaluationValues(rows, people, parts)


def _refuse_other_scans(parts: Parts, scans: int, name: str) -> None:
    chosen = np.arange(scans) if parts.rows is None else parts.rows
    if len(parts.values) != len(chosen):
        raise ValueError(f"{name} has {counted(len(parts.values), 'value')} of {counted(len(chosen), 'scan')}")
    if not ((chosen >= 0) & (chosen < scans)).all():
        raise ValueError(f"{name} is of scans beyond the {scans} there are")


def _numbers(array: np.ndarray, kind: str, name: str) -> np.ndarray:
    if array.dtype.kind != kind or array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError(f"{name} is {array.dtype} of shape {list(array.shape)}, or not finite")
    return array


def _hash(evaluation: Path) -> str:
    return hashlib.sha256(evaluation.read_bytes()).hexdigest()
