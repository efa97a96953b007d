"""The cross-validations, runs, data and reports that figures of translators are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.cross_validation.record import CrossValidation, most_measured, run_folder
from brainlab.experiments.tables.cross_validated import same_name
from brainlab.experiments.tables.translators import Matches
from brainlab.runs.files import CONFIG
from brainlab.runs.run import Run, load_run

Records = Mapping[str, CrossValidation]
"""By the names of methods."""

REFERENCE = "The thesis' own are of other scans: a reference, no pass mark."


@dataclass(frozen=True)
class Methods:
    """Cross-validations to be shown beside one another. records: all of the same data.  said: what is left out."""

    records: Records
    said: str = ""

    @property
    def simulated(self) -> bool:
        return all(record.simulated for record in self.records.values())

    @property
    def data_name(self) -> str:
        return str(next(iter(self.records.values())).data.get("name"))

    def rows(self, figure: str) -> set[int]:
        """Return the scans that every method was measured on, by their row in the dataset.

        Raises InputError where there are none.
        """
        found = set.intersection(*({scan["row"] for scan in record.scans()} for record in self.records.values()))
        if not found:
            raise InputError(f"{figure}: needs scans that all methods held out, got none; do the same folds of each")
        return found


def methods_at_hand(
    records: Sequence[CrossValidation], matches: Mapping[str, Matches], target: str, figure: str, fewest: int = 1
) -> Methods:
    """Return the record of each method, of those on the data that most of them were measured on.

    Raises InputError where there are fewer methods than `fewest`.
    """
    fitting = [record for record in records if same_name(record.target, target)]
    found = {method: most_measured(fitting, which) for method, which in matches.items()}
    known = {method: record for method, record in found.items() if record is not None}
    hashes = [record.data.get("sha256") for record in known.values()]
    usual = max(dict.fromkeys(hashes), key=hashes.count, default=None)
    # A method that was measured on other data too is shown by what it made of the usual ones.
    own = {
        method: most_measured([one for one in fitting if one.data.get("sha256") == usual], which)
        for method, which in matches.items()
    }
    shown = {method: record for method, record in own.items() if record is not None}
    if len(shown) < fewest:
        wanted = f"{'any' if fewest == 1 else f'{fewest} or more'} of {', '.join(matches)}"
        raise InputError(
            f"{figure}: needs cross-validations of {target} by {wanted}, got {', '.join(shown) or 'none'}; make them "
            "with 'brainlab cross-validate' and name their folder with --records"
        )
    absent = [method for method in matches if method not in known]
    elsewhere = [method for method in known if method not in shown]
    said = f"Not shown, as no cross-validation is at hand: {', '.join(absent)}. " if absent else ""
    said += f"Not shown, as measured on other data: {', '.join(elsewhere)}. " if elsewhere else ""
    return Methods(shown, said)


def with_runs(methods: Methods, figure: str) -> tuple[Methods, list[int]]:
    """Return the methods whose runs can translate the same held-out scans, and these scans by their row.

    Baselines have no runs. Raises InputError where no method has any.
    """
    held_out: dict[str, set[int]] = {}
    common: set[int] = set()
    for method, record in methods.records.items():
        rows = {scan["row"] for one in record.measured if _has_run(record, one.number) for scan in one.scans}
        shared = rows & common if common else rows
        if shared:
            held_out[method], common = rows, shared
    if not held_out:
        folders = ", ".join(str(Path(record.source).parent) for record in methods.records.values())
        raise InputError(
            f"{figure}: needs the runs of a cross-validation, fold-1 and so on beside its file, got none in {folders}; "
            "keep them, or cross-validate again"
        )
    without = [method for method in methods.records if method not in held_out]
    said = f"Not shown, as none of their runs of these scans is at hand: {', '.join(without)}. " if without else ""
    shown = {method: methods.records[method] for method in held_out}
    return Methods(shown, methods.said + said), sorted(common)


def run_of(record: CrossValidation, row: int) -> Run:
    """Open the run of the fold that held out a row of the dataset.

    Raises InputError where it is not there, or where its folder holds a run of something else.
    """
    number = next((one.number for one in record.measured if row in {scan["row"] for scan in one.scans}), None)
    if number is None:
        raise InputError(f"{record.source}: needs a fold that held out row {row} of the data, got none; do all folds")
    folder = run_folder(Path(record.source).parent, number)
    if not _has_run(record, number):
        raise InputError(f"{folder}: needs the run of this fold, got none; keep it, or cross-validate again")
    run = load_run(folder)
    fold = run.settings.get("training", {}).get("fold")
    if (run.preset, fold) != (record.name, f"{number}/{record.folds}"):
        raise InputError(
            f"{folder}: needs {record.name} of fold {number}/{record.folds}, got {run.preset} of {fold or 'no fold'}; "
            "cross-validate again"
        )
    return run


def measure_of(record: CrossValidation, row: int, name: str) -> float | None:
    """Return a measure of one held-out scan, None where it is undefined."""
    value = next((scan.get(name) for scan in record.scans() if scan["row"] == row), None)
    return None if value is None else float(value)


def dataset_of(methods: Methods, data: Sequence[PreparedDataset], figure: str) -> PreparedDataset:
    """Return the dataset that the methods were cross-validated on. Raises InputError where it is not among `data`."""
    record = next(iter(methods.records.values()))
    for one in data:
        if one.sha256 == record.data.get("sha256"):
            return one
    got = ", ".join(f"{one.name} ({one.sha256[:8]})" for one in data) or "none"
    raise InputError(
        f"{figure}: --data: needs the dataset {methods.data_name} (sha256 {str(record.data.get('sha256'))[:8]}) that "
        f"the methods were cross-validated on, got {got}; name its folder"
    )


def report_at_hand(reports: Mapping[str, Mapping[str, Any]], figure: str) -> Mapping[str, Any]:
    """Return the myelin report with synthesised PET that has most patients. Raises InputError where there is none."""
    fitting = [report for report in reports.values() if "dice" in report]
    if not fitting:
        raise InputError(
            f"{figure}: needs a myelin report with synthesised PET, got {len(reports) or 'none'}"
            f"{' without it' if reports else ''}; make one with 'brainlab myelin PREPARED --synthesised FOLDER --out "
            "FOLDER' and name it with --records"
        )
    return max(fitting, key=lambda report: len(report["patients"]))


def source_of(methods: Methods) -> str:
    """Say where a figure's data are from, for the line below its title."""
    return " · ".join(
        [*(["Simulated data"] if methods.simulated else []), f"cross-validation on “{methods.data_name}”"]
    )


def _has_run(record: CrossValidation, number: int) -> bool:
    return bool(record.source) and (run_folder(Path(record.source).parent, number) / CONFIG).is_file()
