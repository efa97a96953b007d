"""What a cross-validation found, as `cross-validation.json` keeps it: every measure of every held-out scan.

The file is a few kilobytes, needs no weights and no scans, and names nobody: a scan is a row of the dataset. Tables of
papers are rebuilt from such files.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.files.json_text import parse_json
from brainlab.files.whole import write_whole
from brainlab.types import FloatArray

FILE = "cross-validation.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class MeasuredFold:
    """One fold. number: from 1.  seconds: of training.  curve: (epoch, held-out error) of each look while it trained.

    scans: of each held-out scan its `row` in the dataset, `class`, `seconds` that translating it took, and by name each
    measure of `synthesis.measure`, None where it is undefined.
    """

    number: int
    seconds: float
    scans: tuple[Mapping[str, Any], ...]
    curve: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """What was trained, on what, and what came of each fold.

    name: of the preset, or of the baseline.  method: name of the method.  config: its settings.
    schedule: how long it trained; empty of baselines.  folds: how many there are; `measured` holds those that are done.
    parameters: of the network, None where it has none.  data: what was held out and learned from.
    """

    name: str
    method: str
    title: str
    inputs: tuple[str, ...]
    target: str
    folds: int
    config: Mapping[str, Any]
    schedule: Mapping[str, Any]
    parameters: int | None
    data: Mapping[str, Any]
    measured: tuple[MeasuredFold, ...] = ()
    source: str = field(default="", compare=False)

    @property
    def simulated(self) -> bool:
        return bool(self.data.get("simulated"))

    def scans(self, fold: int | None = None) -> list[Mapping[str, Any]]:
        """Return the held-out scans of one fold, or of all that are done, by row."""
        found = [scan for one in self.measured if fold in (None, one.number) for scan in one.scans]
        return sorted(found, key=lambda scan: scan["row"])

    def values(self, measure: str, fold: int | None = None) -> FloatArray:
        """Return a measure of each held-out scan where it is defined."""
        known = (scan.get(measure) for scan in self.scans(fold))
        return np.array([value for value in known if value is not None], np.float64)

    def same_work(self, other: "CrossValidation") -> bool:
        """Whether another is of the same settings on the same data, whatever folds are done."""
        mine, theirs = (_without_folds(one) for one in (self, other))
        return json.loads(json.dumps(mine)) == json.loads(json.dumps(theirs))


def write_record(record: CrossValidation, folder: Path) -> Path:
    """Write `cross-validation.json` into a folder and return its path."""
    content = {"format": FORMAT, **asdict(record)}
    content.pop("source")
    path = folder / FILE
    write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
    return path


def read_record(path: Path) -> CrossValidation:
    """Read such a file. Raises InputError, naming it, where it is damaged or of a newer version."""
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise InputError(f"{path}: is of another version of brainlab; cross-validate again")
        measured = tuple(_fold(one) for one in content.pop("measured"))
        content["inputs"] = tuple(content["inputs"])
        return CrossValidation(**content, measured=measured, source=str(path))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: needs the record of a cross-validation, got a damaged one; make it again") from error


def run_folder(folder: Path, number: int) -> Path:
    """Return where the run of a fold lies, beside the record in `folder`."""
    return folder / f"fold-{number}"


def find_records(folders: Sequence[Path]) -> list[CrossValidation]:
    """Read the records in these folders and in folders in them, in the order of their paths."""
    paths = (path for folder in folders for path in (folder / FILE, *sorted(folder.glob(f"*/{FILE}"))))
    return [read_record(path) for path in dict.fromkeys(paths) if path.is_file()]


def most_measured(
    records: Sequence[CrossValidation], matches: Callable[[CrossValidation], bool]
) -> CrossValidation | None:
    """Return the record that matches, that of most scans, then of most epochs; None where there is none."""
    fitting = [record for record in records if record.measured and matches(record)]
    return max(fitting, key=lambda record: (len(record.scans()), record.schedule.get("epochs", 0)), default=None)


def learned_alike(
    records: Sequence[CrossValidation], rows: Sequence[Callable[[CrossValidation], bool]], settings: Sequence[str]
) -> list[CrossValidation]:
    """Return the records that are equal in some settings, of the method or of the schedule.

    rows: say what is to be compared. Of several values that which most of them have is taken.
    """

    def those(record: CrossValidation) -> tuple[Any, ...]:
        return tuple(record.config.get(name, record.schedule.get(name)) for name in settings)

    of_rows = [{those(record) for record in records if matches(record)} for matches in rows]
    found = {key for row in of_rows for key in row}
    most = max(found, key=lambda key: (sum(key in row for row in of_rows), repr(key)), default=())
    return [record for record in records if those(record) == most]


def _fold(content: Mapping[str, Any]) -> MeasuredFold:
    scans = tuple(dict(scan) for scan in content["scans"])
    for scan in scans:
        if not isinstance(scan["row"], int) or not all(
            value is None or isinstance(value, str) or math.isfinite(value) for value in scan.values()
        ):
            raise ValueError("a scan without its row, or with a value that is no number")
    curve = tuple((float(epoch), float(error)) for epoch, error in content["curve"])
    return MeasuredFold(number=int(content["number"]), seconds=float(content["seconds"]), scans=scans, curve=curve)


def _without_folds(record: CrossValidation) -> dict[str, Any]:
    content = asdict(record)
    return {name: value for name, value in content.items() if name not in ("measured", "source")}
