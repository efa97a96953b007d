"""Files that appear whole or not at all: what stops a program leaves what was there before."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainlab.errors import naming_path

SCRATCH = ".writing-"
"""How the names of files begin that are being written, or were when their writer was killed."""


@contextmanager
def whole_file(path: Path, *, on_disk: bool = False, mode: int = 0o644) -> Iterator[Path]:
    """Yield the path of an empty scratch file beside `path`, which takes its place when the block ends well.

    The scratch file has the ending of `path`, by which libraries choose a format. Its name follows from that of `path`,
    so that what a killed process left is used up when the file is written again; of several writers each waits for the
    one before. on_disk: wait until its bytes are on the disk, for what must outlast a power cut. mode: permissions of
    the file. Raises OSError that names `path`.
    """
    with naming_path(path):
        handle, scratch = _scratch_file(path)
        try:
            yield scratch
            if on_disk:
                with scratch.open("rb") as written:
                    os.fsync(written.fileno())
            scratch.chmod(mode)
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)  # a forked process may hold the file open, too
            os.close(handle)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text in UTF-8. Raises OSError that names `path`, such as on a full disk."""
    with whole_file(path) as scratch:
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)


def _scratch_file(path: Path) -> tuple[int, Path]:
    """Return the locked handle of an empty scratch file for `path`, and where it lies."""
    ending = ".nii.gz" if path.name.endswith(".nii.gz") else path.suffix
    name = hashlib.sha256(path.name.encode(errors="surrogateescape")).hexdigest()[:12]
    scratch = path.with_name(f"{SCRATCH}{name}{ending}")
    while True:
        try:
            handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:  # another user's, for instance
            return _new_scratch_file(path, ending)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # The writer before may have put the file in place between our opening and locking it.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), scratch.stat()):
                    os.truncate(handle, 0)
                    return handle, scratch
        except OSError:  # no locks in this file system
            os.close(handle)
            return _new_scratch_file(path, ending)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _new_scratch_file(path: Path, ending: str) -> tuple[int, Path]:
    handle, name = tempfile.mkstemp(prefix=SCRATCH, suffix=ending, dir=path.parent)
    return handle, Path(name)
