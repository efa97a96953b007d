"""What git-lfs leaves in place of a file that it has not fetched."""

from pathlib import Path

from brainlab.errors import InputError

POINTER = b"version https://git-lfs.github.com/spec/"
"""How such a file begins."""


def refuse_pointer(path: Path) -> None:
    """Raise InputError where a file is a pointer in place of the file itself."""
    with path.open("rb") as file:
        if file.read(len(POINTER)) == POINTER:
            raise InputError(
                f"{path}: needs the file itself, got a git-lfs pointer to it; fetch it with 'git lfs pull'"
            )
