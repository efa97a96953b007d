"""What a path holds and what is odd about it, on the page before anything of it is prepared."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.cohort.dicom_import import Upload, holds_dicom
from app.screens.cohort.importing import named_by_upload
from app.screens.cohort.wording import for_the_page, noun, rows_for_the_page
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.listing import Listing, list_scans
from brainlab.counted import counted
from brainlab.errors import InputError

DICOM = (
    "DICOM files. Their series are found by their headers when they are prepared; names, ids and dates are left out."
)


@dataclass(frozen=True)
class Contents:
    """The scans of a path.

    summary: one line. sequences: a row a sequence, with scans, people, unreadable files and how many the recipe takes.
    refusal: why the recipe would prepare nothing, empty where it would. unreadable, notes: rows of path and reason.
    """

    summary: str
    sequences: pd.DataFrame = field(default_factory=pd.DataFrame)
    refusal: str = ""
    unreadable: Sequence[dict[str, str]] = ()
    notes: Sequence[dict[str, str]] = ()


def contents(path: str, recipe: PreparationRecipe, sequences: Sequence[str], table: Upload | None) -> Contents:
    """Look at a path without reading voxels; arguments as `importing.bring_in` takes them.

    Raises InputError where there is no path or no scan at it, or the table cannot be used.
    """
    if not path.strip():
        raise InputError("needs a path on this machine to look at; uploaded files are looked at when they are prepared")
    source = Path(path.strip()).expanduser()
    if source.exists() and holds_dicom(source):
        return Contents(DICOM)
    try:
        with named_by_upload(table) as listed:
            # Without a recipe pictures are no scans.
            every = list_scans(source, recipe if recipe.pictures else None, table=listed)
            try:
                steps = recipe.of_sequences(sequences) if sequences else recipe
                taken, refusal = list_scans(source, steps, table=listed), ""
            except InputError as error:
                taken, refusal = Listing([], every.warnings, []), for_the_page(str(error), recipe.pictures)
    except InputError as error:
        raise InputError(for_the_page(str(error), recipe.pictures)) from error
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
    """Show what a path holds: a line, its sequences, why nothing would be prepared, and what is odd."""
    st.markdown(layout.literal(found.summary))
    if not found.sequences.empty:
        st.table(found.sequences.astype(str).map(layout.literal), hide_index=True, width="content")
    if found.refusal:
        st.warning(layout.literal(found.refusal), icon=":material/warning:")
    layout.refusals("Notes", found.notes, "import-look-notes")
    layout.refusals("Unreadable", found.unreadable, "import-look-unreadable")


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
