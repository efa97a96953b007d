"""A disk of one's own in memory, which can be filled, freed and made read-only; only root may have one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

BALLAST = ".ballast"


class SmallDisk:
    """A tmpfs that is mounted at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def free(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, left: int) -> None:
        """Leave so many bytes free."""
        with (self.folder / BALLAST).open("wb") as out:
            out.write(b"\0" * max(self.free - left, 0))

    def empty(self) -> None:
        """Free what `fill` took."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nobody write, root neither."""
        _call("mount", "-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _call("mount", "-o", "remount,rw", str(self.folder))


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int = 96) -> Iterator[SmallDisk]:
    """Mount a disk at a new folder, and take it away again. Raises OSError where this is not permitted."""
    folder.mkdir(parents=True)
    try:
        _call("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    except subprocess.CalledProcessError as error:
        raise OSError(f"{folder}: cannot be mounted ({error.stderr.decode().strip()}); needs root") from error
    try:
        yield SmallDisk(folder)
    finally:
        _call("umount", "-l", str(folder))


def _call(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
