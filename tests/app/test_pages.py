"""Each page's script, without a browser: on a small workspace and on an empty one."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import discrimination, resources, tables
from app.access import SIGNED_IN
from app.codes import SHA_DIGITS, to_link
from app.discrimination import analysis, comparison
from app.latent_view import revision, space
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.errors import BrainlabError, InputError

PROJECT = Path(__file__).resolve().parents[2]
NAMES = ("start", "cohort", "generate", "explorer", "lda")


def opened(name: str, **query: str) -> AppTest:
    # The start page's links need the router around them; it is the router's first page.
    script = "app/main.py" if name == "start" else f"pages/{name}.py"
    found = AppTest.from_file(str(PROJECT / script), default_timeout=120)
    found.session_state[SIGNED_IN] = True
    for key, value in query.items():
        found.query_params[key] = value
    found.run()
    assert not found.exception, found.exception
    return found


@pytest.fixture
def small(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[np.ndarray], None]:
    """Return what makes a workspace of the tiny runs and some rows of the tiny cohort, `small`, the app's own."""

    def fill(rows: np.ndarray) -> None:
        data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
        write_prepared(tmp_path / "cohorts" / "small", data.batch(rows)[:, 0], data.scans.iloc[rows], data.recipe)
        (tmp_path / "runs").symlink_to(tiny_workspace / "runs")
        monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
        monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")

    return fill


@pytest.mark.parametrize("name", NAMES)
def test_a_page_runs_on_a_workspace_with_a_cohort_and_runs(workspace, name):
    assert not opened(name).error


def test_a_note_below_a_constant_is_not_printed_on_its_page():
    assert st.get_option("runner.magicEnabled") is False


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_workspace_is_met_with_what_to_do(empty_workspace, name):
    found = opened(name)
    assert not found.error
    if name != "start":
        assert found.info, "an empty state says what is missing"


def test_table_2_has_the_published_one_beside(workspace):
    result = analysis("tiny-vae", "simulated", None, "uniform").lda
    table = tables.per_class(result, without_acquisition=False)
    assert list(table["class"]) == ["healthy", "ms", "leuko1", "leuko2", "leuko3"]
    assert list(table["paper: recall"]) == [0.74, 0.89, 0.55, 0.25, 0.55]
    counts = table[["FP", "FN", "TP", "TN"]].sum(axis=1)
    assert set(counts) == {len(result.test.rows)}, "every class is counted against all test scans"


def test_a_pair_that_cannot_be_analysed_does_not_stop_the_others(workspace, monkeypatch):
    known = analysis("tiny-vae", "simulated", None, "uniform").lda

    def analysed(run, *_, **__):
        if run.name == "tiny-ivae":
            raise InputError("LDA needs at least two classes")
        return known

    monkeypatch.setattr(discrimination, "_results", OrderedDict())
    monkeypatch.setattr(discrimination, "lda_analysis", analysed)
    mine = [("tiny-ivae", "simulated"), ("tiny-vae", "simulated")]
    monkeypatch.setattr(comparison, "pairs", lambda: mine)
    assert len(list(comparison.run_missing())) == 2
    assert not comparison.missing()
    table = comparison.table().set_index("run")
    assert list(table.columns)[-1] == "why not analysed"
    assert table.loc["tiny-ivae", "why not analysed"] == "LDA needs at least two classes"
    assert table.loc["tiny-vae", "accuracy"] == round(known.scores.accuracy, 3)


def test_a_seed_chosen_on_the_page_changes_the_start(workspace):
    found = opened("explorer")
    found.segmented_control(key="start-kind").set_value("Random").run()
    assert not found.exception
    found.number_input(key="start-seed").set_value(5).run()
    assert not found.exception


@pytest.mark.parametrize(("classes", "views"), [(["healthy", "ms"], ["1"]), (["healthy", "ms", "leuko1"], ["1 and 2"])])
def test_few_classes_have_few_discriminant_axes(workspace, small, classes, views):
    labels = resources.cohort("simulated").scans["class"]
    small(np.flatnonzero(labels.isin(classes)))
    found = opened("lda")
    assert not found.error
    assert found.segmented_control(key="lda-axes-1").options == views


def test_another_cohort_is_a_new_start_for_the_sliders(workspace):
    starts = [revision("tested", "tiny-vae", cohort, bytes(16)) for cohort in (None, None, "simulated", "simulated")]
    assert starts == [1, 1, 2, 2]


def test_a_cohort_of_one_scan_leaves_the_live_brain_without_classes(workspace, small):
    small(np.array([1]))
    opened("start")
    with pytest.raises(BrainlabError):
        space("tiny-ivae", "small")  # waits until what the first page shows is known
    assert not opened("start").error
    found = opened("explorer")
    assert not found.error
    assert any("Without the order and the classes of small" in caption.value for caption in found.caption)


@pytest.mark.parametrize(
    ("run", "sha", "said"),
    [
        ("tiny-vae", "right", None),
        ("tiny-vae", "0123456789ab", "tiny-vae has other weights here than in the link"),
        ("gone", "0123456789ab", "The run that this address names is not here"),
    ],
)
def test_a_share_link_says_when_its_run_is_another_or_missing(workspace, run, sha, said):
    known = resources.run("tiny-vae").sha256[:SHA_DIGITS] if sha == "right" else sha
    found = opened("explorer", run=run, sha=known, z=to_link(bytes(16)))
    notes = [caption.value for caption in found.caption if "weights" in caption.value or "not here" in caption.value]
    assert len(notes) == (said is not None)
    assert all(said in note for note in notes)
