"""What a path or uploads hold and what is odd about it, on the page before anything of it is prepared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.cohort.dicom_import import Upload, foreseen_dicom, holds_dicom
from app.screens.cohort.importing import check_sources, named_by_upload
from app.screens.cohort.uploaded_folder import HeldFolder, Tell, UploadedFolder
from app.screens.cohort.wording import for_the_page, noun, rows_for_the_page
from brainlab.cohort.dicom.importing import ImportReport
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.listing import Listing, list_scans
from brainlab.counted import counted
from brainlab.errors import InputError


@dataclass(frozen=True)
class Contents:
    """The scans of a path or of uploads.

    summary: one line. sequences: a row a sequence, with scans, people, unreadable files and how many the recipe takes.
    refusal: why the recipe would prepare nothing, empty where it would. refused, notes: rows of path and reason.
    """

    summary: str
    sequences: pd.DataFrame = field(default_factory=pd.DataFrame)
    refusal: str = ""
    refused: Sequence[dict[str, str]] = ()
    notes: Sequence[dict[str, str]] = ()


def contents(
    path: str,
    recipe: PreparationRecipe,
    sequences: Sequence[str],
    table: Upload | None,
    uploads: Sequence[Upload] = (),
    dicom: Sequence[Upload] = (),
    held: HeldFolder | None = None,
    tell: Tell = lambda share, text: None,
) -> Contents:
    """Look at a path or at uploads without reading voxels; arguments as `importing.bring_in` takes them.

    held: where uploads stay that are read, for their preparation. DICOM files are read into a dataset without names,
    voxels and all; of those at a path headers alone are read until they are prepared.
    Raises InputError where there is no scan, things do not go together, or the table cannot be used.
    """
    held = held or HeldFolder()
    given = Path(path.strip()).expanduser() if path.strip() else None
    try:
        check_sources(given, uploads, dicom, recipe.pictures, table)
        with named_by_upload(table) as listed:
            if given is None:
                return _of_uploads(held.read(uploads, dicom, recipe.pictures, tell), recipe, sequences, listed)
            held.clear()
            if holds_dicom(given):
                return _of_headers(foreseen_dicom(given, tell))
            return _listed(given, recipe, sequences, table=listed)
    except InputError as error:
        raise InputError(for_the_page(str(error), recipe.pictures)) from error


def _of_headers(report: ImportReport) -> Contents:
    """Say which series an import would find."""
    series = pd.DataFrame(
        {"sequence": file.rpartition("_")[2].removesuffix(".nii.gz"), "person": file.partition("/")[0]}
        for file in report.files
    )
    refused = [{"path": note["path"], "reason": note["reason"]} for note in report.skipped]
    if series.empty:
        return Contents("No series of MR images among the DICOM files. Nothing is prepared yet.", refused=refused)
    by_sequence = series.groupby("sequence")["person"].agg(["size", "nunique"]).reset_index()
    found = f"{counted(report.series, 'series', 'series')} of {counted(report.participants, 'person', 'people')}"
    return Contents(
        f"{found} in DICOM files, by their headers. Names, ids and dates are left out. Nothing is prepared yet.",
        by_sequence.set_axis(["sequence", "series", "people"], axis=1),
        refused=refused,
        notes=report.warnings,
    )


def _of_uploads(
    source: UploadedFolder, recipe: PreparationRecipe, sequences: Sequence[str], table: Path | None
) -> Contents:
    refused = [{"path": row["path"], "reason": row["reason"]} for row in source.refused]
    if source.empty:
        return Contents(f"No {noun(recipe.pictures)} among the uploads. Nothing is prepared yet.", refused=refused)
    include = "*" if table is None and not source.dicom else None
    with source.unnamed():
        found = _listed(source.path, recipe, sequences, include=include, table=table, nameless="the uploads")
    notes = [*found.notes, *rows_for_the_page(source.notes, recipe.pictures)]
    return replace(found, refused=[*found.refused, *refused], notes=notes)


def _listed(source: Path, recipe: PreparationRecipe, sequences: Sequence[str], **choice: Any) -> Contents:
    """List a folder. choice: as `list_scans` takes it."""
    # Without a recipe pictures are no scans.
    every = list_scans(source, recipe if recipe.pictures else None, **choice)
    try:
        steps = recipe.of_sequences(sequences) if sequences else recipe
        taken, refusal = list_scans(source, steps, **choice), ""
    except InputError as error:
        taken, refusal = Listing([], every.warnings, []), for_the_page(str(error), recipe.pictures)
    paths = {scan["path"] for scan in taken.scans}
    people = counted(len({scan["participant"] for scan in every.scans}), "person", "people")
    count = counted(len(every.scans), noun(recipe.pictures))
    return Contents(
        f"{count} of {people}; {recipe.name} takes {len(paths):,} of them. Nothing is prepared yet.",
        _by_sequence(every, paths, recipe),
        refusal,
        [{"path": item["path"], "reason": item["reason"]} for item in every.failed],
        rows_for_the_page(taken.warnings, recipe.pictures),
    )


def show(found: Contents) -> None:
    """Show what there is: a line, its sequences, why nothing would be prepared, and what is odd."""
    st.markdown(layout.literal(found.summary))
    if not found.sequences.empty:
        st.table(found.sequences.astype(str).map(layout.literal), hide_index=True, width="content")
    if found.refusal:
        st.warning(layout.literal(found.refusal), icon=":material/warning:")
    layout.refusals("Notes", found.notes, "import-look-notes")
    layout.refusals("Refused", found.refused, "import-look-refused")


def _by_sequence(every: Listing, taken: Collection[str], recipe: PreparationRecipe) -> pd.DataFrame:
    unreadable = {item["path"] for item in every.failed}
    return pd.DataFrame(
        [
            {
                "sequence": name,
                noun(recipe.pictures, 2): len(scans),
                "people": len({scan["participant"] for scan in scans}),
                "unreadable": sum(scan["path"] in unreadable for scan in scans),
                f"{recipe.name} takes": sum(scan["path"] in taken for scan in scans),
            }
            for name, scans in every.by_sequence().items()
        ]
    )
