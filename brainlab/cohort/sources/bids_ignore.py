"""Which files of a BIDS dataset its `.bidsignore` names: patterns as in a `.gitignore`, a line each."""

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from brainlab.files.textfile import read_text

NAME = ".bidsignore"


class BidsIgnore:
    """The patterns of one dataset; none where there is no file, or none that can be read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            lines = read_text(root / NAME).splitlines()
        except (OSError, ValueError):
            lines = []
        self._patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def names(self, path: Path) -> bool:
        """Whether the last pattern that fits a file below the root, or a folder above it, is no exception (`!`)."""
        relative = PurePosixPath(path.relative_to(self.root).as_posix())
        places = [place for place in (relative, *relative.parents) if place.name]
        ignored = False
        for pattern in self._patterns:
            bare = pattern.removeprefix("!")
            fitting = places[1:] if bare.endswith("/") else places
            if _fits(fitting, bare.rstrip("/")):
                ignored = not pattern.startswith("!")
        return ignored


def _fits(places: Sequence[PurePosixPath], pattern: str) -> bool:
    """Whether a pattern fits a path, from the root where it holds a slash, else by the name alone."""
    if "/" not in pattern:
        return any(fnmatch(place.name, pattern) for place in places)
    bare = pattern.removeprefix("/")
    either = (bare, bare.removeprefix("**/"))
    return any(fnmatch(place.as_posix(), each) for place in places for each in either)
