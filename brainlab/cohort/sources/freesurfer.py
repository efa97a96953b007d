"""Which images of a FreeSurfer subject's folder are scans: most of the 40 to 60 that recon-all writes are made of one.

https://surfer.nmr.mgh.harvard.edu/fswiki/ReconAllOutputFiles
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from brainlab.cohort.sources.image_files import file_stem
from brainlab.cohort.sources.names.scan_names import MASK

SCANS = {
    "T1w": ("rawavg", "orig/001", "orig", "orig_nu", "nu", "T1", "norm", "brain", "brainmask"),
    "T2w": ("orig/T2raw", "T2.prenorm", "T2", "T2.norm"),
    "FLAIR": ("orig/FLAIRraw", "FLAIR.prenorm", "FLAIR", "FLAIR.norm"),
}
"""Images of `mri/` that show the head, by sequence, the least changed first: as scanned, at 1 mm, evened, stripped."""
RANKS = {stem: (sequence, rank) for sequence, stems in SCANS.items() for rank, stem in enumerate(stems)}
AVERAGE_PERSON = re.compile(r"fsaverage\w*|cvs_avg35\w*")
LONGITUDINAL = ".long."
AVERAGE, COPY, SURFACE = "average of several people or visits", "copy of another visit's image", "surface data"
"""Kinds of images that are no scans; others are masks and labels."""


@dataclass(frozen=True)
class SubjectImage:
    """An image of a subject's folder.

    sequence: T1w, T2w or FLAIR, or a kind of image that is no scan. rank: among the versions of one scan, the first to
    be taken is 0.
    """

    subject: Path
    sequence: str
    rank: int

    def stands_for(self, base: Path) -> PurePosixPath:
        """Return the path that tells whose image it is: the subject's folder below `base`, named after the sequence."""
        below = self.subject.relative_to(base) if base in self.subject.parents else Path(self.subject.name)
        return PurePosixPath(below.as_posix()) / f"{self.sequence}.mgz"


class FreeSurferSubjects:
    """The subjects that images lie in, each folder looked at once."""

    def __init__(self) -> None:
        self._subjects: dict[Path, _Subject | None] = {}

    def image(self, path: Path) -> SubjectImage | None:
        """Return what an image is in its subject's folder; None of one that lies in none."""
        return None if (subject := self._of(path.parent)) is None else subject.image(path)

    def _of(self, folder: Path) -> "_Subject | None":
        if folder not in self._subjects:
            mri = folder / "mri"
            if any((mri / name).is_file() for name in ("orig.mgz", "rawavg.mgz", "orig/001.mgz")):
                self._subjects[folder] = _Subject(folder)
            else:
                self._subjects[folder] = None if folder.parent == folder else self._of(folder.parent)
        return self._subjects[folder]


@dataclass(frozen=True)
class _Subject:
    folder: Path

    def image(self, path: Path) -> SubjectImage:
        inner = path.relative_to(self.folder)
        room, stem = inner.parts[0], inner.with_name(file_stem(inner.name)).as_posix().removeprefix("mri/")
        if self._kind is not None:
            return SubjectImage(self.folder, self._kind, 0)
        if room in ("surf", "label"):
            return SubjectImage(self.folder, SURFACE, 0)
        sequence, rank = RANKS.get(stem, (MASK, 0)) if room == "mri" else (MASK, 0)
        return SubjectImage(self.folder, sequence, rank)

    @cached_property
    def _kind(self) -> str | None:
        """What all images of the folder are where none is a scan of its own, else None.

        A longitudinal run keeps an average of visits, which the file `base-tps` tells, and each visit again on that.
        """
        name = self.folder.name
        if AVERAGE_PERSON.fullmatch(name) or (self.folder / "base-tps").is_file():
            return AVERAGE
        visit = name.partition(LONGITUDINAL)[0]
        return COPY if visit != name and self.folder.with_name(visit).is_dir() else None
