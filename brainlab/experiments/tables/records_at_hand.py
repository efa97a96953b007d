"""The cross-validations and myelin reports that tables of translators are rebuilt from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brainlab import workspace
from brainlab.errors import InputError
from brainlab.experiments.cross_validation.record import CrossValidation, find_records
from brainlab.experiments.myelin.report import REPORT
from brainlab.files.json_object import read_json


def records_at_hand(folders: Sequence[Path] = ()) -> list[CrossValidation]:
    """Read the records in these folders and the folders in them; by default those that ship and the workspace's own.

    Raises InputError naming a folder that holds neither a record nor a report, or a file that is damaged.
    """
    for folder in folders:
        if not find_records([folder]) and not _reports_in(folder):
            raise InputError(
                f"--records {folder}: needs cross-validations or myelin reports, got none; make them with 'brainlab "
                "cross-validate' and 'brainlab myelin --out'"
            )
    return find_records(folders or workspace.record_folders())


def reports_at_hand(folders: Sequence[Path] = ()) -> Mapping[str, Mapping[str, Any]]:
    """Read the reports of `brainlab myelin` in the same places, by their paths."""
    paths = (path for folder in folders or workspace.record_folders() for path in _reports_in(folder))
    return {str(path): read_json(path, "make it again with 'brainlab myelin --out'") for path in paths}


def _reports_in(folder: Path) -> list[Path]:
    return [path for path in (folder / REPORT, *sorted(folder.glob(f"*/{REPORT}"))) if path.is_file()]
