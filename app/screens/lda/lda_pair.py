"""Two runs side by side on the LDA page: which discriminates the classes better, and where they disagree."""

from functools import partial

import pandas as pd
import streamlit as st

from app.components import layout, scan_choice
from app.components.volume_viewer import Panel, volume_viewer
from app.data import resources
from app.data.volumes import ImageSource, Reconstruction, Scan
from app.screens.lda import lda_plots, selected_scan
from app.screens.lda.discrimination import OWN_PEOPLE, Analysis, analysis
from app.screens.lda.lda_scan import show_verdict
from brainlab.counted import counted
from brainlab.experiments.analysis.discrimination import LdaResult
from brainlab.experiments.analysis.verdicts import difference, disagreements, verdict

FIRST_SHOWN = ("ivae-256", "vae-512")
"""The shipped runs that tell the classes apart best: docs/results.md."""


def choose(cohort: str) -> tuple[str, str] | None:
    """Let two runs be chosen that work on a cohort's grid; None, and what to do, where there are no two."""
    runs = resources.runs_that("encode", "walk")
    if cohort == OWN_PEOPLE:
        names = [name for name in runs if resources.training_codes(name) is not None]
    else:
        names = [name for name, run in runs.items() if cohort in resources.fitting(run)]
    if len(names) < 2:
        layout.empty("Fewer than two runs work on this cohort's grid.", "Train another.", layout.TRAIN)
        return None
    names.sort(key=lambda name: FIRST_SHOWN.index(name) if name in FIRST_SHOWN else len(FIRST_SHOWN))
    left, right, _ = st.columns([1, 1, 1])
    first = left.selectbox("First run", names, key="lda-pair-first")
    second = right.selectbox("Second run", [name for name in names if name != first], key="lda-pair-second")
    return first, second


def show(cohort: str, predict: str | None, priors: str) -> None:
    """Show both runs' accuracies and their paired difference, both scatters, and the scans that they disagree on."""
    pair = choose(cohort)
    if pair is None:
        return
    with st.spinner("Encoding and fitting (results are cached)"):
        both = [analysis(run, cohort, predict, priors) for run in pair]
    paired = difference(both[0].lda, both[1].lda)
    low, high = paired["interval"]
    columns = st.columns(3)
    for column, run, found in zip(columns[:2], pair, both, strict=True):
        row = found.accuracies.iloc[0]
        column.metric(run, f"{row['balanced accuracy']:.2f}", border=True)
        column.caption(f"Balanced accuracy, 95% {row['low']:.2f} to {row['high']:.2f} · accuracy {row['accuracy']:.2f}")
    columns[2].metric("First minus second", f"{paired['balanced_accuracy']:+.2f}", border=True)
    columns[2].caption(f"Balanced accuracy, 95% {low:+.2f} to {high:+.2f}, paired bootstrap over participants")
    test = both[0].lda.test
    st.markdown(reading(pair, (low, high), counted(len(test.rows), test.dataset.grid.noun)))
    _scans(pair, both)


def reading(pair: tuple[str, str], interval: tuple[float, float], predicted: str) -> str:
    """Say in words what the interval of a paired difference means. predicted: how many images, with their noun."""
    low, high = interval
    if low <= 0 <= high:
        return f"On {predicted} the difference is inconclusive: its interval includes zero."
    return f"On {predicted} **{pair[0] if low > 0 else pair[1]}** discriminates the classes better."


def disagreement_table(pair: tuple[str, str], first: LdaResult, second: LdaResult) -> pd.DataFrame:
    """One row a predicted scan that two runs take for different classes; the index is its (dataset, row)."""
    found = disagreements(first, second)
    rows = [
        {
            "participant": one.participant,
            "true class": one.label,
            pair[0]: one.predicted,
            pair[1]: other.predicted,
            "right": pair[0] if one.right else pair[1] if other.right else "neither",
        }
        for one, other in found
    ]
    named = pd.Index([(one.dataset, one.row) for one, _ in found], tupleize_cols=False)
    return pd.DataFrame(rows, index=named)


@st.fragment
def _scans(pair: tuple[str, str], both: list[Analysis]) -> None:
    """Show both scatters and the scan chosen in either, or in the table of disagreements."""
    results = [found.lda for found in both]
    with layout.wrapping("lda-pair-scatters", 1):
        columns = st.columns(2)
    for column, side, run, result in zip(columns, ("first", "second"), pair, results, strict=True):
        with column:
            st.subheader(run, anchor=False)
            key = f"lda-pair-{side}-scatter"
            axes = next(iter(lda_plots.discriminant_views(result).values()))
            figure = lda_plots.discriminant_scatter(result, axes, selected_scan.mark(key, result))
            layout.plot(figure, key, on_select=partial(selected_scan.clicked, key), selection_mode="points")
    st.caption(
        "Each run has its own axes. A scan selected in one plot is marked in the other. Outlines: the middle half of "
        "each group among the scans used to fit."
    )
    scan = selected_scan.chosen(results[0])
    _disagreements(pair, results)
    st.subheader(scan_choice.describe(*scan), anchor=False)
    with layout.wrapping("lda-pair-scan", 1):
        left, right = st.columns([1, 2], gap="medium")
    with left:
        for side, run, result in zip(("first", "second"), pair, results, strict=True):
            show_verdict(verdict(result, *scan), f"lda-pair-{side}-posteriors", f"**{run}**  \n")
    with right:
        sources: dict[str, ImageSource] = {"Scan": Scan(*scan), **{run: Reconstruction(run, *scan) for run in pair}}
        volume_viewer(
            [Panel(source, title=title) for title, source in sources.items()],
            key="lda-pair-scan",
            layout="column",
            toolbar=False,
            readout=False,
        )


def _disagreements(pair: tuple[str, str], results: list[LdaResult]) -> None:
    """Show the scans that both runs take for different classes; a row chooses its scan."""
    st.subheader("Where they disagree", anchor=False)
    table = disagreement_table(pair, *results)
    if table.empty:
        st.caption("Nowhere: both predict the same class for every scan.")
        return
    counts, test = table["right"].value_counts(), results[0].test
    st.caption(
        f"{len(table)} of {counted(len(test.rows), f'predicted {test.dataset.grid.noun}')}: "
        + ", ".join(f"{name} correct on {counts.get(name, 0)}" for name in (*pair, "neither"))
        + ". Choose a row to see its scan."
    )
    layout.table(
        table,
        f"{pair[0]}-{pair[1]}-disagreements",
        "lda-pair",
        height=250,
        on_select=partial(selected_scan.picked, "lda-pair-table", list(table.index)),
        selection_mode="single-row",
    )
