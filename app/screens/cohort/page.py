"""Cohort: scans, participants, mean image, acquisition, and import of new scans."""

import streamlit as st

from app.components import layout, plots, scan_choice, tables
from app.components.volume_viewer import Panel, volume_viewer
from app.data import resources
from app.data.uploads import file_types
from app.data.volumes import Mean, Scan
from app.screens.cohort import audits, importing, source_contents
from app.screens.cohort.uploaded_folder import held_folder
from app.screens.cohort.wording import noun
from brainlab.cohort.intensity import is_quantity
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import RECIPES
from brainlab.cohort.scan_table import UNLABELLED
from brainlab.cohort.views import SLICE
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.files.spreadsheet import csv_text
from brainlab.images.formats.scan_file import FILE_ENDINGS

SHOW = "import-shown"  # key of the wish to see the cohort that was just brought in
LOOKED = "import-looked"  # key of whether the page shows what is at the path or among the uploads


def show() -> None:
    """Choose a cohort; show its scans, participants, mean image and acquisition; or import another."""
    cohorts = resources.cohorts()
    layout.head(
        "Cohort",
        "Who was scanned, and could acquisition parameters alone predict the class?",
        layout.badges(*(data.origin.words for data in cohorts.values())),
    )
    layout.unopened(cohort=resources.unopened_cohorts())
    if not cohorts:
        layout.empty("No cohort yet.", "Import scans below, or simulate a cohort.", layout.SIMULATE)
        bring_in()
        return
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    name = left.selectbox("Cohort", list(cohorts), key="cohort-name")
    dataset = cohorts[name]
    right.caption(layout.describe_cohort(dataset))
    layout.tabs(
        "cohort-tabs",
        {
            "Scans": lambda: browse(name),
            "People": lambda: demographics(name),
            "Mean image": lambda: mean_image(name),
            "Acquisition": lambda: show_acquisition(name),
            "Import scans": bring_in,
        },
    )


@st.fragment
def browse(name: str) -> None:
    """Show the table; the chosen row is in the viewer."""
    dataset = resources.cohort(name)
    scans = dataset.scans
    classes = list(plots.by_class(scans))
    chosen = st.pills("Classes", classes, selection_mode="multi", key="cohort-classes", label_visibility="collapsed")
    labelled = scans.assign(**{"class": scans["class"].fillna(UNLABELLED).astype(str)})
    shown = labelled[labelled["class"].isin(chosen)] if chosen else labelled
    if shown.empty:
        st.caption("No scan belongs to the selected classes.")
        return
    with layout.wrapping("cohort-scans", 1):
        left, right = st.columns([1.12, 1.3], gap="medium")
    with left:
        columns = ["participant", *([SLICE] if SLICE in scans else []), "class", "age_years", "sex", "split"]
        event = st.dataframe(
            shown[[column for column in columns if column in shown]],
            on_select="rerun",
            selection_mode="single-row",
            hide_index=True,
            height=520,
            key=f"cohort-table-{name}",
            column_config=tables.NARROW,
        )
        layout.download("Download CSV", lambda: csv_text(scans).encode(), f"{name}.csv", "cohort-csv", type="tertiary")
    picked = event["selection"]["rows"]
    row = int(shown.index[picked[0] if picked and picked[0] < len(shown) else 0])
    with right:
        scan = Scan(name, row, _choose_channel(dataset, "cohort-channel"))
        volume_viewer(
            Panel(scan, title=scan_choice.describe(name, row), note=scan.note),
            key="cohort-scan",
            layout="grid",
        )
        st.caption("Choose a row to see its scan. Wheel: slices. Click: crosshair. Right-drag: window. ? : all keys.")


def _choose_channel(dataset: PreparedDataset, key: str) -> int:
    """Let a sequence be chosen where there are several; return its number."""
    names = list(dataset.channels)
    if len(names) == 1:
        return 0
    chosen = st.segmented_control(
        "Sequence", names, default=names[0], required=True, key=f"{key}-{len(names)}", label_visibility="collapsed"
    )
    return names.index(chosen) if chosen in names else 0


def demographics(name: str) -> None:
    """Show table 1 of the FLAIR IntroVAE paper for this cohort, and ages by class."""
    dataset = resources.cohort(name)
    layout.table(tables.demographics(dataset), f"{name}-people", "cohort-people")
    if plots.numbers(dataset.scans, "age_years").notna().any():
        layout.plot(plots.ages(dataset.scans), "cohort-ages")


@st.fragment
def mean_image(name: str) -> None:
    """Show the mean of all scans or of one class: FLAIR IntroVAE paper, figure 2."""
    dataset = resources.cohort(name)
    classes = list(plots.by_class(dataset.scans))
    together = st.segmented_control(
        "Mean of", ["all scans", "each class"], default="all scans", required=True, key="cohort-mean"
    )
    labels = [name for name in classes if name != UNLABELLED] if together == "each class" else [None]
    if not labels:
        st.caption("No scan has a class.")
        return
    channel = _choose_channel(dataset, "cohort-mean-channel")
    panels = [Panel(Mean(name, label, channel), title=label or "All scans", note="mean") for label in labels]
    many = len(panels) > 1
    volume_viewer(
        panels, key="cohort-mean-view", layout="column" if many else "row", toolbar=not many, readout=not many
    )
    with st.spinner("Measuring sharpness"):
        layout.figures(audits.sharpness_figures(name))
    st.caption("A sharp mean image indicates that the scans are well co-registered, the check that the paper used.")


def show_acquisition(name: str) -> None:
    """Show figure 11 of the FLAIR IntroVAE paper for this cohort and how well acquisition alone predicts the class."""
    dataset = resources.cohort(name)
    if plots.has_acquisition(dataset.scans):
        with st.spinner("Predicting the class from acquisition parameters"):
            layout.figures(audits.confound_figures(name))
        st.caption(audits.CONFOUND_NOTE)
        layout.plot(plots.acquisition(dataset.scans), "cohort-acquisition")
    else:
        layout.empty(
            "No acquisition parameters are known.",
            "They are read from BIDS sidecars; prepare the cohort from a BIDS dataset.",
        )


@st.fragment
def bring_in() -> None:
    """Prepare a BIDS dataset, a folder of scans or of pictures, or uploaded files into a new cohort."""
    if st.session_state.pop(SHOW, False):
        st.rerun(scope="app")  # a button in a fragment draws only the fragment anew
    recipe = RECIPES[st.selectbox("Recipe", list(RECIPES), format_func=_with_summary, key="import-recipe")]
    with st.popover("Steps"):
        st.markdown("\n".join(f"1. {words}" for words in recipe.words))
    with st.form("import", border=True):
        left, right = st.columns(2)
        scans = "a BIDS dataset, FreeSurfer subjects, or a folder of scans or DICOM files"
        kind = "a folder of pictures" if recipe.pictures else scans
        path = left.text_input(f"Path of {kind} on this machine", key="import-path")
        endings = PICTURE_ENDINGS if recipe.pictures else FILE_ENDINGS
        files = right.file_uploader(
            f"or upload {'pictures' if recipe.pictures else 'scans (NIfTI, MGZ, NRRD, MetaImage, MINC)'}",
            type=file_types(endings),
            accept_multiple_files=True,
            key="import-files",
        )
        dicom = (
            []
            if recipe.pictures
            else right.file_uploader(
                "or upload DICOM files, or a zip archive of them",
                accept_multiple_files=True,
                key="import-dicom",
                help="Series are found by header; names, ids and dates are left out. At most 300 MB a file.",
            )
        )
        name = left.text_input("Name of the new cohort", "mine", key="import-name")
        table = right.file_uploader(
            "Table of the files: file, participant, class, ... (optional)", type=["csv", "tsv"], key="import-table"
        )
        sequences, by_brain = "", False
        if recipe.several:
            sequences = left.text_input(
                "Sequences, brought onto the first",
                " ".join(recipe.modalities),
                placeholder="T1w T2w SWI",
                help="As in the names of the files: sub-01_T2w.nii.gz is T2w.",
                key=f"import-sequences-{recipe.name}",
            )
            by_brain = right.checkbox(
                "Scale each scan by its own brain",
                not any(map(is_quantity, recipe.modalities)),
                help="Scanners choose a gain for each scan; leave it out for quantities such as DVR or FA.",
                key=f"import-by-brain-{recipe.name}",
            )
        left.caption("Without a table, people are guessed from the names of files and folders; the notes say how.")
        with st.container(horizontal=True):
            # The first is what Enter in a field presses.
            look = st.form_submit_button("Show what is there", icon=":material/search:")
            sent = st.form_submit_button("Prepare", type="primary", icon=":material/play_arrow:")
    names = sequences.replace(",", " ").split()
    one, several = noun(recipe.pictures), noun(recipe.pictures, 2)
    if look or sent:
        st.session_state[LOOKED] = look
    if not sent and not st.session_state.get(LOOKED):
        return
    held = held_folder()
    bar = st.progress(0.0, f"Looking for {several}")
    try:
        if not sent:
            source_contents.show(source_contents.contents(path, recipe, names, table, files, dicom, held, bar.progress))
            return
        report = importing.bring_in(
            path,
            files,
            name,
            bar.progress,
            recipe.name,
            table,
            names,
            by_brain,
            dicom,
            held,
        )
    finally:
        bar.empty()
    if report.scans:
        st.success(
            f"{report.scans} {noun(recipe.pictures, report.scans)} prepared into the cohort '{name}' "
            f"({report.seconds_per_scan:.2g} s per {one})."
        )
    else:
        st.error(f"No {one} could be prepared.")
    layout.refusals("Refused", report.failed, "import-refused")
    layout.refusals(f"Notes and excluded {several}", report.warnings, "import-notes")
    if report.scans:
        st.button("Show the cohort", key="import-show", on_click=_choose, args=(name,))


def _with_summary(name: str) -> str:
    return f"{name} ({RECIPES[name].summary})"


def _choose(name: str) -> None:
    """Choose a cohort that was just imported, when the page is drawn next."""
    st.session_state["cohort-name"] = name
    st.session_state["cohort-tabs"] = "Scans"
    st.session_state[SHOW] = True
