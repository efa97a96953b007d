"""Folders that are not whole yet say so: what reads them refuses them until the command that fills them has ended."""

from pathlib import Path

from brainlab.errors import InputError
from brainlab.files.folder_lock import is_locked
from brainlab.files.whole import write_whole

MARK = ".unfinished"
"""The file that says so; it holds one line that names the work."""


def mark_unfinished(folder: Path, work: str) -> None:
    """Say that a folder is not whole before anything in it is changed. work: the command, such as brainlab simulate."""
    write_whole(folder / MARK, f"{work}\n")


def mark_finished(folder: Path) -> None:
    """Say that all of a folder is there."""
    (folder / MARK).unlink(missing_ok=True)


def is_unfinished(folder: Path) -> bool:
    """Whether the work in a folder has not ended: it still goes on, or was stopped."""
    return (folder / MARK).is_file()


def refuse_unfinished(folder: Path) -> None:
    """Raise InputError where the work in a folder has not ended."""
    try:
        work = (folder / MARK).read_text(encoding="utf-8", errors="replace").strip()[:100] or "a command"
    except OSError:
        return
    if is_locked(folder):
        raise InputError(f"{folder}: is not whole yet: {work} is at work there; wait until it has ended")
    raise InputError(f"{folder}: is not whole: {work} was stopped there; run it again as before, and it goes on")
