"""Codes of the people a run was trained on, with what is known of them: kept beside the weights, without any image.

So that discriminants, directions and distances rest on thousands of people where only some hundreds of images ship.
Codes are enough to draw a blurred likeness of each person, so they are kept only on request (docs/privacy.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from brainlab.errors import UNREADABLE_ARRAY, InputError, array_reason
from brainlab.files.array_files import read_arrays
from brainlab.files.whole import whole_file
from brainlab.latent.encoding import Encoding
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray

TRAINING_CODES = "training_codes.npz"
LEVELS = 255
"""Steps in which a dimension's values are kept: a quarter of the size, and an error of a hundredth of their spread."""
WORDS = ("participant", "class", "sex")


@dataclass(frozen=True)
class TrainingCodes:
    """One scan of each person of a training split, known by its code.

    folder: of the run. scans: a row a person: participant (a hash), class, sex, age, acquisition and what was measured
    on the image. encoding: their posteriors, in the same order.
    """

    folder: Path
    name: str
    scans: pd.DataFrame
    encoding: Encoding
    simulated: bool
    sha256: str

    def __len__(self) -> int:
        return len(self.encoding)

    def rows(self, indices: IntArray) -> "TrainingCodes":
        """Return some of the people."""
        return replace(
            self, scans=self.scans.iloc[indices].reset_index(drop=True), encoding=self.encoding.rows(indices)
        )

    def indices(self, split: str | None = None) -> IntArray:
        """Row numbers of a split, as of a prepared dataset: all are of the training split."""
        return np.arange(0 if split == "test" else len(self))


def write_training_codes(run: Run, scans: pd.DataFrame, encoding: Encoding) -> Path:
    """Keep the codes of people beside a run. scans: a row for each code, with the columns participant and class.

    Returns the file. Raises OSError when it cannot be written.
    """
    kept: dict[str, Any] = {"run": np.array(run.sha256)}
    for name in scans:
        column = scans[name]
        known = column.notna().to_numpy()
        kept[f"column {name}"] = (
            np.where(known, column.astype(str), "").astype(str)
            if name in WORDS
            else pd.to_numeric(column, errors="coerce").to_numpy(np.float32)
        )
    kept |= _stepped("mean", encoding.mean)
    if encoding.log_variance is not None:
        kept |= _stepped("log_variance", encoding.log_variance)
    path = run.folder / TRAINING_CODES
    with whole_file(path) as scratch:
        np.savez_compressed(scratch, **kept)
    return path


def read_training_codes(run: Run) -> TrainingCodes | None:
    """Return the codes that a run keeps of the people it was trained on; None where it keeps none of these weights.

    Raises InputError where the file is damaged.
    """
    path = run.folder / TRAINING_CODES
    if not path.is_file():
        return None
    try:
        kept = read_arrays(path)
        sha256 = str(kept["run"])
        if sha256 != run.sha256:
            return None
        columns = {name.removeprefix("column "): kept[name] for name in kept if name.startswith("column ")}
        scans = pd.DataFrame({name: _column(name, values) for name, values in columns.items()})
        spread = _unstepped("log_variance", kept) if "log_variance" in kept else None
        encoding = Encoding(_unstepped("mean", kept), spread)
        if len(scans) != len(encoding) or encoding.latent_dim != run.latent_dim or not {*WORDS[:2]} <= {*scans}:
            raise InputError("its parts do not fit together")
    except (*UNREADABLE_ARRAY, InputError) as error:
        reason = array_reason(error)
        raise InputError(f"{path}: damaged ({reason}); keep the codes again with 'brainlab keep-codes'") from error
    return TrainingCodes(run.folder, f"the people {run.name} was trained on", scans, encoding, run.simulated, sha256)


def _stepped(name: str, values: Float32Array) -> dict[str, npt.NDArray[Any]]:
    """Round values [n, d] to `LEVELS` steps between the least and the most of each dimension."""
    low = values.min(axis=0)
    step = np.maximum((values.max(axis=0) - low) / np.float32(LEVELS), np.float32(1e-9))
    return {name: np.rint((values - low) / step).astype(np.uint8), f"{name} low": low, f"{name} step": step}


def _unstepped(name: str, kept: Mapping[str, npt.NDArray[Any]]) -> Float32Array:
    return np.asarray(kept[f"{name} low"] + kept[name] * kept[f"{name} step"], np.float32)


def _column(name: str, values: npt.NDArray[Any]) -> Any:
    """Return a column as a table of scans has it: words with None, numbers with NaN."""
    return pd.Series(values, dtype=object).replace("", None) if name in WORDS else values.astype(float)
