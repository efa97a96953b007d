"""Uploads as a folder of scans: read once, for a look at them and for their preparation, and gone after it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.screens.cohort.dicom_import import Upload, imported_dicom, refused
from app.screens.cohort.wording import noun
from brainlab.cohort.dicom.importing import FACES, ImportReport
from brainlab.errors import BrainlabError, InputError
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.images.formats.scan_file import FILE_ENDINGS, SINGLE_ENDINGS

Tell = Callable[[float, str], Any]

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")
LONGEST_NAME = 200
"""Bytes of a file name; most file systems take 255, and a preparation adds to it."""


@dataclass(frozen=True)
class UploadedFolder:
    """What uploads became. dicom: whether it is a dataset without names, made of DICOM files; else each file lies in it
    under its own name.

    empty: whether no upload is a scan. refused: why others are not in it, as {path, stage, reason}. notes: what to know
    of those that are, as {path, reason}.
    """

    path: Path
    dicom: bool
    empty: bool
    refused: Sequence[dict[str, str]]
    notes: Sequence[dict[str, str]] = ()

    @contextmanager
    def unnamed(self) -> Iterator[None]:
        """Take the folder's own name, which is nothing to the user, out of errors."""
        try:
            yield
        except BrainlabError as error:
            words = str(error).replace(f"{self.path}/", "")
            raise InputError(words.replace(str(self.path), "the images" if self.dicom else "the uploads")) from error


class HeldFolder:
    """The folder of the uploads that were read last. It is gone once they are prepared, others are read in their place,
    or the session ends."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._key: object = None
        self._folder: UploadedFolder | None = None

    def read(self, uploads: Sequence[Upload], dicom: Sequence[Upload], pictures: bool, tell: Tell) -> UploadedFolder:
        """Return the folder of uploads, which are read unless they were read last; `tell` gets how far that is.

        uploads: scans, or pictures.  dicom: DICOM files, or zip archives of them.
        Raises InputError where two files of scans have one name.
        """
        key = [[upload.file_id for upload in files] for files in (uploads, dicom)], pictures
        if self._folder is None or self._key != key:
            self.clear()
            with ExitStack() as opened:
                self._folder = opened.enter_context(_read_dicom(dicom, tell) if dicom else _read(uploads, pictures))
                self._key, self._open = key, opened.pop_all()
        return self._folder

    def clear(self) -> None:
        """Remove the folder, if there is one."""
        self._folder = None
        self._open.close()


@st.cache_resource(scope="session", show_spinner=False, on_release=HeldFolder.clear)
def held_folder() -> HeldFolder:
    """Return what this session holds; a browser that leaves takes it along."""
    return HeldFolder()


@contextmanager
def _read(uploads: Sequence[Upload], pictures: bool) -> Iterator[UploadedFolder]:
    names = [Path(upload.name).name for upload in uploads]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise InputError(
            f"{', '.join(twice)}: uploaded more than once; give every {noun(pictures)} a file name of its own"
        )
    endings = PICTURE_ENDINGS if pictures else FILE_ENDINGS
    reasons = {name: _unusable(name, endings) for name in names}
    with TemporaryDirectory() as folder:
        for name, upload in zip(names, uploads, strict=True):
            if not reasons[name]:
                (Path(folder) / name).write_bytes(upload.getbuffer())
        rows = [{"path": name, "stage": "read", "reason": why} for name, why in reasons.items() if why]
        yield UploadedFolder(Path(folder), False, len(rows) == len(names), rows)


@contextmanager
def _read_dicom(dicom: Sequence[Upload], tell: Tell) -> Iterator[UploadedFolder]:
    with imported_dicom(None, dicom, tell) as (folder, report):
        yield dicom_folder(folder, report)


def dicom_folder(folder: Path, report: ImportReport) -> UploadedFolder:
    """Return the dataset of an import, with what is to be said of it."""
    faces = {"path": ".", "reason": f"{FACES}; the cohort holds prepared images alone"}
    return UploadedFolder(folder, True, not report.series, refused(report), [faces, *report.warnings])


def _unusable(name: str, endings: tuple[str, ...]) -> str | None:
    """Return why a file of this name cannot be prepared; None where it may be."""
    if name.startswith("."):
        return "a hidden file: its name begins with a dot; rename it"
    if len(name.encode()) > LONGEST_NAME:
        return f"needs a name of at most {LONGEST_NAME} characters; rename it"
    if name.lower().endswith(ARCHIVES):
        return "an archive; unpack it and upload the files in it"
    if not name.lower().endswith(endings):
        if endings == PICTURE_ENDINGS:
            return f"needs a picture ({', '.join(endings)}); choose a recipe for scans if it is one"
        return f"needs a name that ends in {', '.join(SINGLE_ENDINGS)}; rename it if it is such a file"
    return None
