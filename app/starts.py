"""Where an exploration starts from: the widgets that choose a latent code, and the code that they choose."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import layout, resources
from app.codes import from_link, to_steps
from app.latent_view import space
from app.volumes import Scan
from brainlab.experiments.analysis import encode_rows
from brainlab.latent.interpolation import interpolate
from brainlab.types import FloatArray

ZERO, SCAN, RANDOM, CLASS_MEAN, BETWEEN = "Zeros", "Scan", "Random", "Class mean", "Two scans"
STOPS = 9


@dataclass(frozen=True)
class Start:
    """A chosen start. label: shown above the brain. steps: the code in 1/64 steps. scan: the original, where one is."""

    label: str
    steps: bytes
    scan: Scan | None = None


def choose(run: str, cohort: str | None) -> Start:
    """Show the widgets of the chosen way to start and return its code; a share link in the address comes first."""
    latent_dim = resources.run(run).latent_dim
    kinds = [ZERO, SCAN, RANDOM, CLASS_MEAN, BETWEEN] if cohort else [ZERO, RANDOM]
    if link := _link(run):
        st.caption("Started from a share link. Choose another start to leave it.")
        if not resources.run(run).sha256.startswith(st.session_state["shared-sha"]):
            st.caption(f":orange[:material/info:] {run} has other weights here than in the link, so its brain differs.")
        kind = st.segmented_control("Start from", kinds, key="start-kind", on_change=_leave_link)
        return Start("shared brain", from_link(link, latent_dim)) if kind is None else _chosen(kind, run, cohort)
    kind = st.segmented_control("Start from", kinds, default=ZERO, key="start-kind", required=True)
    return _chosen(kind or ZERO, run, cohort)


def _chosen(kind: str, run: str, cohort: str | None) -> Start:
    found = resources.run(run)
    if kind == RANDOM:
        left, right = st.columns(2)
        seed = left.number_input("Seed", 0, layout.LARGEST_SEED, 0, key="start-seed")
        truncation = right.slider(
            "Truncation",
            0.0,
            1.5,
            0.8,
            0.05,
            key="start-truncation",
            help="Standard deviation of the draw; 0 is the mean brain.",
        )
        return Start(f"draw {seed} at {truncation:.2f}", to_steps(found.sample(1, int(seed), truncation)[0][0]))
    if cohort is None or kind == ZERO:
        return Start("all zeros", to_steps(np.zeros(found.latent_dim)))
    if kind == CLASS_MEAN:
        means = space(run, cohort).means
        label = st.selectbox("Class", list(means), key="start-class")
        return Start(f"mean of {label}", to_steps(means[label]))
    if kind == SCAN:
        data = resources.cohort(cohort)
        row = pick_scan(cohort, "start-scan")
        return Start(describe(cohort, row), _scan_code(run, found.sha256, cohort, data.sha256, row), Scan(cohort, row))
    left, right = st.columns(2)
    with left:
        first = pick_scan(cohort, "start-first", "From")
    with right:
        second = pick_scan(cohort, "start-second", "To", skip=1)
    ways = ["linear", "spherical"]
    way = left.segmented_control("Way", ways, default="linear", key="start-way", required=True) or "linear"
    stop = right.slider(
        "Position", 0, STOPS - 1, STOPS // 2, key="start-stop", help="0 is the first scan, the last the second."
    )
    ends = [_means(run, cohort, row) for row in (first, second)]
    code = interpolate(ends[0], ends[1], STOPS, "spherical" if way == "spherical" else "linear")[stop]
    return Start(f"stop {stop} of {STOPS - 1}", to_steps(code))


def pick_scan(cohort: str, key: str, label: str = "Scan", skip: int = 0) -> int:
    """Show a select box of a cohort's test scans, then the others, and return the chosen row."""
    dataset = resources.cohort(cohort)
    rows = [int(row) for split in ("test", "train") for row in dataset.indices(split)]
    rows += sorted(set(range(len(dataset))) - set(rows))
    return st.selectbox(
        label, rows, index=min(skip, len(rows) - 1), format_func=lambda row: describe(cohort, row), key=key
    )


def describe(cohort: str, row: int) -> str:
    """Name a scan: participant, class, age, split."""
    scan = resources.cohort(cohort).scans.iloc[row]
    age = f", {scan['age_years']:.0f} y" if scan["age_years"] == scan["age_years"] else ""
    return f"{scan['participant']} · {scan['class']}{age} · {scan['split']}"


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


def _means(run: str, cohort: str, row: int) -> FloatArray:
    return encode_rows(resources.run(run), resources.cohort(cohort), np.array([row])).mean[0]


@st.cache_data(max_entries=256, show_spinner=False)
def _scan_code(run: str, run_sha256: str, cohort: str, cohort_sha256: str, row: int) -> bytes:
    return to_steps(_means(run, cohort, row))


def _link(run: str) -> str | None:
    """The code of a share link, for the session's first look at the link's run."""
    if st.query_params.get("run") == run and st.query_params.get("z") and "shared" not in st.session_state:
        st.session_state["shared"] = st.query_params["z"]
        st.session_state["shared-run"] = run
        st.session_state["shared-sha"] = st.query_params.get("sha", "")
    return st.session_state.get("shared") if st.session_state.get("shared-run") == run else None


def _leave_link() -> None:
    st.session_state["shared"] = None
