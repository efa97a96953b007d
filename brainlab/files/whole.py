"""Files that appear whole or not at all: what stops a program leaves what was there before."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brainlab.errors import naming_path


@contextmanager
def whole_file(path: Path, *, on_disk: bool = False, mode: int = 0o644) -> Iterator[Path]:
    """Yield the path of an empty scratch file beside `path`, which takes its place when the block ends well.

    The scratch file has the ending of `path`, by which libraries choose a format. on_disk: wait until its bytes are on
    the disk, for what must outlast a power cut. mode: permissions of the file. Raises OSError that names `path`.
    """
    ending = ".nii.gz" if path.name.endswith(".nii.gz") else path.suffix
    with naming_path(path):
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=ending, dir=path.parent)
        os.close(handle)
        scratch = Path(name)
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


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; text in UTF-8. Raises OSError that names `path`, such as on a full disk."""
    with whole_file(path) as scratch:
        scratch.write_bytes(content.encode() if isinstance(content, str) else content)
