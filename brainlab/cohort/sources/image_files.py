"""Find image files in a folder: each folder once, each scan once, with a note for what is passed over."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

from brainlab.errors import UnreadableScanError
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.files.unfinished import refuse_unfinished
from brainlab.images.dicom.header import DICOM_ENDINGS, INDEX, is_dicom
from brainlab.images.formats.scan_file import FILE_ENDINGS, NIFTI_ENDINGS
from brainlab.images.volume import Volume

SKIPPED_IN_BIDS = ("derivatives", "sourcedata", "code")
MACOS_FOLDER, MACOS_FILE = "__MACOSX", "._"
"""What macOS adds to archives and foreign disks: no scans, though they are named like them."""
DICOM = "DICOM"
TEXT_ENDINGS = (".json", ".tsv", ".csv", ".txt", ".bval", ".bvec", ".md")
"""Of files that are not opened to see whether they are DICOM, which may have any name."""
FOREIGN_ENDINGS = (
    ".zip",
    ".tar",
    ".gz",
    ".tgz",
    ".7z",
    *PICTURE_ENDINGS,
)
"""Files that may hold scans, but cannot be read as such."""
PREFERRED = (".nii.gz", *(ending for ending in FILE_ENDINGS if ending != ".nii.gz"))
"""Which file is taken where one scan lies there in several formats."""

Note = dict[str, str]
"""What the user should know of a file or folder: {path, reason}; a reason that begins with LEFT_OUT names what is not
prepared."""
LEFT_OUT = "left out: "


@dataclass
class ImageFiles:
    """What a folder holds.

    paths: images that can be read, in a fixed order. notes: what was passed over. foreign: count of the files by ending
    that may hold scans in another format (`DICOM` whatever theirs), or of all others where pictures are searched.
    passed_over: folders of a BIDS dataset that are derived from others.
    """

    paths: list[Path] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    foreign: Counter[str] = field(default_factory=Counter)
    passed_over: list[str] = field(default_factory=list)


def find_images(folder: Path, endings: tuple[str, ...] = FILE_ENDINGS) -> ImageFiles:
    """Search a folder and all below it; in a BIDS dataset not what is derived from other images.

    endings: of the names of images, in small letters.

    Hidden files, what macOS adds, prepared datasets, folders that cannot be read or were searched under another name,
    and names that cannot be written into a table are passed over with a note. Raises InputError where the work in a
    folder has not ended.
    """
    found = ImageFiles()
    seen: dict[str, str] = {}

    def relative(path: Path) -> str:
        return os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")

    def unreadable(error: OSError) -> None:
        place = relative(Path(os.fsdecode(error.filename)))
        found.notes.append({"path": place, "reason": f"{LEFT_OUT}the folder cannot be read ({error.strerror})"})

    for here, folders, names in os.walk(folder, followlinks=True, onerror=unreadable):
        inside = Path(here)
        # Data sets are often trees of links, which may lead round in a circle or twice to one place.
        if (first := seen.setdefault(os.path.realpath(here), relative(inside))) != relative(inside):
            reason = f"{LEFT_OUT}the same folder as {first}, searched once"
            found.notes.append({"path": relative(inside), "reason": reason})
            folders.clear()
            continue
        refuse_unfinished(inside)
        if is_prepared_dataset(inside):
            found.notes.append({"path": relative(inside), "reason": f"{LEFT_OUT}a prepared dataset, no scans"})
            folders.clear()
            continue
        is_bids = (inside / "dataset_description.json").is_file() or (inside / "participants.tsv").is_file()
        skipped = SKIPPED_IN_BIDS if is_bids else ()
        found.passed_over += [relative(inside / name) for name in sorted(folders) if name in skipped]
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name != MACOS_FOLDER and name not in skipped
        )
        for name in sorted(names):
            if not name.lower().endswith(endings):
                found.foreign.update(_foreign(inside / name, endings))
            elif name.startswith(MACOS_FILE) or (name.lower().endswith(".hdr") and name[:-4] + ".img" in names):
                continue
            elif reason := _unusable_name((inside / name).relative_to(folder)):
                found.notes.append({"path": relative(inside / name), "reason": LEFT_OUT + reason})
            else:
                found.paths.append(inside / name)
    return found


def _foreign(path: Path, endings: tuple[str, ...]) -> list[str]:
    """Return the ending of another file as it is counted; beside pictures every file is, but for hidden ones."""
    name = path.name.lower()
    if endings == PICTURE_ENDINGS:
        known = next((end for end in NIFTI_ENDINGS[::-1] if name.endswith(end)), Path(name).suffix)
        return [] if name.startswith(".") else [known or "without an ending"]
    if name.startswith(".") or name == INDEX:  # as an import passes them over
        return []
    if name.endswith(DICOM_ENDINGS) or (not name.endswith((*FOREIGN_ENDINGS, *TEXT_ENDINGS)) and is_dicom(path)):
        return [DICOM]
    return [ending for ending in FOREIGN_ENDINGS if name.endswith(ending)]


def is_prepared_dataset(folder: Path) -> bool:
    """Whether a folder is what `prepare` writes."""
    return (folder / "recipe.json").is_file() and bool(list(folder.glob("volumes.npy*")))


def matches(relative: Path, pattern: str) -> bool:
    """Whether a path, or its file name alone, fits a shell pattern such as `*FLAIR*`."""
    return fnmatch(relative.as_posix(), pattern) or fnmatch(relative.name, pattern)


def file_stem(name: str) -> str:
    """Return a file name without the ending of an image."""
    endings = sorted((*FILE_ENDINGS, *PICTURE_ENDINGS), key=len)[::-1]
    return next((name[: -len(end)] for end in endings if name.lower().endswith(end)), name)


def without_twins(paths: Iterable[Path], base: Path) -> tuple[list[Path], list[Note]]:
    """Keep one file where a folder holds a scan in several formats, such as `a.nii` and `a.nii.gz`; say which.

    Files of one name that hold different voxels are both left out, since nobody but the user can tell which is right.
    """
    groups: dict[Path, list[Path]] = {}
    for path in paths:
        groups.setdefault(path.with_name(file_stem(path.name)), []).append(path)
    kept, notes = [], []
    for group in groups.values():
        if len(group) == 1:
            kept += group
            continue
        group.sort(key=lambda path: next(k for k, end in enumerate(PREFERRED) if path.name.lower().endswith(end)))
        read = {path: volume for path in group if (volume := _read(path)) is not None}
        best = next(iter(read), group[0])
        if all(_same(read[best], volume) for volume in read.values()):
            kept.append(best)
            for path in group:
                reason = "the same scan as" if path in read else "unreadable, and has the name of"
                if path != best:
                    notes.append(_note(path, base, f"{reason} {best.name}, which is taken"))
        else:
            others = " and ".join(path.name for path in group)
            notes += [_note(path, base, f"{others} hold different voxels; remove the wrong one") for path in group]
    return kept, notes


def _note(path: Path, base: Path, reason: str) -> Note:
    return {"path": path.relative_to(base).as_posix(), "reason": LEFT_OUT + reason}


def _unusable_name(relative: Path) -> str:
    """Say why a file cannot be named in a table, or return an empty text."""
    if relative.name.startswith("."):
        return "a hidden file; rename it to use it"
    kinds = {unicodedata.category(letter) for letter in str(relative)}
    if "Cs" in kinds:
        return "its name is not valid UTF-8; rename it"
    return "its name holds a control character; rename it" if "Cc" in kinds else ""


def _read(path: Path) -> Volume | None:
    try:
        return Volume.load(path)
    except UnreadableScanError:
        return None


def _same(one: Volume, two: Volume) -> bool:
    return np.array_equal(one.data, two.data) and np.allclose(one.affine, two.affine, atol=1e-3)
