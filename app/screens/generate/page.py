"""Reconstruct and generate: reconstructions of a scan by several runs, and their samples."""

from functools import partial

import streamlit as st

from app.components import layout, scan_choice
from app.components.volume_viewer import Overlay, Panel, volume_viewer
from app.data import resources
from app.data.exports import nifti, png
from app.data.volumes import Difference, ImageSource, Reconstruction, Sample, Scan


def show() -> None:
    """Two tabs: reconstructions of one scan by every run, and galleries of samples."""
    runs = resources.runs()
    layout.head(
        "Reconstruct and generate",
        "How faithful are a model's reconstructions, and how realistic are its samples?",
        layout.badges(*(run.simulated for run in runs.values())),
    )
    layout.unopened(run=resources.unopened_runs())
    if not runs:
        layout.empty("No trained run yet.", "Train one on the page Train, or with the command below.", layout.TRAIN)
        return
    chosen = st.pills("Runs", list(runs), default=list(runs)[:4], selection_mode="multi", key="generate-runs")
    if not chosen:
        layout.empty("No run chosen.", "Choose one or more above.")
        return
    layout.tabs(
        "generate-tabs",
        {"Reconstructions of a scan": lambda: reconstruct(chosen), "Generated brains": lambda: generate(chosen)},
    )


@st.fragment
def reconstruct(runs: list[str]) -> None:
    """Show an original beside each run's reconstruction, as the FLAIR IntroVAE paper's figures 3 to 5."""
    able = [run for run in runs if resources.run(run).can("reconstruct")]
    if not able:
        layout.empty("None of these runs reconstructs: they have no encoder.", "See 'Generated brains'.")
        return
    fitting = list(dict.fromkeys(name for run in able for name in resources.fitting(resources.run(run))))
    if not fitting:
        layout.empty("No cohort on this run's grid.", "Prepare one.", layout.PREPARE)
        return
    with layout.wrapping("reconstruct", 2):
        left, middle, right = st.columns([1, 2, 1.4], vertical_alignment="bottom")
    cohort = left.selectbox("Cohort", fitting, key="reconstruct-cohort")
    with middle:
        row = scan_choice.pick_scan(cohort, "reconstruct-scan")
    difference = right.toggle("Difference to the original", key="reconstruct-difference")
    original = Scan(cohort, row)
    dataset = resources.cohort(cohort)
    sources = {run: Reconstruction(run, cohort, row) for run in able if cohort in resources.fitting(resources.run(run))}
    if left_out := [run for run in runs if run not in sources]:
        st.caption(f":material/info: Not shown: {', '.join(left_out)} (no encoder, or made for other images).")
    panels = [Panel(original, title="Original", note="simulated" if dataset.simulated else "scan")]
    panels += [
        Panel(
            source,
            title=run,
            overlay=Overlay(Difference(source, original), opacity=0.9) if difference else None,
        )
        for run, source in sources.items()
    ]
    volume_viewer(panels, key="reconstructions", layout="column", toolbar=False, readout=False)
    if difference:
        st.caption("Orange: brighter than the original. Blue: darker. Full colour at a quarter of the intensity range.")
    shown: dict[str, ImageSource] = {"original": original, **sources}
    layout.downloads(
        "reconstruct",
        {f"{name}.nii.gz": partial(nifti, source) for name, source in shown.items()},
        {"reconstructions.png": lambda: png([original, *sources.values()])},
    )


@st.fragment
def generate(runs: list[str]) -> None:
    """Show samples from the prior, one seed for all runs, as the FLAIR IntroVAE paper's figures 6 to 9."""
    left, middle, right = st.columns(3)
    seed = int(
        left.number_input("Seed", 0, layout.LARGEST_SEED, 0, key="generate-seed", help="The same for every run.")
    )
    count = middle.select_slider("Samples per run", [3, 4, 5, 6], 5, key="generate-count")
    truncation = right.slider(
        "Truncation", 0.2, 1.5, 1.0, 0.05, key="generate-truncation", help="1 samples from the prior itself."
    )
    for run in runs:
        sources = [Sample(run, seed, count, number, truncation) for number in range(count)]
        st.subheader(run, anchor=False)
        volume_viewer(
            [Panel(s, title=f"draw {s.number}") for s in sources],
            key=f"gallery-{run}",
            layout="column",
            toolbar=False,
            readout=False,
        )
        layout.downloads(
            f"generate-{run}",
            {f"{run}-{seed}-{s.number}.nii.gz": partial(nifti, s) for s in sources},
            {f"{run}-{seed}.png": partial(png, list(sources))},
        )
