"""LDA: can the classes be told apart in a run's latent space, and is it disease that tells them apart?"""

from functools import partial

import streamlit as st

from app import choice, layout, lda_figures, lda_pair, lda_scan, resources, stored, tables
from app.discrimination import Analysis, analysis, comparison, size_note


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
    target = None if predict == "its test split" else predict
    with st.spinner("Encoding and fitting; kept for next time"):
        result = analysis(run, cohort, target, priors or "empirical")
    choice.forget_marks()
    for note in result.lda.notes:
        st.caption(f":material/info: {note}")
    headline(result)
    if small := size_note(result.lda):
        st.caption(f":orange[:material/info:] {small}")
    layout.tabs(
        "lda-tabs",
        {
            "Separation": lambda: scatter(run, result),
            "Disease or scanner?": lambda: disease_or_scanner(run),
            "Table 2 and baselines": lambda: scores(run, result),
            "Two runs": lambda: lda_pair.show(cohort, target, priors or "empirical"),
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
    """Show the discriminant axes; a click on a point shows its scan, reconstruction and neighbours."""
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        views = lda_figures.discriminant_views(result.lda)
        first = next(iter(views))
        key = f"lda-axes-{len(views)}"  # its own for each choice of views: one cohort's must not be kept for another
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            view = st.segmented_control("Axes", list(views), default=first, required=True, key=key) or first
            fitted = st.toggle("Training scans", value=True, key="lda-training")
        chart = f"lda-scatter-{view}"
        figure = lda_figures.discriminant_scatter(
            result.lda, views[view], choice.mark(chart, result.lda), training=fitted
        )
        if len(views[view]) == 3:
            layout.plot(figure, chart)
            st.caption("Turn it with the mouse. Points can be clicked in the flat views. Faint: used to fit.")
        else:
            layout.plot(figure, chart, on_select=partial(choice.clicked, chart), selection_mode="points")
            st.caption(
                "The three leukoencephalopathy grades are one colour, as in the paper's figure 10. Faint: used to fit. "
                "Click a point to see its scan; the chosen one is large."
            )
    scan = choice.chosen(result.lda)
    with right:
        lda_scan.show_chosen(run, result.lda, scan)
    lda_scan.show_neighbours(result.lda, scan)


def disease_or_scanner(run: str) -> None:
    """Show what is reached where the scanner's settings go with the disease, and where they do not."""
    rows = stored.one_run(run, resources.run(run).sha256)
    if rows.empty:
        layout.empty(
            f"{run} was not measured on many people, with and without acquisition bias.",
            "'All runs and cohorts' analyses it on the cohorts of this workspace.",
        )
        return
    left, right = st.columns([1.1, 1], gap="medium", vertical_alignment="center")
    with left:
        layout.plot(lda_figures.two_cohorts(rows), "lda-two-cohorts")
    right.markdown(stored.disease_or_scanner(rows))
    st.caption(stored.how(rows))
    layout.table(stored.side_by_side(rows), f"{run}-disease-or-scanner", "lda-two-cohorts")


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
        layout.plot(lda_figures.confusion(chosen.classes, chosen.confusion), "lda-confusion")
    with right:
        st.subheader("Beside what needs no model", anchor=False)
        layout.plot(lda_figures.accuracies(result.accuracies), "lda-baselines")
    layout.table(result.accuracies.drop(columns="ours").round(3), f"{run}-baselines", "lda-baselines-table")


def compare() -> None:
    """Show every run on every cohort that was analysed, with and without acquisition bias."""
    shipped = stored.every_run()
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
