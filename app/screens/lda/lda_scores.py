"""Classification results on the LDA page: headline figures, table 2, and the role of acquisition."""

import streamlit as st

from app.components import layout, tables
from app.data import resources
from app.screens.lda import lda_plots, shipped_figures
from app.screens.lda.discrimination import Analysis


def headline(result: Analysis) -> None:
    """Show the four figures that matter."""
    rows = result.accuracies.set_index("what")
    with layout.wrapping("lda-headline", 2):
        columns = st.columns(4)
    shown = [
        "LDA on the latent codes",
        "the same, acquisition regressed out",
        tables.BASELINE_NAMES["pca_64"],
        tables.BASELINE_NAMES["acquisition_metadata"],
    ]
    titles = ["Latent codes", "Acquisition removed", "64 voxel components", "Acquisition alone"]
    known = [(title, rows.loc[what]) for title, what in zip(titles, shown, strict=True) if what in rows.index]
    for column, (title, row) in zip(columns, known, strict=False):
        column.metric(title, f"{row['balanced accuracy']:.2f}", border=True)
        column.caption(f"Balanced accuracy, 95% {row['low']:.2f} to {row['high']:.2f} · accuracy {row['accuracy']:.2f}")


@st.fragment
def scores(run: str, result: Analysis) -> None:
    """Show table 2 beside the published one, the confusion matrix and the baselines."""
    regressed = st.toggle("Regress acquisition parameters out of the codes first", key="lda-regressed")
    chosen = result.lda.without_acquisition if regressed else result.lda.scores
    if chosen is None:
        layout.empty("No acquisition parameters are known for these scans.", "Choose a cohort that has them.")
        return
    layout.table(
        tables.per_class(result.lda, regressed), f"{run}-table-2", "lda-table-2", column_config=tables.PER_CLASS_COLUMNS
    )
    st.caption("Wilson 95% intervals. Paper: IVAE-256 on 572 other scans, for reference only.")
    with layout.wrapping("lda-scores", 1):
        left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Confusion matrix", anchor=False)
        layout.plot(
            lda_plots.confusion(chosen.classes, chosen.confusion, dark=st.context.theme.type == "dark"),
            "lda-confusion",
        )
    with right:
        st.subheader("Baselines without a generative model", anchor=False)
        layout.plot(lda_plots.accuracies(result.accuracies), "lda-baselines")
    layout.table(result.accuracies.drop(columns="ours").round(3), f"{run}-baselines", "lda-baselines-table")


def disease_or_scanner(run: str) -> None:
    """Show the accuracies with and without an association of acquisition and disease."""
    rows = shipped_figures.one_run(run)
    if rows.empty:
        layout.empty(
            f"No large-cohort results exist for {run}, with and without acquisition bias.",
            "'All runs and cohorts' analyses it on the cohorts of this workspace.",
        )
        return
    with layout.wrapping("lda-two-cohorts", 1):
        left, right = st.columns([1.1, 1], gap="medium", vertical_alignment="center")
    with left:
        layout.plot(lda_plots.two_cohorts(rows), "lda-two-cohorts")
    right.markdown(shipped_figures.disease_or_scanner(rows))
    st.caption(shipped_figures.how(rows, resources.run(run).grid.noun))
    layout.table(shipped_figures.side_by_side(rows), f"{run}-disease-or-scanner", "lda-two-cohorts")
