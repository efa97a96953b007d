"""DICOM files on their way to a cohort: uploads or a folder become a dataset without names, for as long as it takes."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from brainlab.cohort.dicom.importing import ImportReport, Track, import_dicom
from brainlab.errors import InputError
from brainlab.images.dicom.header import is_dicom
from brainlab.images.formats.scan_file import FILE_ENDINGS

ARCHIVE = ".zip"
MOST_LOOKED_AT = 500
"""Files of a folder that are looked at for what it holds."""


class Upload(Protocol):
    """An uploaded file, as Streamlit hands it over. file_id: its own; a file that is uploaded again has another."""

    name: str
    file_id: str

    def getbuffer(self) -> memoryview:
        """Return the content."""
        ...


def holds_dicom(path: Path) -> bool:
    """Whether a path of this machine is DICOM, or a zip archive, or a folder of DICOM files and of no other scans."""
    if path.is_file():
        return path.name.lower().endswith(ARCHIVE) or is_dicom(path)
    if (path / "dataset_description.json").exists():
        return False
    looked = 0
    for folder, _, names in os.walk(path):
        for name in sorted(names):
            if name.lower().endswith(FILE_ENDINGS) or looked >= MOST_LOOKED_AT:
                return False
            if is_dicom(Path(folder) / name):
                return True
            looked += 1
    return False


@contextmanager
def imported_dicom(
    path: Path | None, uploads: Sequence[Upload], tell: Callable[[float, str], Any]
) -> Iterator[tuple[Path, ImportReport]]:
    """Yield a dataset of the images of a path or of uploads, and the report of it; both folders are gone afterwards.

    Archives come one after another, then the single files together, each under a folder of its own: exports of several
    series give the same names to their files. Raises InputError, without the name of a temporary folder.
    """

    with tempfile.TemporaryDirectory() as place:
        sources = [path] if path is not None else _on_disk(uploads, Path(place) / "uploads")
        dataset, whole = Path(place) / "dataset", ImportReport()
        for source in sources:
            try:
                report = import_dicom(source, dataset, track=_telling(tell))
            except InputError as error:
                if path is not None:
                    raise
                reason = str(error).removeprefix(f"{source}: ")
                whole.skipped.append({"path": source.name, "reason": reason.replace(place, "the uploads")})
                continue
            whole.series += report.series
            whole.skipped += _as_uploaded(report.skipped, path is None)
            whole.warnings += _as_uploaded(report.warnings, path is None)
        shutil.rmtree(Path(place) / "uploads", ignore_errors=True)  # they name patients, and the dataset may be held
        yield dataset, whole


def foreseen_dicom(path: Path, tell: Callable[[float, str], Any]) -> ImportReport:
    """Return what an import of a path would write, by the headers alone."""
    with tempfile.TemporaryDirectory() as place:
        return import_dicom(path, Path(place) / "dataset", dry_run=True, track=_telling(tell))


def _telling(tell: Callable[[float, str], Any]) -> Track:
    """Return what passes items on and tells how far they are."""

    def track(items: Iterable[Path], what: str, total: int) -> Iterator[Path]:
        for number, item in enumerate(items, start=1):
            tell(number / max(1, total), f"{what}: {number:,} of {total:,}")
            yield item

    return track


def refused(report: ImportReport) -> list[dict[str, str]]:
    """Return what was left out as a preparation has it."""
    return [{"path": note["path"], "stage": "read", "reason": note["reason"]} for note in report.skipped]


def _on_disk(uploads: Sequence[Upload], folder: Path) -> list[Path]:
    """Write uploads to disk, each under its own name in a numbered folder, and return what is to be imported."""
    singles, archives = folder / "files", []
    for number, upload in enumerate(uploads):
        name = Path(upload.name.replace("\\", "/")).name or "file"
        packed = name.lower().endswith(ARCHIVE)
        place = (folder if packed else singles) / f"{number:06d}" / name[-200:]
        place.parent.mkdir(parents=True)
        place.write_bytes(upload.getbuffer())
        archives += [place] if packed else []
    return [*archives, *([singles] if singles.exists() else [])]


def _as_uploaded(notes: list[dict[str, str]], numbered: bool) -> list[dict[str, str]]:
    """Return notes with the files' own names, without the numbers of their folders."""
    return [
        {**note, "path": note["path"].partition("/")[2] if numbered and note["path"][:6].isdigit() else note["path"]}
        for note in notes
    ]
