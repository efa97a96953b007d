"""Import scans into a new cohort of the workspace, from a path on this machine or from uploaded files."""

import dataclasses
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.screens.cohort.dicom_import import Upload, holds_dicom, imported_dicom, refused
from app.screens.cohort.wording import for_the_page, noun, rows_for_the_page
from brainlab.cohort.dicom.importing import FACES
from brainlab.cohort.preparation.batch import Report, prepare_cohort
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import BrainlabError, InputError
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.images.formats.scan_file import FILE_ENDINGS, SINGLE_ENDINGS
from brainlab.workspace import workspace

Tell = Callable[[float, str], Any]

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")
LONGEST_NAME = 200
"""Bytes of a file name; most file systems take 255, and a preparation adds to it."""


def bring_in(
    path: str,
    uploads: Sequence[Upload],
    name: str,
    tell: Tell,
    recipe: str = "flair-40",
    table: Upload | None = None,
    sequences: Sequence[str] = (),
    by_brain: bool = False,
    dicom: Sequence[Upload] = (),
) -> Report:
    """Prepare scans into `<workspace>/cohorts/<name>`; `tell` gets the share that is done and a line of text.

    table: of the files with their participants and classes, as `prepare --table` takes it; files that it does not list
    are left out.
    sequences: of a recipe for several, those to use; all of it where none is named.  by_brain: make z-scores of each
    scan's own brain.  dicom: uploads of DICOM files, or of zip archives of them.
    Raises InputError when there is nothing to prepare, two uploads have one name, the table cannot be used, the recipe
    has no such sequences or no such scale, or the cohort's name is not one or is taken.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", name):
        raise InputError(f"the name of a cohort needs letters, digits, - and _; got '{name}'")
    out = workspace() / "cohorts" / name
    if out.exists():
        raise InputError(f"there is a cohort named '{name}' already; choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    steps = find_recipe(recipe)
    pictures = steps.pictures
    try:
        steps = steps.of_sequences(sequences) if sequences else steps
        steps = steps.scaled_by_brain() if by_brain else steps
        with named_by_upload(table) as listed:
            given = Path(path.strip()).expanduser() if path.strip() else None
            if dicom or (given is not None and holds_dicom(given)):
                report = _bring_in_dicom(given, uploads, dicom, out, tell, steps, listed)
            elif given is not None:
                report = _prepare(given, out, steps, tell, table=listed)
            else:
                report = _bring_in_uploads(uploads, out, tell, steps, listed)
    except InputError as error:
        raise InputError(for_the_page(str(error), pictures)) from error
    failed, warnings = (rows_for_the_page(rows, pictures) for rows in (report.failed, report.warnings))
    return dataclasses.replace(report, failed=failed, warnings=warnings)


def _bring_in_uploads(
    uploads: Sequence[Upload], out: Path, tell: Tell, recipe: PreparationRecipe, table: Path | None
) -> Report:
    """Prepare uploaded files, each under its own name in a folder that is gone afterwards."""
    if not uploads:
        raise InputError("nothing to prepare; give a path or upload a file")
    pictures = recipe.pictures
    names = [Path(upload.name).name for upload in uploads]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise InputError(
            f"{', '.join(twice)}: uploaded more than once; give every {noun(pictures)} a file name of its own"
        )
    endings = PICTURE_ENDINGS if pictures else FILE_ENDINGS
    refused = [{"path": name, "stage": "read", "reason": why} for name in names if (why := _unusable(name, endings))]
    taken = [(name, upload) for name, upload in zip(names, uploads, strict=True) if not _unusable(name, endings)]
    if not taken:
        return Report(0, list(recipe.shape), refused, [], None)
    before = _work_folders(out)
    with tempfile.TemporaryDirectory() as folder:
        for file_name, upload in taken:
            (Path(folder) / file_name).write_bytes(upload.getbuffer())
        try:
            report = _prepare(Path(folder), out, recipe, tell, uploaded=True, table=table)
        except BaseException as error:
            # Scans prepared so far are kept under the uploads' folder, which no later import has again. A click on
            # the page ends the import in this way.
            for left in _work_folders(out) - before:
                shutil.rmtree(left, ignore_errors=True)
            if isinstance(error, BrainlabError):  # its text may name the folder, which is nothing to the user
                raise InputError(str(error).replace(f"{folder}/", "").replace(folder, "the uploads")) from error
            raise
    return dataclasses.replace(report, failed=[*report.failed, *refused])


def _bring_in_dicom(
    path: Path | None,
    uploads: Sequence[Upload],
    dicom: Sequence[Upload],
    out: Path,
    tell: Tell,
    recipe: PreparationRecipe,
    table: Path | None,
) -> Report:
    """Prepare DICOM files by way of a dataset without names, which is gone afterwards."""
    if recipe.pictures:
        raise InputError("DICOM files hold scans, and this recipe takes pictures; choose a recipe for scans")
    if table is not None:
        raise InputError("a table names files, and DICOM files are named anew; import them without it")
    if bool(uploads) + bool(dicom) + (path is not None) > 1:
        raise InputError("needs a path, scans or DICOM files, got several of them; give one")
    before = _work_folders(out)
    with imported_dicom(path, dicom, tell) as (folder, imported):
        if not imported.series:
            return Report(0, list(recipe.shape), refused(imported), [], None)
        try:
            report = _prepare(folder, out, recipe, tell, owner=out.name)
        except BaseException as error:
            for left in _work_folders(out) - before:
                shutil.rmtree(left, ignore_errors=True)
            if isinstance(error, BrainlabError):
                raise InputError(str(error).replace(f"{folder}/", "").replace(str(folder), "the images")) from error
            raise
    notes = [{"path": ".", "reason": f"{FACES}; the cohort holds prepared images alone"}, *imported.warnings]
    return dataclasses.replace(report, failed=[*report.failed, *refused(imported)], warnings=[*report.warnings, *notes])


@contextmanager
def named_by_upload(table: Upload | None) -> Iterator[Path | None]:
    """Put an uploaded table on disk for a while. Errors name it as the user does."""
    if table is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(table.name).name
        path.write_bytes(table.getbuffer())
        try:
            yield path
        except InputError as error:
            raise InputError(str(error).replace(f"--table {path}", path.name).replace(str(path), path.name)) from error


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


def _work_folders(out: Path) -> set[Path]:
    """Folders of unfinished preparations of a cohort."""
    return set(out.parent.glob(f".{out.name}.work-*"))


def _prepare(
    source: Path,
    out: Path,
    steps: PreparationRecipe,
    tell: Tell,
    uploaded: bool = False,
    table: Path | None = None,
    owner: str | None = None,
) -> Report:
    """Prepare a source. owner: put before the numbers of people, which another import gives to others."""

    def track(items: Iterable[Any], total: int) -> Iterator[Any]:
        for number, item in enumerate(items, start=1):
            tell(number / max(1, total), f"{number:,} of {total:,} {noun(steps.pictures, total)}")
            yield item

    # Uploads lie in a folder with a name of its own, which must not become anybody's.
    include = "*" if uploaded and table is None else None
    found = find_sources(source, steps, include=include, table=table, nameless=out.name if uploaded else None)
    for scan in found.scans if owner else ():
        scan.details["participant"] = f"sub-{owner}-{str(scan.details['participant']).removeprefix('sub-')}"
    report = prepare_cohort(found, out, steps, track=track)
    if table is None:
        return report
    warnings = [{**note, "path": table.name} if note["path"] == str(table) else note for note in report.warnings]
    return dataclasses.replace(report, warnings=warnings)
