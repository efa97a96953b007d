"""Import scans into a new cohort of the workspace, from a path on this machine or from uploaded files."""

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.screens.cohort.dicom_import import Upload, holds_dicom, imported_dicom
from app.screens.cohort.uploaded_folder import HeldFolder, Tell, UploadedFolder, dicom_folder
from app.screens.cohort.wording import for_the_page, noun, rows_for_the_page
from brainlab.cohort.preparation.batch import Report, prepare_cohort
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.cohort.sources.discovery import find_sources
from brainlab.errors import InputError
from brainlab.workspace import workspace


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
    held: HeldFolder | None = None,
) -> Report:
    """Prepare scans into `<workspace>/cohorts/<name>`; `tell` gets the share that is done and a line of text.

    table: of the files with their participants and classes, as `prepare --table` takes it; files that it does not list
    are left out.
    sequences: of a recipe for several, those to use; all of it where none is named.  by_brain: make z-scores of each
    scan's own brain.  dicom: uploads of DICOM files, or of zip archives of them.  held: with the uploads where they
    have been looked at; nothing is left in it.
    Raises InputError when there is nothing to prepare, things do not go together, two uploads have one name, the table
    cannot be used, the recipe has no such sequences or no such scale, or the cohort's name is not one or is taken.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}", name):
        raise InputError(f"the name of a cohort needs letters, digits, - and _; got '{name}'")
    out = workspace() / "cohorts" / name
    if out.exists():
        raise InputError(f"there is a cohort named '{name}' already; choose another name")
    out.parent.mkdir(parents=True, exist_ok=True)
    held = held or HeldFolder()
    steps = find_recipe(recipe)
    pictures = steps.pictures
    try:
        steps = steps.of_sequences(sequences) if sequences else steps
        steps = steps.scaled_by_brain() if by_brain else steps
        given = Path(path.strip()).expanduser() if path.strip() else None
        check_sources(given, uploads, dicom, pictures, table)
        with named_by_upload(table) as listed:
            if given is None:
                report = _prepare_once(held.read(uploads, dicom, pictures, tell), out, steps, tell, listed)
            elif holds_dicom(given):
                with imported_dicom(given, (), tell) as (folder, imported):
                    report = _prepare_once(dicom_folder(folder, imported), out, steps, tell, listed)
            else:
                report = _prepare(given, out, steps, tell, table=listed)
    except InputError as error:
        raise InputError(for_the_page(str(error), pictures)) from error
    finally:
        held.clear()
    failed, warnings = (rows_for_the_page(rows, pictures) for rows in (report.failed, report.warnings))
    return dataclasses.replace(report, failed=failed, warnings=warnings)


def check_sources(
    path: Path | None, uploads: Sequence[Upload], dicom: Sequence[Upload], pictures: bool, table: Upload | None
) -> None:
    """Raise InputError where there is nothing to import, or things that do not go together."""
    given = (path is not None) + bool(uploads) + bool(dicom)
    if not given:
        raise InputError("nothing to prepare; give a path or upload a file")
    if given > 1:
        raise InputError("needs a path, scans or DICOM files, got several of them; give one")
    if dicom or (path is not None and holds_dicom(path)):
        if pictures:
            raise InputError("DICOM files hold scans, and this recipe takes pictures; choose a recipe for scans")
        if table is not None:
            raise InputError("a table names files, and DICOM files are named anew; import them without it")


def _prepare_once(
    source: UploadedFolder, out: Path, recipe: PreparationRecipe, tell: Tell, table: Path | None
) -> Report:
    """Prepare a folder that is gone afterwards."""
    if source.empty:
        return Report(0, list(recipe.shape), list(source.refused), [], None)
    before = _work_folders(out)
    try:
        with source.unnamed():
            owner = out.name if source.dicom else None
            report = _prepare(source.path, out, recipe, tell, not source.dicom, table, owner)
    except BaseException:
        # Scans prepared so far are kept under the folder's name, which no later import has again. A click on the page
        # ends the import in this way.
        for left in _work_folders(out) - before:
            shutil.rmtree(left, ignore_errors=True)
        raise
    return dataclasses.replace(
        report, failed=[*report.failed, *source.refused], warnings=[*report.warnings, *source.notes]
    )


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
