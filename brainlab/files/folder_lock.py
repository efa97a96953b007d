"""One process at a time in a folder: of two that train one run, or draw into one folder, the second is refused."""

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from brainlab.errors import InputError, naming_path

LOCK = ".in-use"
"""The file that is locked while a process works in its folder; it holds one line that names the process."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextmanager
def folder_in_use(folder: Path, work: str) -> Iterator[None]:
    """Work in a folder that exists; raises InputError, naming the other process, where one does so already.

    The lock belongs to the open file, so that the system ends it with the process, however that dies. It holds on one
    machine and, through NFS of Linux, between machines; a file system that knows no locks keeps nobody out.
    """
    with _held(folder / LOCK, folder, work):
        yield


@contextmanager
def place_in_use(place: Path, work: str, *, chosen: bool = True) -> Iterator[None]:
    """The same for a folder that is yet to come, or that will be replaced: the lock lies in a hidden folder beside it.

    chosen: whether who waits may name another place instead.

    Folders that are made for it are removed in the end, unless something is in them. Raises OSError that names the
    place where nothing can be written beside it.
    """
    guard = place.with_name(f".{place.name}.in-use")
    made = [guard, *(folder for folder in place.parents if not folder.exists())]
    try:
        with _held(guard / LOCK, place, work, chosen=chosen):
            yield
    finally:
        with contextlib.suppress(OSError):  # where another process holds it, or wrote something
            for folder in made:
                folder.rmdir()


@contextmanager
def places_in_use(places: Iterable[Path], work: str) -> Iterator[None]:
    """The same for several, such as files that belong together: a place is where they lie, without their endings."""
    with contextlib.ExitStack() as held:
        for place in places:
            held.enter_context(place_in_use(place, work))
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process works in a folder; one that died left the file of its lock, but no lock."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    finally:
        os.close(handle)
    return False


@contextmanager
def _held(path: Path, named: Path, work: str, *, chosen: bool = True) -> Iterator[None]:
    with naming_path(named):
        handle = _locked(path, named, "wait for it, or choose another folder" if chosen else "wait for it")
    try:
        with contextlib.suppress(OSError):  # a full disk can be locked, too
            os.truncate(handle, 0)
            os.write(handle, f"{work}, process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked, so that nobody else's is removed
        os.close(handle)


def _locked(path: Path, named: Path, advice: str) -> int:
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The process before may have removed the file between our opening and locking it: such a lock is no one's.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    return handle
        except BlockingIOError as error:
            by = os.read(handle, 200).decode(errors="replace") or "another process"
            os.close(handle)
            raise InputError(f"{named}: is in use by {by}; {advice}") from error
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return handle
            os.close(handle)
            raise
        os.close(handle)
