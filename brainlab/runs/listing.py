"""Which trained runs there are: those that can be opened, and what is wrong with the others."""

import contextlib
from pathlib import Path

from brainlab.errors import InputError
from brainlab.runs.run import Run, load_run
from brainlab.workspace import run_folders


def list_runs() -> list[Run]:
    """Return every run that can be opened: those in `models/`, then the workspace's own; of a name the first counts."""
    found = []
    for folder in run_folders():
        with contextlib.suppress(InputError):
            found.append(load_run(folder))
    return found


def broken_runs() -> dict[Path, str]:
    """Return the run folders that `list_runs` leaves out, with what is wrong with each."""
    found = {}
    for folder in run_folders():
        try:
            load_run(folder)
        except InputError as error:
            found[folder] = str(error)
    return found
