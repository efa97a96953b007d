"""The runs that tables are rebuilt from."""

from collections.abc import Sequence
from pathlib import Path

from brainlab.errors import InputError
from brainlab.runs.files import CONFIG
from brainlab.runs.listing import list_runs
from brainlab.runs.run import Run, load_run


def runs_at_hand(folders: Sequence[Path] = ()) -> list[Run]:
    """Open the runs in these folders, each a run or a folder of runs; by default those of models/ and the workspace.

    Raises InputError naming a folder that holds no run, or a run that cannot be opened.
    """
    if not folders:
        return list_runs()
    found: dict[Path, Run] = {}
    for folder in folders:
        inside = [folder] if (folder / CONFIG).is_file() else sorted(path.parent for path in folder.glob(f"*/{CONFIG}"))
        if not inside:
            raise InputError(f"--runs {folder}: needs a run or a folder of runs, got no {CONFIG} there; name another")
        found |= {path.resolve(): load_run(path) for path in inside}
    return list(found.values())


def of_preset(runs: Sequence[Run], preset: str) -> list[Run]:
    """Return the runs of a preset and of its variants, whose names go on with a hyphen, as `dwi-vae-small`."""
    return [run for run in runs if run.preset == preset or run.preset.startswith(f"{preset}-")]
