"""The LDA page's parts, without a browser."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.data import resources
from app.screens.lda import lda_pair, lda_plots, selected_scan, shipped_figures
from app.screens.lda.discrimination import OWN_PEOPLE, Comparison, analysis
from app.server.access import SIGNED_IN
from brainlab.experiments.analysis.verdicts import scans, verdict
from brainlab.legend import grouped
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.run import Run
from brainlab.runs.training_codes import TrainingCodes

PROJECT = Path(__file__).resolve().parents[4]


def opened(tab: str = "Separation", scan: selected_scan.Named | None = None) -> AppTest:
    found = AppTest.from_file(str(PROJECT / "pages" / "lda.py"), default_timeout=120)
    found.session_state[SIGNED_IN] = True
    found.session_state["lda-tabs"] = tab
    found.session_state["lda-run"] = "tiny-ivae"
    if scan:
        found.session_state[selected_scan.CHOSEN] = scan
    found.run()
    assert not found.exception, found.exception
    assert not found.error
    return found


def marks(figure):
    """The traces that are points."""
    return [trace for trace in figure.data if trace.mode == "markers"]


@pytest.fixture
def result(workspace, tmp_path, monkeypatch):
    """Analyse the tiny run by which the page is opened; no shipped run is beside it."""
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    return analysis("tiny-ivae", "simulated", None, "empirical").lda


def test_a_run_whose_codes_are_no_vectors_is_not_offered(result, monkeypatch):
    abilities = {"tiny-vae": frozenset({"encode", "reconstruct"}), "tiny-ivae": frozenset({"encode", "walk"})}
    monkeypatch.setattr(Run, "abilities", property(lambda run: abilities[run.name]))
    assert opened().selectbox(key="lda-run").options == ["tiny-ivae"]
    assert {run for run, _ in Comparison().pairs()} == {"tiny-ivae"}


@pytest.mark.parametrize("place", [0, -1])
def test_the_chosen_scan_is_told_with_its_class_and_its_neighbours(result, place):
    scan = scans(result)[place]
    found = opened(scan=scan)
    said = " ".join(markdown.value for markdown in found.markdown)
    told = verdict(result, *scan)
    assert told.participant in said
    assert f"predicted **{told.predicted}**" in said
    near = next(frame.value for frame in found.dataframe if "distance" in frame.value)
    assert len(near) == 4
    assert told.participant not in set(near["participant"])
    assert any("The LDA was fitted on this scan" in caption.value for caption in found.caption) == told.fitted


@pytest.fixture
def kept(result, monkeypatch):
    """Let the run keep the codes of people of other names and of the same training scans."""
    run, data = resources.run("tiny-ivae"), resources.cohort("simulated")
    rows = data.indices("train")
    scans = data.scans.iloc[rows][["class", "age_years"]].reset_index(drop=True)
    scans["participant"] = [f"hash{number}" for number in range(len(rows))]
    found = TrainingCodes(run.folder, "its people", scans, encode_dataset(run, data).rows(rows), True, run.sha256)
    monkeypatch.setattr(resources, "training_codes", lambda name: found if name == "tiny-ivae" else None)
    return found


@pytest.mark.parametrize("tab", ["Separation", "Table 2 and baselines", "Two runs", "All runs and cohorts"])
def test_a_run_that_keeps_codes_of_its_people_is_fitted_on_them(kept, tab):
    found = opened(tab)
    assert found.selectbox(key="lda-cohort").value == OWN_PEOPLE
    assert found.selectbox(key="lda-predict").options == ["simulated"]
    assert "64 voxel components" not in [metric.label for metric in found.metric], "which need the people's images"
    said = f"one scan of each of {len(kept)} people"
    assert [caption.value for caption in found.caption if said in caption.value]
    if tab == "Separation":
        near = next(frame.value for frame in found.dataframe if "distance" in frame.value)
        assert set(near["used for fitting"]) == {"no"}
    found.selectbox(key="lda-cohort").set_value("simulated").run()
    assert not found.exception
    assert found.selectbox(key="lda-predict").options == ["its test split"]
    assert not [caption.value for caption in found.caption if said in caption.value]


def test_points_without_an_image_cannot_be_chosen(kept, monkeypatch):
    found = analysis("tiny-ivae", OWN_PEOPLE, "simulated", "empirical").lda
    figure = lda_plots.discriminant_scatter(found, (0, 1))
    faint = [trace for trace in marks(figure) if "train" in trace.text[0]]
    assert sum(len(trace.x) for trace in faint) == len(kept)
    assert all(dataset == lda_plots.NO_IMAGE for trace in faint for dataset, _ in trace.customdata)
    assert not any("hash" in text for trace in faint for text in trace.text)
    state = {"chart": {"selection": {"points": [{"customdata": faint[0].customdata[0]}]}}}
    monkeypatch.setattr(selected_scan.st, "session_state", state)
    selected_scan.clicked("chart")
    assert selected_scan.CHOSEN not in state


def test_a_scan_that_this_analysis_does_not_have_gives_way_to_its_first(result):
    first = result.test.participants[0]
    assert any(first in markdown.value for markdown in opened(scan=("gone", 3)).markdown)


@pytest.fixture
def other(result, monkeypatch):
    """Let the second run take the first two predicted scans for other classes than the first run does."""
    known = analysis("tiny-vae", "simulated", None, "empirical")
    names = result.discriminant.classes_
    said = list(result.on_test.predicted)
    said[:2] = [names[(names.index(name) + 1) % len(names)] for name in said[:2]]
    changed = replace(known, lda=replace(known.lda, on_test=known.lda.on_test._replace(predicted=said)))
    monkeypatch.setattr(lda_pair, "analysis", lambda run, *rest: changed if run == "tiny-vae" else analysis(run, *rest))
    return changed.lda


def test_two_runs_show_their_difference_and_where_they_disagree(result, other):
    found = opened("Two runs")
    assert {"tiny-ivae", "tiny-vae", "First minus second"} <= {metric.label for metric in found.metric}
    table = next(frame.value for frame in found.dataframe if "true class" in frame.value)
    assert list(table["participant"]) == result.test.participants[:2]


def test_runs_that_agree_say_so(result):
    assert any("Nowhere: both predict" in caption.value for caption in opened("Two runs").caption)


def test_the_second_run_is_never_the_first(result):
    found = opened("Two runs")
    first, second = found.selectbox(key="lda-pair-first"), found.selectbox(key="lda-pair-second")
    assert first.value not in second.options
    assert not first.select(second.value).run().exception


def test_a_row_of_the_disagreements_names_its_scan(result, other):
    table = lda_pair.disagreement_table(("tiny-ivae", "tiny-vae"), result, other)
    assert len(table) == 2
    for (dataset, row), line in table.iterrows():
        assert verdict(other, dataset, row).predicted == line["tiny-vae"] != line["tiny-ivae"]
        assert resources.cohort(dataset).scans["class"].iloc[row] == line["true class"]


@pytest.mark.parametrize(
    ("interval", "said"), [((-0.1, 0.2), "includes zero"), ((0.1, 0.2), "**a**"), ((-0.2, -0.1), "**b**")]
)
def test_a_difference_is_put_into_words(interval, said):
    assert said in lda_pair.reading(("a", "b"), interval, "28 slices")


def test_a_run_that_was_not_measured_on_many_people_says_so(result):
    assert any("No large-cohort results exist" in info.value for info in opened("Disease or scanner?").info)


@pytest.mark.parametrize("run", ["vae-8", "vae-512", "ivae-32", "ivae-256"])
def test_each_shipped_run_has_its_figures_beside_it(run):
    rows = shipped_figures.one_run(run)
    assert set(rows["cohort"]) == {"unbiased", "biased"}
    assert len(rows) == 8
    assert {trace.name for trace in lda_plots.two_cohorts(rows).data} == {"unbiased", "biased"}


def test_the_marked_point_is_the_chosen_scan(result):
    dataset, row = scans(result)[-1]
    figure = lda_plots.discriminant_scatter(result, (0, 1), (dataset, row))
    marked = [trace.customdata[i] for trace in marks(figure) for i in trace.selectedpoints]
    assert [tuple(point) for point in marked] == [(dataset, row)]


def test_training_scans_can_be_left_out(result):
    both, tests = (marks(lda_plots.discriminant_scatter(result, (0, 1), training=shown)) for shown in (True, False))
    assert sum(len(trace.x) for trace in both) == len(scans(result))
    assert sum(len(trace.x) for trace in tests) == len(result.test.rows)
    assert [trace.name for trace in both if trace.showlegend] == [trace.name for trace in tests]


def test_an_outline_holds_the_middle_half_of_the_fitted_scans():
    rng = np.random.default_rng(0)
    points = rng.multivariate_normal([3, -1], [[4, 1.5], [1.5, 1]], 4000)
    whiten = np.linalg.inv(np.linalg.cholesky(np.cov(points.T)))
    far, edge = (
        np.linalg.norm((part - points.mean(axis=0)) @ whiten.T, axis=1)
        for part in (points, lda_plots.middle_half(points))
    )
    assert np.ptp(edge) < 1e-9
    assert (far < edge[0]).mean() == pytest.approx(0.5, abs=0.02)
    assert lda_plots.middle_half(points[:3]) is None


@pytest.mark.parametrize("training", [True, False])
def test_outlines_are_there_with_and_without_the_fitted_scans(result, training):
    figure = lda_plots.discriminant_scatter(result, (0, 1), training=training)
    outlined = [trace.name for trace in figure.data if trace.mode == "lines"]
    peopled = {n for n, count in Counter(grouped(result.train.labels)).items() if count >= lda_plots.MIN_OUTLINED}
    assert set(outlined) == peopled


def test_a_click_in_one_chart_is_drawn_in_the_others_and_does_not_redraw_its_own(result, monkeypatch):
    session: dict = {}
    monkeypatch.setattr(selected_scan.st, "session_state", session)
    first, second = scans(result)[:2]
    assert [selected_scan.mark(chart, result) for chart in ("a", "b")] == [first, first]
    session["a"] = {"selection": {"points": [{"customdata": list(second)}]}}
    selected_scan.clicked("a")
    assert selected_scan.chosen(result) == second
    assert [selected_scan.mark(chart, result) for chart in ("a", "b")] == [first, second]
    session["table"] = {"selection": {"rows": [1]}}
    selected_scan.picked("table", [second, first])
    assert [selected_scan.mark(chart, result) for chart in ("a", "b")] == [first, first]
