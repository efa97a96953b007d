"""Each page's script, without a browser: on a small workspace and on an empty one."""

import shutil
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.components import layout, tables
from app.data import resources
from app.data.codes import SHA_DIGITS, STEPS_PER_UNIT, from_base64, to_link
from app.screens.explorer import starting_codes
from app.screens.explorer.explorer_data import explorer_data
from app.screens.explorer.latent_view import revision, space
from app.screens.generate import page as generate
from app.screens.lda import discrimination
from app.screens.lda.discrimination import analysis, comparison
from app.server.access import SIGNED_IN
from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.scan_table import ACQUISITION_COLUMNS
from brainlab.errors import BrainlabError, InputError
from brainlab.workspace import SHIPPED_COHORTS

PROJECT = Path(__file__).resolve().parents[3]
NAMES = ("start", "cohort", "train", "generate", "explorer", "lda", "synthesis", "leaderboard")


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


@pytest.mark.parametrize(("count", "heading"), [(0, "Reading studies"), (1, "Reading study"), (2, "Reading studies")])
def test_the_start_page_counts_in_the_singular_and_the_plural(workspace, tmp_path, monkeypatch, count, heading):
    for number in range(count):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "study.db").touch()
    monkeypatch.setattr("app.screens.start.page.studies_folder", lambda: tmp_path)
    monkeypatch.setattr("app.screens.start.latent_preview.show", lambda *_: None)
    page = opened("start")
    assert any(f"<b>{count}</b><span>{heading}</span>" in str(part.proto) for part in page.get("html"))


@pytest.mark.parametrize("name", NAMES)
def test_a_page_runs_on_a_workspace_with_a_cohort_and_runs(workspace, name):
    assert not opened(name).error


@pytest.mark.parametrize("name", NAMES)
def test_a_page_runs_on_a_workspace_of_slices(slice_workspace, monkeypatch, name):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(slice_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", slice_workspace / "no-models")
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
    assert found.segmented_control(key="start-kind").value == "Mean", "zeros need not lie on the sliders' tracks"
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


OPTIONAL = ["session", "modality", "age_years", "sex", "source", "sha256", "ventricle_volume_ml", *ACQUISITION_COLUMNS]
TABS = {
    "cohort": ("cohort-tabs", ["Scans", "People", "Mean image", "Acquisition"]),
    "explorer": ("start-kind", ["Mean", "Scan", "Two scans", "Class"]),
    "lda": ("lda-tabs", ["Separation", "Table 2 and baselines", "Two runs"]),
    "generate": ("generate-tabs", ["Reconstructions"]),
}


@pytest.fixture
def without_columns(tiny_workspace, tmp_path, monkeypatch):
    """Make a workspace the app's own whose cohort's table was cut down by hand to what is needed."""
    shutil.copytree(tiny_workspace / "cohorts", tmp_path / "cohorts")
    (tmp_path / "runs").symlink_to(tiny_workspace / "runs")
    path = tmp_path / "cohorts" / "simulated" / "scans.tsv"
    pd.read_csv(path, sep="\t").drop(columns=OPTIONAL).to_csv(path, sep="\t", index=False)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")


@pytest.mark.parametrize("name", TABS)
def test_columns_that_need_not_be_there_are_not_missed(without_columns, name):
    key, choices = TABS[name]
    found = opened(name)
    for choice in choices:
        found.session_state[key] = choice
        found.run()
        assert not found.exception, found.exception
        assert not found.error


@pytest.fixture
def unlabelled(small, tiny_workspace, monkeypatch):
    """Make a cohort without a class the app's own."""
    small(np.arange(30))
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    table = data.scans.iloc[:30].assign(**{"class": None})
    write_prepared(resources.cohort("small").folder, data.batch(np.arange(30))[:, 0], table, data.recipe)


def test_lda_without_labels_says_what_it_needs_and_keeps_the_rest_of_the_page(unlabelled):
    found = opened("lda")
    (said,) = [error.value for error in found.error]
    assert "LDA needs class labels, got none for the training split; give a table with a class column" in said
    assert [tab.label for tab in found.tabs] == ["Disease or scanner?", "All runs and cohorts"]


@pytest.mark.parametrize("other_class_in_test", [False, True])
def test_lda_of_one_class_says_what_it_needs_and_keeps_the_rest_of_the_page(small, tiny_workspace, other_class_in_test):
    """As in a cohort of healthy people alone; a second class among held-out people does not help LDA either."""
    scans = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated").scans
    alone = scans["class"] == "healthy"
    other = (scans["class"] == "ms") & (scans["split"] == "test")
    small(np.flatnonzero(alone | other if other_class_in_test else alone))
    found = opened("lda")
    assert not found.error
    (said,) = [note.value for note in found.info if "LDA is not offered here" in note.value]
    assert "small has one class in its training split, healthy" in said
    assert "it needs two or more, each of at least 2 participants" in said
    assert [tab.label for tab in found.tabs] == ["Disease or scanner?", "All runs and cohorts"]
    found.session_state["lda-tabs-rest"] = "All runs and cohorts"
    found.run()
    assert not found.exception
    assert any("Each run, fitted on each cohort's training split" in note.value for note in found.caption)


def test_the_explorer_without_labels_says_what_it_lacks(unlabelled):
    found = opened("explorer")
    assert any("small has no class labels, so there is no discriminant plane" in note.value for note in found.caption)
    assert "Class" not in found.segmented_control(key="start-kind").options


def test_what_cannot_be_opened_is_named_and_takes_no_page_down(workspace, small):
    small(np.arange(30))
    folder = resources.cohort("small").folder.parent
    (folder / "empty").mkdir()
    (folder / "cut").mkdir()
    (folder / "cut" / "recipe.json").write_text("{", encoding="utf-8")
    shown = {name: {box.label: box for box in opened(name).expander} for name in ("start", "cohort")}
    for name, boxes in shown.items():
        (label,) = [label for label in boxes if "Cannot be opened" in label]
        assert label.endswith("cohort cut, empty"), name
        assert "empty: " in boxes[label].text[1].value


def beyond(run: str, cohort: str, steps: bytes) -> list[str]:
    """Name the sliders whose range does not hold a code."""
    data = explorer_data(run, cohort, steps, 1)
    code, low, high = (np.frombuffer(from_base64(data[name]), "<i2") for name in ("code", "low", "high"))
    out = [f"dimension {k}" for k in np.flatnonzero((code < low) | (code > high))]
    for direction in data["directions"]:
        readout = np.frombuffer(from_base64(direction["readout"]), "<f4")
        place = code / STEPS_PER_UNIT @ readout + direction["offset"]
        out += [direction["name"]] if not direction["low"] <= place <= direction["high"] else []
    return out


@pytest.mark.slow
def test_the_explorer_opens_on_every_slider_of_every_shipped_run(tmp_path, monkeypatch):
    shipped = PreparedDataset.open(SHIPPED_COHORTS / "simulated")
    rows = shipped.indices()[1::7]
    write_prepared(tmp_path / "cohorts" / "some", shipped.batch(rows)[:, 0], shipped.scans.iloc[rows], shipped.recipe)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    for run in ("vae-8", "vae-512", "ivae-32", "ivae-256"):
        assert not beyond(run, "some", starting_codes.mean_code(run, "some"))
    assert beyond("ivae-256", "some", bytes(2 * 256)), "all zeros lie beyond a slider's end"


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
    assert any("Shown without the classes of small" in caption.value for caption in found.caption)


@pytest.mark.parametrize(
    ("run", "sha", "said"),
    [
        ("tiny-vae", "right", None),
        ("tiny-vae", "0123456789ab", "tiny-vae has other weights here than in the link"),
        ("gone", "0123456789ab", "The run in this link does not exist here"),
    ],
)
def test_a_share_link_says_when_its_run_is_another_or_missing(workspace, run, sha, said):
    known = resources.run("tiny-vae").sha256[:SHA_DIGITS] if sha == "right" else sha
    found = opened("explorer", run=run, sha=known, z=to_link(bytes(16)))
    notes = [
        caption.value for caption in found.caption if "weights" in caption.value or "not exist here" in caption.value
    ]
    assert len(notes) == (said is not None)
    assert all(said in note for note in notes)


@pytest.mark.parametrize(("page", "key"), [("lda", "lda-run"), ("explorer", "explorer-run")])
def test_a_link_opens_a_page_on_its_run_or_says_why_not(workspace, monkeypatch, page, key):
    names = list(resources.runs_that("encode", "walk"))
    best = layout.best_run(names)
    other = next(name for name in names if name != best)
    assert opened(page, run=other).selectbox(key=key).value == other
    monkeypatch.setattr(resources, "runs_that", lambda *abilities: {best: resources.run(best)})
    for asked, said in ((other, f"{other} "), ("gone", "The run in this link does not exist")):
        found = opened(page, run=asked)
        assert found.selectbox(key=key).value == best
        assert [note.value for note in found.caption if said in note.value and f"showing {best}" in note.value]


def test_generate_opens_on_the_run_of_its_address_alone_or_says_why_not(workspace, monkeypatch):
    monkeypatch.setattr("brainlab.workspace.MODELS", workspace / "no-models")
    first = list(resources.runs())[: generate.AT_FIRST]
    other = list(resources.runs())[-1]
    assert opened("generate").session_state["generate-runs"] == first != [other]
    assert opened("generate", run=other).session_state["generate-runs"] == [other]
    found = opened("generate", run="gone")
    assert found.session_state["generate-runs"] == first
    (note,) = [text.value for text in found.caption if "does not exist here" in text.value]
    assert note.endswith(f"showing {', '.join(first)}.")


def test_generate_says_of_each_run_that_it_leaves_out_why(
    tiny_workspace, slice_workspace, style_workspace, tmp_path, monkeypatch
):
    for name, source in (
        ("cohorts/axial", slice_workspace), ("cohorts/simulated", tiny_workspace), ("runs/slice-vae", slice_workspace),
        ("runs/tiny-vae", tiny_workspace), ("runs/tiny-gan", style_workspace),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(source / name)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    found = opened("generate")
    found.selectbox(key="reconstruct-cohort").set_value("axial").run()
    assert not found.exception
    assert [text.value for text in found.caption if "Not shown" in text.value] == [
        ":material/info: Not shown, made for volumes of 40 x 48 x 40 voxels and not for axial slices of 40 x 48 "
        "pixels: tiny-vae.",
        ":material/info: Not shown, does not reconstruct (ability 'reconstruct'): tiny-gan.",
    ]
    assert found.selectbox(key="reconstruct-scan").label == "Slice"
    assert not [tab.label for tab in found.tabs if "brain" in tab.label or "scan" in tab.label]


@pytest.mark.parametrize(
    ("page", "chosen"),
    [
        ("explorer", {"explorer-run": "tiny-ivae", "explorer-cohort": "other"}),
        ("lda", {"lda-run": "tiny-ivae", "lda-predict": "other"}),
        ("generate", {"reconstruct-cohort": "other"}),
    ],
)
def test_a_cohort_of_another_recipe_than_the_run_s_own_is_shown_with_a_word(
    tiny_workspace, tmp_path, monkeypatch, page, chosen
):
    data = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")
    recipe = data.recipe | {"modalities": ["T1w"]}
    write_prepared(tmp_path / "cohorts" / "other", data.batch(data.indices())[:, 0], data.scans, recipe)
    for name in ("runs", "cohorts/simulated"):
        (tmp_path / name).symlink_to(tiny_workspace / name)
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    found = opened(page)
    assert not [note.value for note in found.caption if "is a guess" in note.value]
    for key, value in chosen.items():
        found.selectbox(key=key).set_value(value).run()
    assert any("and other holds T1w images of the recipe flair-40" in note.value for note in found.caption)


def test_a_feature_network_is_shown_as_no_broken_run(tissue_workspace, monkeypatch):
    monkeypatch.setattr("brainlab.workspace.MODELS", tissue_workspace)
    assert resources.unopened_runs() == []
    (tissue_workspace / "half").mkdir()
    assert [name for name, _ in resources.unopened_runs()] == ["half"]
