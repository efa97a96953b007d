"""The widgets by which a visitor brings the scans of a visit, one file a sequence."""

import streamlit as st

from app.components import layout
from app.data import resources
from app.data.uploaded_visits import UploadedScans, take_visit
from app.data.uploads import file_types
from app.screens.synthesis.visit_choice import offer_file
from brainlab.errors import BrainlabError
from brainlab.experiments.synthesis.whole_scans import recipe_of_inputs
from brainlab.images.formats.scan_file import SINGLE_ENDINGS
from brainlab.runs.run import Run

IN_A_ROW = 3
ONE_PERSON = (
    "Scans of two people fit each other nearly as well as those of one, and are not refused: see below that ventricles "
    "and sulci of the inputs lie on one another"
)


def choose(run: str) -> UploadedScans | None:
    """Ask for a file of each input of a run; None until all have come and can be prepared."""
    found = resources.run(run)
    try:
        recipe_of_inputs(found)
    except BrainlabError as error:
        st.error(str(error))
        return None
    inputs = found.config.inputs
    files, types = {}, file_types(SINGLE_ENDINGS)
    columns = st.columns(min(IN_A_ROW, len(inputs)))
    for number, name in enumerate(inputs):
        label = name + (" (gives the space of the result)" if number == 0 else "")
        files[name] = columns[number % IN_A_ROW].file_uploader(label, types, key=f"synthesis-{run}-{name}")
    stripped = st.toggle(
        "Already skull-stripped and in MNI space", key="synthesis-stripped", help="Skips registration."
    )
    st.caption(
        "One head, one visit. Prepared on this server and kept in memory only; nothing is written to the workspace."
    )
    if missing := [name for name, file in files.items() if file is None]:
        if len(missing) < len(inputs):
            layout.note(f"Still needed: {', '.join(missing)}")
        return None
    try:
        with st.spinner("Registering, skull-stripping and translating (10 to 30 seconds)"):
            visit = take_visit(run, {name: file.getbuffer() for name, file in files.items() if file}, stripped)
    except BrainlabError as error:
        st.error(str(error))
        return None
    for note in visit.own.notes:
        layout.note(note.removesuffix("."))
    if len(inputs) > 1:
        layout.note(ONE_PERSON)
    return visit


def offer(run: Run, visit: UploadedScans) -> None:
    """Offer what was made on the voxels of the first scan, as `brainlab translate` writes it."""
    target, first = run.config.target, run.config.inputs[0]
    offer_file(run, visit, f"{target}.nii.gz")
    st.caption(f"On the voxels of the uploaded {first}, in the intensities of the scans that the run learned from.")
