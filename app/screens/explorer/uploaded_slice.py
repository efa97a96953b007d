"""The widgets by which a visitor brings a slice, or a head of which one slice is taken."""

import streamlit as st

from app.data import resources, uploads
from app.data.uploads import UploadedSlice
from brainlab.errors import BrainlabError
from brainlab.experiments.analysis.slices_of_scan import recipe_of_slices
from brainlab.images.formats.scan_file import SLICE_ENDINGS


def choose(run: str, done: str) -> UploadedSlice | None:
    """Ask for a slice for a run of slices; None until one has come that the run can read.

    done: what becomes of it on this server, for those who wonder where their file goes.
    """
    found = resources.run(run)
    head = ", or a whole head" if recipe_of_slices(found) else ""
    upload = st.file_uploader(
        f"One {found.grid.plane} slice{head}", type=uploads.file_types(SLICE_ENDINGS), key="start-slice"
    )
    if upload is None:
        st.caption(f"{done} on this server and kept in memory only; nothing is written to the workspace.")
        return None
    try:
        with st.spinner("Preparing (a whole head takes a few seconds)"):
            slices = uploads.take_slices(upload.name, upload.getbuffer(), found)
            notes, numbers = slices[0].file.notes, slices[0].file.numbers
    except BrainlabError as error:
        st.error(str(error))
        return None
    for note in notes:
        st.caption(f":orange[:material/info:] {note}")
    if len(slices) == 1:
        return slices[0]
    place = st.select_slider(
        "Slice of the head", range(len(slices)), len(slices) // 2, format_func=lambda place: f"{numbers[place]}",
        key=f"start-slice-of-{slices[0].key}",
    )  # fmt: skip
    return slices[place]


def title(scan: UploadedSlice) -> str:
    """Name a slice by its file, after its number in a whole head: a long name is cut on the screen."""
    numbers = scan.file.numbers
    return f"slice {numbers[scan.place]} of {scan.name}" if len(numbers) > 1 else scan.name
