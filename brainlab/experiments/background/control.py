"""Start, stop and resume a training in a process of its own, which outlives the browser and the server."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from brainlab.errors import InputError
from brainlab.experiments.background.processes import birth
from brainlab.experiments.background.record import COMMAND_MARK, LOG, Record, read_record
from brainlab.experiments.background.request import Request, command
from brainlab.experiments.background.state import state
from brainlab.files.folder_lock import place_in_use
from brainlab.ranges import flag
from brainlab.runs.files import read_settings
from brainlab.workspace import PROJECT, workspace

STOP_S = 10.0
"""How long `stop` waits for a step and a checkpoint to end."""


def start(request: Request) -> Path:
    """Begin a training and return its folder.

    Raises InputError, on one line, where the settings do not fit the data, the name is taken or being taken by another
    start at the same moment, or nothing can be written.
    """
    plan, folder = request.check(), request.folder
    with _plain_errors(folder), place_in_use(folder, "a start of its training"):
        _refuse_active(folder)
        request.check()  # again: another start may have been quicker
        folder.mkdir(parents=True, exist_ok=True)
        batches = len(plan.seen.indices("train")) // plan.batch_size
        epochs = min(plan.schedule.epochs, plan.schedule.stop_after or plan.schedule.epochs)
        _launch(folder, request.words(), request.preset, request.cohort, batches * epochs)
    return folder


def resume(folder: Path, changes: Mapping[str, float] | None = None) -> None:
    """Continue a training from its last checkpoint.

    changes: settings that the method lets change upon resume, such as a lower learning rate.
    Raises InputError where it is being trained, has no checkpoint, or its cohort is no longer here.
    """
    with _plain_errors(folder), place_in_use(folder, "a start of its training", chosen=False):
        _refuse_active(folder)
        if not state(folder).resumable:
            raise InputError(f"{folder.name}: needs a checkpoint to go on from, got none; start another training")
        settings = read_settings(folder, to_resume=True)
        preset, cohort = settings.values["preset"], str(settings.values["data"].get("name"))
        words = [*command(preset, cohort, folder), "--resume"]
        for name, value in (changes or {}).items():
            if name not in settings.method.changeable:
                raise InputError(f"{flag(name)}: may not change upon resume; leave it as it is")
            words += [flag(name), str(float(value))]
        known = read_record(folder)
        _launch(folder, words, preset, cohort, known.total_steps if known else None)


def stop(folder: Path, wait_s: float = STOP_S) -> bool:
    """Ask a training to write a checkpoint and end, wait a while, and return whether it has ended.

    Asking again only waits again, since a second signal would end it without a checkpoint.
    Raises InputError where no process that was started here trains it.
    """
    record = _running(folder)
    if record.asked_to_stop is None:
        with _plain_errors(folder):
            _noted(record).write(folder)
        os.kill(record.pid, signal.SIGTERM)
    return _ends(record, wait_s)


def stop_at_once(folder: Path, wait_s: float = STOP_S) -> bool:
    """Kill a training, which loses its steps since the last checkpoint; return whether it has ended."""
    record = _running(folder)
    with _plain_errors(folder):
        _noted(record).write(folder)
    os.kill(record.pid, signal.SIGKILL)
    return _ends(record, wait_s)


def environment() -> dict[str, str]:
    """Return the environment of a process that runs this very brainlab on this very workspace."""
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    own = {"PYTHONPATH": path, "BRAINLAB_WORKSPACE": str(workspace()), "PYTHONIOENCODING": "utf-8"}
    return os.environ | own  # what it prints is read as UTF-8, whatever the language of the server is


def argv(words: Sequence[str]) -> list[str]:
    """Return the words of a process that runs a brainlab command; no shell ever reads them."""
    return [sys.executable, "-m", "brainlab", *words]


def _launch(folder: Path, words: Sequence[str], preset: str, cohort: str, total_steps: int | None) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(f"{COMMAND_MARK}{shlex.join(['brainlab', *words])}\n")
        log.flush()
        process = subprocess.Popen(
            argv(words),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
            start_new_session=True,
        )
    # Collected when it ends, if this server still runs then.
    threading.Thread(target=process.wait, name=f"training-{folder.name}", daemon=True).start()
    record = Record(
        pid=process.pid,
        born=birth(process.pid),
        preset=preset,
        cohort=cohort,
        started=time.time(),
        total_steps=total_steps,
    )
    try:
        record.write(folder)
    except BaseException:
        process.kill()  # nobody could stop it later
        raise


def _refuse_active(folder: Path) -> None:
    if state(folder).active:
        raise InputError(f"{folder.name}: is being trained already; follow it below, or choose another name")


def _running(folder: Path) -> Record:
    record = read_record(folder)
    if record is None or not record.running:
        raise InputError(f"{folder.name}: needs a training that was started here and still runs; nothing was stopped")
    return record


def _noted(record: Record) -> Record:
    return Record(**{**vars(record), "asked_to_stop": time.time()})


def _ends(record: Record, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while record.running:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


@contextlib.contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """Say on one line what the system refused, such as a full disk."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}); free some space, or check its "
            "permissions"
        ) from error
