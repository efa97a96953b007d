"""What a run's folder remembers of the process that trains it: hidden files beside the run's own.

They are hidden so that a run that never reached its first checkpoint does not take up its folder.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from brainlab.config import from_dict
from brainlab.errors import InputError
from brainlab.experiments.background.processes import is_running
from brainlab.files.json_text import parse_json
from brainlab.files.whole import write_whole

RECORD = ".training.json"
LOG = ".training.log"
COMMAND_MARK = "$ "
"""How the line of the log begins that shows the command; each start of a run adds one."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The process that was started last.

    pid, born: of the process (`processes.birth`).  started: seconds since 1970.  total_steps: of the whole training.
    asked_to_stop: when somebody asked it to stop.
    """

    pid: int
    born: str | None
    preset: str
    cohort: str
    started: float
    total_steps: int | None = None
    asked_to_stop: float | None = None

    @property
    def running(self) -> bool:
        """Whether that very process still runs."""
        return is_running(self.pid, self.born)

    def write(self, folder: Path) -> None:
        """Write it into a run's folder, whole or not at all."""
        write_whole(folder / RECORD, json.dumps(dataclasses.asdict(self)) + "\n")


def read_record(folder: Path) -> Record | None:
    """Return the record of a run's folder; None where the app never trained it, or the record is damaged."""
    try:
        return from_dict(Record, parse_json((folder / RECORD).read_bytes()))
    except (OSError, ValueError, TypeError, AttributeError, InputError):
        return None


def log_lines(folder: Path, count: int = 200) -> list[str]:
    """Return the last lines that the process wrote since it was started last, without the command."""
    path = folder / LOG
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 200 * count))
        lines = [line.rstrip() for line in file.read().decode(errors="replace").splitlines()]
    starts = [number for number, line in enumerate(lines) if line.startswith(COMMAND_MARK)]
    return [line for line in lines[starts[-1] + 1 if starts else 0 :] if line][-count:]
