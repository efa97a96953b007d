"""A scan with another age, class or sex, by a run that has learnt conditions and encodes.

For runs whose codes cannot be moved along: the scan is encoded under what it shows, and decoded under what it should.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.components import layout
from app.components.scan_choice import pick_scan
from app.components.volume_viewer import Overlay, Panel, volume_viewer
from app.data import resources, uploads
from app.data.edits import AnyScan, Edited
from app.data.exports import nifti, nifti_of_change, png
from app.data.uploads import Uploaded, UploadedSlice
from app.data.volumes import Difference, ImageSource, Scan, load, signed_change
from app.screens.explorer import edit_link, scan_conditions, uploaded_head, uploaded_slice
from app.screens.explorer.explorer_tabs import show_images
from app.screens.explorer.scan_conditions import Edit, Values
from app.screens.explorer.starting_codes import OWN, SCAN, reconstruction_note
from app.screens.explorer.traversals import choose_stops
from brainlab.cohort.views import SLICE
from brainlab.experiments.analysis.counterfactual import edit_in_words
from brainlab.methods.conditions import Condition, condition_warnings
from brainlab.runs.matching.own_conditions import own_conditions


def show(run: str, middle: DeltaGenerator, right: DeltaGenerator) -> None:
    """Choose a scan in two columns of the page's head, then change what it shows."""
    found = resources.run(run)
    linked = edit_link.opened(run)
    fitting = list(resources.fitting(found))
    kinds = [*([SCAN] if fitting else []), *([OWN] if uploads.takes_upload(found) else [])]
    if not kinds:
        layout.empty(f"No scans that {run} can read.", "Prepare some on the run's grid.", layout.PREPARE)
        return
    kind = middle.segmented_control("Start from", kinds, default=kinds[0], key="edit-kind", required=True) or kinds[0]
    with right:
        scan = _pick(fitting, linked) if kind == SCAN else _upload(run)
    if scan is not None:
        edit(run, scan, linked)


def _pick(fitting: list[str], linked: edit_link.Linked | None) -> Scan:
    """Choose a scan of a cohort, first that of a link."""
    if linked and "edit-scan" not in st.session_state:
        st.session_state["edit-cohort"], st.session_state["edit-scan"] = linked.scan.cohort, linked.scan.row
    left, right = st.columns([1, 2])
    cohort = left.selectbox("Cohort", fitting, key="edit-cohort")
    with right:
        return Scan(cohort, pick_scan(cohort, "edit-scan"))


def _upload(run: str) -> Uploaded | UploadedSlice | None:
    return uploaded_head.choose(run) if resources.run(run).grid.plane is None else uploaded_slice.choose(run, "Encoded")


@st.fragment
def edit(run: str, scan: AnyScan, linked: edit_link.Linked | None) -> None:
    """Show what is changed and what becomes of the scan; all that runs when a widget is let go."""
    known, table = resources.run(run).conditions, _own(run, scan)
    asked = linked if linked and linked.scan == scan else None
    own = table | (asked.own if asked else {})
    wanted, guidance = own | (asked.wanted if asked else {}), asked.guidance if asked else 1.0
    chosen = scan_conditions.choose(known, f"edit-{run}-{scan!r}", own, wanted, guidance)
    _warn(run, scan, chosen)
    result = partial(Edited, run, scan, chosen.own)
    reconstruction, edited = result(chosen.own), result(chosen.wanted, chosen.guidance)
    with st.spinner("Encoding the scan and decoding it again"):
        for source in (reconstruction, edited):
            load(source)
    note = scan.note if isinstance(scan, Scan) else "scan"
    volume_viewer(
        [
            Panel(scan, title="original", note=note),
            Panel(reconstruction, title="reconstruction"),
            Panel(edited, title="edited"),
            Panel(edited, title="edited minus reconstruction", overlay=Overlay(Difference(edited, reconstruction))),
        ],
        key="edit-views",
        layout="column",
        toolbar=False,
        readout=False,
    )
    st.caption(_said(chosen, edited, reconstruction))
    st.caption(reconstruction_note(run, reconstruction, scan))
    layout.tabs(
        "edit-tabs",
        {
            "Film-strip": lambda: film_strip(run, scan, chosen, reconstruction),
            "Share and export": lambda: share(run, scan, table, chosen, (edited, reconstruction)),
        },
    )


def _own(run: str, scan: AnyScan) -> Values:
    """Return what is known of a scan: its own row, or of a slice of an uploaded head its number."""
    found = resources.run(run)
    values: Values = {one.name: None for one in found.conditions}
    if isinstance(scan, Scan):
        (told,) = own_conditions(found, resources.cohort(scan.cohort), np.array([scan.row])) or [{}]
        return values | dict(told)
    if isinstance(scan, UploadedSlice) and SLICE in values and scan.file.numbers:
        values[SLICE] = float(scan.file.numbers[scan.place])
    return values


def _warn(run: str, scan: AnyScan, chosen: Edit) -> None:
    """Say what makes the result a guess."""
    found = resources.run(run)
    if isinstance(scan, Scan):
        layout.other_recipe(found, resources.cohort(scan.cohort))
    lines = [line for told in (chosen.own, chosen.wanted) for line in condition_warnings(found.conditions, dict(told))]
    for line in dict.fromkeys(lines):
        layout.note(line)


def _said(chosen: Edit, edited: Edited, reconstruction: Edited) -> str:
    """Say what was changed, by how much, and what the colours mean."""
    if not chosen.changes:
        return "Nothing is changed yet: choose above what the scan should show."
    change = np.abs(signed_change(edited, reconstruction))
    words = edit_in_words(dict(chosen.own), chosen.changes).replace("_years", "")
    return (
        f"{words}: {change.mean():.1%} of the intensity range on average, at most {change.max():.0%}. "
        "Orange: brighter than the reconstruction. Blue: darker. Full colour at a quarter of the range. "
        "It shows what went with the change among the training scans and is no forecast for a patient."
    )


def film_strip(run: str, scan: AnyScan, chosen: Edit, reconstruction: Edited) -> None:
    """Show the scan at several values of one condition, the others as they are chosen above."""
    known = {one.title: one for one in resources.run(run).conditions}
    with layout.wrapping("edit-strip", 2):
        left, middle, right = st.columns([1.7, 1.1, 2.2], vertical_alignment="bottom")
    names = sorted(known, key=lambda name: (bool(known[name].words), known[name].name == SLICE))
    along = known[left.selectbox("Along", names, key=f"edit-along-{run}")]
    values = list(along.words) or _spread(along, choose_stops(middle, "edit-stops"))
    with_difference = right.toggle("Difference to the reconstruction", True, key="edit-strip-difference")
    images: list[tuple[str, ImageSource]] = []
    for value in values:
        wanted = {**dict(chosen.wanted), along.name: value}
        told = tuple((name, wanted[name]) for name in (one.name for one in known.values()) if name in wanted)
        image = Edited(run, scan, chosen.own, told, 1.0 if told == chosen.own else chosen.guidance)
        images.append((value if isinstance(value, str) else f"{value:g}", image))
    show_images("edit-strip", run, images, reconstruction if with_difference else None)


def _spread(along: Condition, stops: int) -> list[float]:
    """Return numbers from one end of the training scans' range to the other."""
    offered = scan_conditions.stops(along)
    return [offered[round(share * (len(offered) - 1))] for share in np.linspace(0, 1, stops)]


def share(run: str, scan: AnyScan, table: Values, chosen: Edit, made: tuple[Edited, Edited]) -> None:
    """Offer the link and the files. table: what the scan's own row says. made: edited, reconstruction."""
    edited, reconstruction = made
    if isinstance(scan, Scan):
        st.caption("This link opens the same scan and change, with a warning if run or cohort have changed since.")
        st.code(edit_link.address(run, scan, table, chosen), language=None, wrap_lines=True)
    else:
        st.caption("An uploaded scan has no link: it is held in memory only.")
    images: list[ImageSource] = [scan, reconstruction, edited, Difference(edited, reconstruction)]
    files: dict[str, Callable[[], bytes]] = {
        f"{run}-edited.png": lambda: png(images),
        f"{run}-edited.nii.gz": lambda: nifti(edited),
        f"{run}-reconstruction.nii.gz": lambda: nifti(reconstruction),
        f"{run}-difference.nii.gz": lambda: nifti_of_change(edited, reconstruction),
    }
    if isinstance(scan, Uploaded):
        files |= uploaded_head.files_in_own_space(run, scan, edited, reconstruction)
        st.caption(f"Files 'in own space' overlay {scan.name} as it was uploaded, on its own voxels.")
    st.caption("The difference is the edited image minus the reconstruction; in the picture mid-grey is no difference.")
    layout.downloads("edit", files)
