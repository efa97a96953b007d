"""Reconstruct and generate: reconstructions of an image by several runs, their samples, and what lies between them."""

import math
from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components import layout, scan_choice
from app.components.draw_choice import choose_seed, choose_truncation
from app.components.volume_viewer import Overlay, Panel, volume_viewer
from app.data import resources
from app.data.exports import nifti, png, sheet
from app.data.volumes import Difference, ImageSource, Reconstruction, Sample, Scan
from app.screens.generate.between_draws import between_draws
from app.screens.generate.requested import choose_condition
from app.screens.generate.style_mixing import style_mixing
from brainlab.cohort.prepared import PreparedDataset
from brainlab.methods.method import Ability, lacking

VOLUMES = [3, 4, 5, 6]
LARGE_VOLUMES = [1, 2, 3]
"""Of more than `LARGE_VOXELS` each, which the browser gets whole: 17 MB for 256^3."""
LARGE_VOXELS = 128**3
SLICES = [8, 16, 32, 64]
AT_FIRST = 4
"""Runs that are chosen where the address asks for none."""
IN_A_ROW = 8
"""Slices of a gallery that lie side by side."""


def show() -> None:
    """Tabs for what the chosen runs can do: reconstruct an image, draw, go from draw to draw, mix styles."""
    runs = resources.runs_that("sample")
    layout.head(
        "Reconstruct and generate",
        "How faithful are a model's reconstructions, and how realistic are its samples?",
        layout.badges(*(run.origin for run in runs.values())),
    )
    layout.unopened(run=resources.unopened_runs())
    if not runs:
        layout.empty("No trained run yet.", "Train one on the page Train, or with the command below.", layout.TRAIN)
        return
    names = list(runs)
    asked, note = layout.asked_runs(names, names[:AT_FIRST])
    chosen = st.pills("Runs", names, default=asked, selection_mode="multi", key="generate-runs")
    if note:
        st.caption(note)
    if not chosen:
        layout.empty("No run chosen.", "Choose one or more above.")
        return

    def able(ability: Ability) -> bool:
        return any(resources.run(name).can(ability) for name in chosen)

    tabs = {"Reconstructions": lambda: reconstruct(chosen)} if able("reconstruct") else {}
    tabs["Samples"] = lambda: generate(chosen)
    if able("walk"):
        tabs["Interpolation"] = lambda: between_draws(chosen)
    if able("styles"):
        tabs["Style mixing"] = lambda: style_mixing(chosen)
    layout.tabs("generate-tabs", tabs)


@st.fragment
def reconstruct(runs: list[str]) -> None:
    """Show an original beside each run's reconstruction, as the FLAIR IntroVAE paper's figures 3 to 5."""
    able = [run for run in runs if resources.run(run).can("reconstruct")]
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
    for reason, left_out in _left_out([run for run in runs if run not in sources], dataset).items():
        st.caption(f":material/info: Not shown, {reason}: {', '.join(left_out)}.")
    for run in sources:
        layout.other_recipe(resources.run(run), dataset)
    panels = [Panel(original, title="Original", note=original.note)]
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


def _left_out(runs: Sequence[str], dataset: PreparedDataset) -> dict[str, list[str]]:
    """Return runs that do not reconstruct images of a cohort, by the reason."""
    reasons: dict[str, list[str]] = {}
    for run in map(resources.run, runs):
        if not run.can("reconstruct"):
            reason = lacking("reconstruct")
        elif run.grid.fits(dataset.grid):
            reason = "made for images of other channels or intensities"
        else:
            reason = f"made for {run.grid} and not for {dataset.grid}"
        reasons.setdefault(reason, []).append(run.name)
    return reasons


@st.fragment
def generate(runs: list[str]) -> None:
    """Show samples from the prior, one seed for all runs, as the FLAIR IntroVAE paper's figures 6 to 9."""
    flat = {run for run in runs if resources.run(run).grid.plane is not None}
    counts = {}
    with layout.wrapping("generate", 2):
        first, *middle, last = st.columns(2 + bool(flat) + (len(flat) < len(runs)))
    seed = choose_seed(first, "generate-seed", help="The same for every run.")
    for column, of_slices in zip(middle, sorted({run in flat for run in runs}), strict=True):
        large = any(math.prod(resources.run(run).shape) > LARGE_VOXELS for run in runs)
        of_volumes = (LARGE_VOLUMES, 2, "large samples") if large else (VOLUMES, 5, "samples")
        choices, usual, kind = (SLICES, 16, "slices") if of_slices else of_volumes
        counts[of_slices] = int(
            column.select_slider(f"{kind.capitalize()} per run", choices, usual, key=f"generate-{kind}")
        )
    truncation = choose_truncation(last, "generate-truncation", 1.0, help="1 samples from the prior itself.")
    for run in runs:
        count = counts[run in flat]
        columns = min(count, IN_A_ROW) if run in flat else count
        st.subheader(run, anchor=False)
        asked = choose_condition(run) if resources.run(run).can("condition") else (None, 1.0)
        sources: list[Sample] = [Sample(run, seed, count, number, truncation, *asked) for number in range(count)]
        volume_viewer(
            [Panel(s, title=f"draw {s.number}") for s in sources],
            key=f"gallery-{run}",
            columns=columns,
            layout="column",
            toolbar=False,
            readout=False,
        )
        volumes = {f"{run}-{seed}-{s.number}.nii.gz": partial(nifti, s) for s in sources}
        layout.downloads(
            f"generate-{run}",
            {} if run in flat else volumes,
            {f"{run}-{seed}.png": partial(sheet, list(sources), columns)},
        )
