"""LDA: can the classes be told apart in a run's latent space, and is it disease that tells them apart?"""

import streamlit as st

from app import figures, layout, resources, starts, tables
from app.components.volume_viewer import Panel, volume_viewer
from app.discrimination import Analysis, analysis, comparison, size_note, stored
from app.volumes import Reconstruction, Scan


def page() -> None:
    """Choose what to fit and predict, then show the result."""
    runs, cohorts = resources.runs(), resources.cohorts()
    layout.head(
        "LDA",
        "Can the classes be told apart in the latent space, and is it disease that tells them apart?",
        layout.badges(*(data.simulated for data in cohorts.values())),
    )
    if not runs or not cohorts:
        layout.empty(
            "This needs a trained run and a cohort with classes.", "Train a run, or prepare a cohort.", layout.TRAIN
        )
        return
    left, middle, right, far = st.columns(4)
    names = list(runs)
    run = left.selectbox("Run", names, index=names.index(layout.best_run(names)), key="lda-run")
    fitting = list(resources.fitting(runs[run]))
    if not fitting:
        layout.empty("No cohort on this run's grid.", "Prepare one.", layout.PREPARE)
        return
    cohort = middle.selectbox("Fit on the training split of", fitting, key="lda-cohort")
    predict = right.selectbox(
        "Predict", ["its test split", *(name for name in fitting if name != cohort)], key="lda-predict"
    )
    priors = far.segmented_control(
        "Priors",
        ["empirical", "uniform"],
        default="empirical",
        required=True,
        key="lda-priors",
        help="How common classes are taken to be.",
    )
    with st.spinner("Encoding and fitting; kept for next time"):
        result = analysis(run, cohort, None if predict == "its test split" else predict, priors or "empirical")
    for note in result.lda.notes:
        st.caption(f":material/info: {note}")
    headline(result)
    if small := size_note(result.lda):
        st.caption(f":orange[:material/info:] {small}")
    layout.tabs(
        "lda-tabs",
        {
            "Separation": lambda: scatter(run, result),
            "Table 2 and baselines": lambda: scores(run, result),
            "All runs and cohorts": compare,
        },
    )


def headline(result: Analysis) -> None:
    """Show the four figures that matter."""
    rows = result.accuracies.set_index("what")
    columns = st.columns(4)
    shown = [
        "LDA on the latent codes",
        "the same, acquisition regressed out",
        tables.BASELINE_NAMES["pca_64"],
        tables.BASELINE_NAMES["acquisition_metadata"],
    ]
    titles = ["Latent codes", "Acquisition regressed out", "64 voxel components", "Acquisition alone"]
    for column, what, title in zip(columns, shown, titles, strict=True):
        if what in rows.index:
            row = rows.loc[what]
            column.metric(title, f"{row['balanced accuracy']:.2f}", help="Balanced accuracy", border=True)
            column.caption(f"95% {row['low']:.2f} to {row['high']:.2f} · accuracy {row['accuracy']:.2f}")


@st.fragment
def scatter(run: str, result: Analysis) -> None:
    """Show the discriminant axes; a click on a point shows its scan and reconstruction."""
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        views = figures.discriminant_views(result.lda)
        first = next(iter(views))
        key = f"lda-axes-{len(views)}"  # its own for each choice of views: one cohort's must not be kept for another
        axes = st.segmented_control("Axes", list(views), default=first, required=True, key=key) or first
        figure = figures.discriminant_scatter(result.lda, views[axes])
        if len(views[axes]) == 3:
            st.plotly_chart(figure, key="lda-scatter-3d")
            picked = None
            st.caption("Turn it with the mouse. Points can be clicked in the flat views.")
        else:
            event = st.plotly_chart(figure, key=f"lda-scatter-{axes}", on_select="rerun", selection_mode="points")
            picked = event["selection"]["points"][:1]
            st.caption(
                "The three leukoencephalopathy grades are one colour, as in the paper's figure 10. "
                "Click a point to see its scan."
            )
    with right:
        side, row = picked[0]["customdata"] if picked else (1, int(result.lda.test.rows[0]))
        dataset = (result.lda.test if side else result.lda.train).dataset
        st.markdown(f"**{starts.describe(dataset.name, int(row))}**")
        volume_viewer(
            [
                Panel(Scan(dataset.name, int(row)), dataset.shape, dataset.affine, title="Scan"),
                Panel(
                    Reconstruction(run, dataset.name, int(row)), dataset.shape, dataset.affine, title="Reconstruction"
                ),
            ],
            key="lda-scan",
            layout="column",
            toolbar=False,
            readout=False,
        )


@st.fragment
def scores(run: str, result: Analysis) -> None:
    """Show table 2 beside the published one, the confusion matrix and the baselines."""
    regressed = st.toggle("Regress the acquisition parameters out of the codes first", key="lda-regressed")
    chosen = result.lda.without_acquisition if regressed else result.lda.scores
    if chosen is None:
        layout.empty("No acquisition parameter is known for these scans.", "Choose a cohort that has them.")
        return
    layout.table(tables.per_class(result.lda, regressed), f"{run}-table-2", "lda-table-2")
    st.caption("Wilson 95% intervals. Paper: another 572 scans, IVAE-256, so a reference and no pass mark.")
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Confusion matrix", anchor=False)
        st.plotly_chart(figures.confusion(chosen.classes, chosen.confusion), key="lda-confusion")
    with right:
        st.subheader("Beside what needs no model", anchor=False)
        st.plotly_chart(figures.accuracies(result.accuracies), key="lda-baselines")
    layout.table(result.accuracies.drop(columns="ours").round(3), f"{run}-baselines", "lda-baselines-table")


def compare() -> None:
    """Show every run on every cohort that was analysed, with and without acquisition bias."""
    shipped = stored()
    if len(shipped):
        st.subheader("The shipped runs on people whom no run has seen", anchor=False)
        layout.table(shipped, "lda-shipped", "lda-shipped")
        st.caption("Balanced accuracy. Measured before shipping; docs/results.md says how, and on how many people.")
    st.subheader("The cohorts of this workspace", anchor=False)
    st.caption("Each run fitted on each cohort's training split and judged on its test split.")
    missing = comparison.missing()
    if missing and st.button(f"Analyse the {len(missing)} that are missing", key="lda-all", type="primary"):
        bar = st.progress(0.0, "Starting")
        for done, total, what in comparison.run_missing():
            bar.progress(done, f"{what} of {total}")
        st.rerun()
    layout.table(comparison.table(), "lda-comparison", "lda-comparison")


page()
