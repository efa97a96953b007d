"""The widgets that choose the code from which an exploration starts."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.components.draw_choice import W, choose_seed, choose_truncation, drawn
from app.components.scan_choice import describe, pick_scan
from app.data import resources, uploads
from app.data.codes import from_link, to_steps
from app.data.uploads import Uploaded, UploadedSlice
from app.data.volumes import Decoded, ImageSource, Scan, code_length, load
from app.screens.explorer import projected_upload, uploaded_head, uploaded_slice
from app.screens.explorer.latent_view import space
from brainlab.counted import counted
from brainlab.errors import BrainlabError
from brainlab.evaluation.metrics.fidelity import mean_squared_error, peak_signal_to_noise_db
from brainlab.images.pictures import to_unit
from brainlab.latent import directions
from brainlab.latent.directions import Direction
from brainlab.types import FloatArray

MEAN, ZERO, SCAN, OWN, RANDOM = "Mean", "Zeros", "Scan", "Upload", "Random"
CLASS_MEAN, BETWEEN, MEAN_STYLE = "Class", "Two scans", "Mean style"


@dataclass(frozen=True)
class Start:
    """A chosen start.

    label: shown above the brain. steps: the code in 1/64 steps. scan: the original, where one is. way: the straight way
    to a second scan, with its title. styles: whether the code is that of a style.
    """

    label: str
    steps: bytes
    scan: Scan | Uploaded | UploadedSlice | None = None
    way: tuple[str, Direction] | None = None
    styles: bool = False

    @property
    def identity(self) -> bytes:
        """What makes the sliders begin anew when it changes: the code, and the way that leads on from it."""
        return self.steps + (self.way[1].vector.tobytes() if self.way else b"") + (b"styles" if self.styles else b"")

    def image(self, run: str) -> Decoded:
        """The start's own image."""
        return Decoded(run, self.steps, self.styles)

    @property
    def note(self) -> str:
        """What the original is, for its badge."""
        return self.scan.note if isinstance(self.scan, Scan) else "scan"


def choose(run: str, cohort: str | None, *, styles: bool = False) -> Start:
    """Show the widgets of the chosen way to start and return its code; a share link in the address comes first.

    With a cohort the first start is the mean of its codes, which lies on every slider's track; all zeros need not.
    styles: whether to start from a style, first from the mean style.
    """
    own = [OWN] if uploads.takes_upload(resources.run(run)) else []
    kinds = [ZERO, *own, RANDOM]
    if cohort:
        of_class = [CLASS_MEAN] if space(run, cohort).means else []
        kinds = [MEAN, ZERO, SCAN, *own, RANDOM, *of_class, BETWEEN]
    if styles:
        kinds = [MEAN_STYLE, OWN, RANDOM]
    if link := _link(run, styles=styles):
        st.caption("Started from a shared link. Choose another start to leave it.")
        if not resources.run(run).sha256.startswith(st.session_state["shared-sha"]):
            st.caption(f":orange[:material/info:] {run} has other weights here than in the link, so the image differs.")
        kind = st.segmented_control("Start from", kinds, key="start-kind", on_change=_leave_link)
        if kind is not None:
            return _chosen(kind, run, cohort, styles=styles)
        return Start("shared code", from_link(link, code_length(run, styles=styles)), styles=styles)
    kind = st.segmented_control(
        "Start from", kinds, default=kinds[0], key="start-kind", required=True, on_change=_open_comparison
    )
    return _chosen(kind or kinds[0], run, cohort, styles=styles)


def _chosen(kind: str, run: str, cohort: str | None, *, styles: bool) -> Start:
    found = resources.run(run)
    if kind == RANDOM:
        left, right = st.columns(2)
        seed = choose_seed(left, "start-seed")
        truncation = choose_truncation(
            right, "start-truncation", help="Standard deviation of the sampled codes; 0 gives the mean image."
        )
        code = drawn(run, [seed], truncation, styles=styles)[0]
        return Start(f"draw {seed} at {truncation:.2f}", to_steps(code), styles=styles)
    if styles:
        projected = projected_upload.choose(run) if kind == OWN else None
        if projected is None:
            return Start("mean style", to_steps(np.zeros(code_length(run, styles=True))), styles=True)
        scan, code = projected
        return Start(uploaded_slice.title(scan), to_steps(code), scan, styles=True)
    if kind == OWN:
        return _own_head(run) if found.grid.plane is None else _own_slice(run)
    if cohort is None or kind == ZERO:
        return _zeros(run)
    if kind == MEAN:
        return Start(f"mean of {cohort}", mean_code(run, cohort))
    if kind == CLASS_MEAN:
        means = space(run, cohort).means
        label = st.selectbox("Class", list(means), key="start-class")
        return Start(f"mean of {label}", to_steps(means[label]))
    if kind == SCAN:
        row = pick_scan(cohort, "start-scan")
        return Start(describe(cohort, row), _scan_code(run, cohort, row), Scan(cohort, row))
    left, right = st.columns(2)
    with left:
        first = pick_scan(cohort, "start-first", "From")
    with right:
        second = pick_scan(cohort, "start-second", "To", skip=1)
    steps = _scan_code(run, cohort, first)
    ends = [space(run, cohort).encoding.mean[row] for row in (first, second)]
    person = resources.cohort(cohort).scans["participant"].iloc[second]
    try:
        way = (f"To {person}", directions.between(ends[0], ends[1], "way"))
    except BrainlabError:  # twice the same scan
        way = None
    return Start(describe(cohort, first), steps, Scan(cohort, first), way)


def mean_code(run: str, cohort: str) -> bytes:
    """Return the mean of the codes that the run's latent space was described by, in 1/64 steps."""
    return to_steps(space(run, cohort).gaussian.mean_)


def _own_slice(run: str) -> Start:
    """Take a slice from the visitor's disk, or one of a head; zeros until one has come."""
    scan = uploaded_slice.choose(run, "Prepared")
    if scan is None:
        return _zeros(run)
    return Start(uploaded_slice.title(scan), _encoded(run, scan), scan)


def _own_head(run: str) -> Start:
    """Take a head from the visitor's disk; zeros until one has come."""
    scan = uploaded_head.choose(run)
    return _zeros(run) if scan is None else Start(scan.name, _encoded(run, scan), scan)


def _zeros(run: str) -> Start:
    return Start("all zeros", to_steps(np.zeros(resources.run(run).latent_dim)))


def _encoded(run: str, scan: Uploaded | UploadedSlice) -> bytes:
    mean, _ = resources.run(run).encode(to_unit(load(scan))[None, None])
    return to_steps(mean[0])


def distance_note(run: str, cohort: str, code: FloatArray) -> str | None:
    """Say when a code lies farther out than the training codes do, so that its brain is a guess."""
    gaussian = space(run, cohort).gaussian
    distance = float(gaussian.mahalanobis(code[None])[0])
    if distance <= gaussian.threshold_:
        return None
    return (
        f"This code is far from the scans that the run knows (Mahalanobis distance {distance:.1f}; "
        f"99% of them lie below {gaussian.threshold_:.1f}), so its brain may not be one that exists."
    )


def fidelity_note(run: str, start: Start) -> str | None:
    """Say how far the start's brain is from the scan that it was found for; None where it is of no scan."""
    if start.scan is None:
        return None
    if start.styles:
        squared_error, psnr_db = _errors(start.image(run), start.scan)
        return f"Projection into W: mean squared error {squared_error:.4f}, PSNR {psnr_db:.1f} dB."
    return reconstruction_note(run, start.image(run), start.scan)


def reconstruction_note(run: str, made: ImageSource, original: ImageSource) -> str:
    """Say how far a run's reconstruction is from its scan, and how far reconstructions of held-out scans are."""
    squared_error, psnr_db = _errors(made, original)
    measured = resources.run(run)
    known = (measured.evaluation() or {}).get("mse")
    beside = (
        f" ({known['value']:.3g} on average over {counted(known['n'], f'held-out {measured.grid.noun}')})"
        if known and known["value"] is not None
        else ""
    )
    return f"Reconstruction: mean squared error {squared_error:.3g}{beside}, PSNR {psnr_db:.1f} dB."


def _errors(made: ImageSource, original: ImageSource) -> tuple[float, float]:
    """Return mean squared error, and PSNR in dB."""
    image, scan = (to_unit(load(source))[None] for source in (made, original))
    return float(mean_squared_error(image, scan)[0]), float(peak_signal_to_noise_db(image, scan)[0])


def _scan_code(run: str, cohort: str, row: int) -> bytes:
    return to_steps(space(run, cohort).encoding.mean[row])


def _link(run: str, *, styles: bool) -> str | None:
    """The code of a share link, for the session's first look at the link's run and space."""
    of_styles = st.query_params.get("space") == W
    if st.query_params.get("run") == run and st.query_params.get("z") and "shared" not in st.session_state:
        st.session_state["shared"] = st.query_params["z"]
        st.session_state["shared-run"] = run, of_styles
        st.session_state["shared-sha"] = st.query_params.get("sha", "")
    return st.session_state.get("shared") if st.session_state.get("shared-run") == (run, styles) else None


def _leave_link() -> None:
    st.session_state["shared"] = None
    _open_comparison()


def _open_comparison() -> None:
    """Open the tab that shows the original beside its reconstruction, where the start is a scan."""
    if st.session_state.get("start-kind") in {SCAN, OWN}:
        st.session_state["explorer-tabs"] = "Compare"
