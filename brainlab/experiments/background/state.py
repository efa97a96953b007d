"""How far a training is, told by its files and its process alone, so that a restarted server knows it too."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from brainlab.cohort.origin import training_origin
from brainlab.errors import InputError
from brainlab.experiments.background.record import RECORD, Record, log_lines, read_record
from brainlab.files.folder_lock import LOCK, is_locked
from brainlab.files.json_text import parse_json
from brainlab.images.grid import Grid
from brainlab.runs.files import CONFIG, read_settings
from brainlab.training.checkpoint import METRICS, RESUME, MetricsFile
from brainlab.workspace import workspace

Phase = Literal["starting", "training", "stopped", "finished", "failed", "gone"]
ACTIVE = ("starting", "training")
"""Phases in which a process works."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a training stands. total_steps, seconds, seconds_left: None where that is not known yet.

    epoch: the one under way, counted from 1, or the last one.  seconds: that its steps took.
    """

    epoch: int = 0
    epochs: int | None = None
    step: int = 0
    total_steps: int | None = None
    seconds: float | None = None
    seconds_left: float | None = None

    @property
    def share(self) -> float:
        """Part of the steps that are done, 0 where their number is not known."""
        return min(1.0, self.step / self.total_steps) if self.total_steps else 0.0


@dataclass(frozen=True, kw_only=True)
class State:
    """reason: why it failed or is gone, on one line.  resumable: whether it has a checkpoint to go on from.

    own: whether the process is one that the app started, so that it can be asked to stop.  stopping: it was asked.
    """

    phase: Phase
    progress: Progress
    reason: str = ""
    resumable: bool = False
    own: bool = False
    stopping: bool = False

    @property
    def active(self) -> bool:
        """Whether a process works on it."""
        return self.phase in ACTIVE


@dataclass(frozen=True, kw_only=True)
class About:
    """What a run is trained from; empty where its files do not say. noun: what one of its images is called."""

    preset: str = ""
    cohort: str = ""
    origin: str = "real scans"
    noun: str = "scan"


def trainings() -> list[Path]:
    """Return the folders of the workspace's runs that were trained here, the one that was touched last first."""
    folders = [path for path in (workspace() / "runs").glob("[!.]*") if any(_times(path))]
    return sorted(folders, key=lambda path: max(_times(path)), reverse=True)


def state(folder: Path) -> State:
    """Look at a run's folder.

    starting: its process prepares.  training: it takes steps.  stopped: it was asked to end before its time.
    finished: its last epoch is done.  failed: it ended with an error.  gone: it was killed from outside.
    """
    record = read_record(folder)
    own = record is not None and record.running
    resumable = (folder / CONFIG).is_file() and (folder / RESUME).is_file()
    try:
        progress = _progress(folder, record)
        damaged = ""
    except InputError as error:
        progress, damaged = Progress(), str(error)
    if own or is_locked(folder):
        at_work = (folder / LOCK).exists()
        stopping = own and record is not None and record.asked_to_stop is not None
        return State(phase="training" if at_work else "starting", progress=progress, own=own, stopping=stopping)
    phase, reason = _ended(folder, record, progress, damaged)
    return State(phase=phase, progress=progress, reason=reason, resumable=resumable and phase != "finished")


def about(folder: Path) -> About:
    """Say what a run is trained from, by its settings or, before there are any, by its record."""
    record = read_record(folder)
    try:
        settings = parse_json((folder / CONFIG).read_bytes())
        data = settings["data"]
        return About(
            preset=settings["preset"],
            cohort=data.get("name", ""),
            origin=training_origin(settings),
            noun=Grid.unplaced(tuple(settings["shape"])).noun if "shape" in settings else About.noun,
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, InputError):
        return About(preset=record.preset, cohort=record.cohort) if record else About()


def changeable(folder: Path) -> dict[str, float]:
    """Return the settings that may change when a run is resumed, with their values."""
    try:
        settings = read_settings(folder, to_resume=True)
    except InputError:
        return {}
    return {name: value for name, value in vars(settings.config).items() if name in settings.method.changeable}


def _ended(folder: Path, record: Record | None, progress: Progress, damaged: str) -> tuple[Phase, str]:
    """Say how a training ended whose process runs no more, and why."""
    lines = log_lines(folder) if record else []
    last = lines[-1] if lines else ""
    if damaged:
        return "failed", damaged
    if last.startswith("error: "):
        return "failed", last.removeprefix("error: ")
    if any(line.startswith("Traceback ") for line in lines):
        return "failed", last
    if progress.total_steps and progress.step >= progress.total_steps and progress.epoch == progress.epochs:
        return "finished", ""
    if record is None or record.asked_to_stop is not None or last == "interrupted":
        return "stopped", ""
    return "gone", "its process was ended from outside: by hand, by a restart, or because memory ran out"


def _progress(folder: Path, record: Record | None) -> Progress:
    """Read `config.json` and `metrics.jsonl`. Raises InputError on a damaged line."""
    lines = metrics_lines(folder)
    planned = _planned_epochs(folder / CONFIG)
    ends = [line for line in lines if line["kind"] == "epoch"]
    step = int(lines[-1]["step"]) if lines else 0
    total = record.total_steps if record else None
    done = int(ends[-1]["epoch"]) if ends else 0
    rate = None
    if ends:
        an_epoch = int(ends[0]["step"]) // int(ends[0]["epoch"])  # a stop leaves a line within an epoch
        total = an_epoch * planned if planned else total
        rate = ends[-1]["seconds"] / ends[-1]["step"]
        done = math.ceil(step / an_epoch)
    elif step and record:
        done = 1
        rate = max(0.0, (folder / METRICS).stat().st_mtime - record.started) / step
    return Progress(
        epoch=done,
        epochs=planned,
        step=step,
        total_steps=total,
        seconds=None if rate is None else rate * step,
        seconds_left=None if rate is None or total is None else rate * max(0, total - step),
    )


def metrics_lines(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's metrics, read again when the file has grown. Raises InputError on a damaged one."""
    path = folder / METRICS
    if not path.is_file():
        return []
    known = path.stat()
    return _lines(folder, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=16)
def _lines(folder: Path, size: int, stamp: int) -> list[dict[str, Any]]:
    lines = MetricsFile(folder).lines()
    for number, line in enumerate(lines, start=1):
        if not _is_whole(line):
            raise InputError(f"{folder / METRICS}: line {number} is damaged; take that line out")
    return lines


def _is_whole(line: Mapping[str, Any]) -> bool:
    """Whether a line has the numbers that progress is worked out from: steps, of an epoch no fewer than epochs."""
    step, epoch, seconds = line.get("step"), line.get("epoch"), line.get("seconds")
    if type(step) is not int or step < 1 or line["kind"] != "epoch":
        return type(step) is int and step >= 1
    timed = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < math.inf
    return type(epoch) is int and 1 <= epoch <= step and timed


def _planned_epochs(path: Path) -> int | None:
    """Return how many epochs a run is trained; None before its settings are written, or where they are damaged."""
    try:
        schedule = parse_json(path.read_bytes())["schedule"]
        return min(int(schedule["epochs"]), int(schedule["stop_after"] or schedule["epochs"]))
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return None


def _times(folder: Path) -> list[float]:
    """Return when the files were written last that tell of a training."""
    return [path.stat().st_mtime for name in (RECORD, METRICS) if (path := folder / name).is_file()]
