"""LDA: are the classes separable in a run's latent space, and is disease or acquisition the reason?"""

from functools import partial

import streamlit as st

from app.components import layout
from app.data import resources
from app.screens.lda import lda_pair, lda_plots, lda_scan, lda_scores, selected_scan, shipped_figures
from app.screens.lda.discrimination import OWN_PEOPLE, Analysis, analysis, comparison, fit_note, only_class, size_note
from brainlab.counted import counted
from brainlab.errors import BrainlabError
from brainlab.latent.classification.discriminant import LEAST_PEOPLE

COLUMNS = (
    "Balanced accuracy of LDA on the codes, the same with the acquisition regressed out, LDA on 64 principal "
    "components of the voxels, a signal threshold, and the acquisition parameters alone."
)

ITS_TEST = "its test split"
FIT = (
    "A run may keep the codes of the people it was trained on: many more than there are images here. Baselines that "
    "need the images of the people they are fitted on are left out then."
)


def show() -> None:
    """Choose what to fit and predict, then show the result."""
    runs, cohorts = resources.runs_that("encode", "walk"), resources.cohorts()
    layout.head(
        "LDA",
        "Are the classes separable in latent space, and is disease or acquisition the reason?",
        layout.badges(*(data.origin.words for data in cohorts.values())),
    )
    layout.unopened(cohort=resources.unopened_cohorts(), run=resources.unopened_runs())
    if not runs or not cohorts:
        layout.empty(
            "This needs a trained run and a cohort with classes.",
            "Train a run on the page Train, or prepare a cohort.",
            layout.TRAIN,
        )
        return
    with layout.wrapping("lda-choices", 2):
        left, middle, right, far = st.columns(4)
    names = list(runs)
    asked, note = layout.asked_run(names, resources.runs(), "gives scans no code that is a vector")
    run = left.selectbox("Run", names, index=names.index(asked), key="lda-run")
    if note:
        st.caption(note)
    fitting = list(resources.fitting(runs[run]))
    if not fitting:
        layout.empty("No cohort on this run's grid.", "Prepare one.", layout.PREPARE)
        return
    kept = [OWN_PEOPLE] if resources.training_codes(run) is not None else []
    cohort = middle.selectbox("Fit on the training split of", [*kept, *fitting], key="lda-cohort", help=FIT)
    own = [] if cohort == OWN_PEOPLE else [ITS_TEST]
    predict = right.selectbox("Predict", [*own, *(name for name in fitting if name != cohort)], key="lda-predict")
    priors = far.segmented_control(
        "Priors",
        ["empirical", "uniform"],
        default="empirical",
        required=True,
        key="lda-priors",
        help="Prior probabilities of the classes.",
    )
    target = None if predict == ITS_TEST else predict
    if alone := only_class(run, cohort):
        layout.empty(
            f"LDA is not offered here: {cohort} has one class in its training split, {alone}."
            if cohort != OWN_PEOPLE
            else f"LDA is not offered here: {OWN_PEOPLE} are all of one class, {alone}.",
            f"LDA tells classes apart, so it needs two or more, each of at least {LEAST_PEOPLE} participants. Fit on "
            "another cohort, or see what varies in this one on the page Latent explorer.",
        )
        _without_analysis(run)
        return
    try:
        with st.spinner("Encoding and fitting (results are cached)"):
            result = analysis(run, cohort, target, priors or "empirical")
    except BrainlabError as error:
        st.error(str(error))
        _without_analysis(run)
        return
    selected_scan.forget_marks()
    for note in result.lda.notes:
        st.caption(f":material/info: {note}")
    lda_scores.headline(result)
    if fitted := fit_note(result.lda):
        st.caption(f":material/info: {fitted}")
    if small := size_note(result.lda):
        st.caption(f":orange[:material/info:] {small}")
    layout.tabs(
        "lda-tabs",
        {
            "Separation": lambda: scatter(run, result),
            "Disease or scanner?": lambda: lda_scores.disease_or_scanner(run),
            "Table 2 and baselines": lambda: lda_scores.scores(run, result),
            "Two runs": lambda: lda_pair.show(cohort, target, priors or "empirical"),
            "All runs and cohorts": compare,
        },
    )


def _without_analysis(run: str) -> None:
    """Show the tabs that rest on no LDA of the chosen cohort."""
    rest = {"Disease or scanner?": lambda: lda_scores.disease_or_scanner(run), "All runs and cohorts": compare}
    layout.tabs("lda-tabs-rest", rest)


@st.fragment
def scatter(run: str, result: Analysis) -> None:
    """Show the discriminant axes; a click on a point shows its scan, reconstruction and neighbours."""
    with layout.wrapping("lda-separation", 1):
        left, right = st.columns([1.15, 1], gap="medium")
    with left:
        views = lda_plots.discriminant_views(result.lda)
        first = next(iter(views))
        key = f"lda-axes-{len(views)}"  # its own for each choice of views: one cohort's must not be kept for another
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            view = st.segmented_control("Axes", list(views), default=first, required=True, key=key) or first
            fitted = st.toggle("Training scans", value=lda_plots.few_fitted(result.lda), key="lda-training")
        chart = f"lda-scatter-{view}"
        figure = lda_plots.discriminant_scatter(
            result.lda, views[view], selected_scan.mark(chart, result.lda), training=fitted
        )
        if len(views[view]) == 3:
            layout.plot(figure, chart)
            st.caption("Drag to rotate. Points can be clicked in the 2D views. Faint: used for fitting.")
        else:
            layout.plot(figure, chart, on_select=partial(selected_scan.clicked, chart), selection_mode="points")
            st.caption(
                "The three leukoencephalopathy grades are one colour, as in the paper's figure 10. Outlines: the "
                "middle half of each group among the scans used to fit. "
                "Click a point to see its scan; the chosen one is large."
            )
    scan = selected_scan.chosen(result.lda)
    with right:
        lda_scan.show_chosen(run, result.lda, scan)
    lda_scan.show_neighbours(result.lda, scan)


def compare() -> None:
    """Show every run on every cohort that was analysed, with and without acquisition bias."""
    shipped = shipped_figures.every_run()
    if len(shipped):
        st.subheader("Shipped runs on held-out participants", anchor=False)
        layout.table(shipped, "lda-shipped", "lda-shipped")
        st.caption(f"{COLUMNS} Computed before release; see docs/results.md.")
    st.subheader("Cohorts of this workspace", anchor=False)
    st.caption("Each run, fitted on each cohort's training split and evaluated on its test split.")
    missing = comparison.missing()
    if missing and st.button(f"Analyse the {counted(len(missing), 'missing pair')}", key="lda-all", type="primary"):
        bar = st.progress(0.0, "Starting")
        for done, total, what in comparison.run_missing():
            bar.progress(done, f"{what} of {total}")
        st.rerun()
    layout.table(comparison.table(), "lda-comparison", "lda-comparison")
