"""Pages on a workspace that has a run which translates beside one that draws: each shows what it can."""

import pytest

from app.data import resources
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import noise_of_sequences
from brainlab.translation.linear import LinearConfig
from tests.app.screens.test_pages import NAMES, opened


@pytest.fixture(scope="module")
def mixed(tiny_workspace, tmp_path_factory):
    """The tiny cohort and VAE, sequences of noise, and the linear model of them."""
    workspace = tmp_path_factory.mktemp("mixed")
    for place in ("cohorts", "runs"):
        (workspace / place).mkdir()
    (workspace / "cohorts" / "simulated").symlink_to(tiny_workspace / "cohorts" / "simulated")
    (workspace / "runs" / "tiny-vae").symlink_to(tiny_workspace / "runs" / "tiny-vae")
    config = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, patch=(8, 8, 8))
    data = noise_of_sequences(config, workspace / "cohorts" / "sequences", 8)
    train("flair-linear", data, workspace / "runs" / "linear", config=config)
    return workspace


@pytest.fixture(autouse=True)
def own(mixed, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(mixed))
    monkeypatch.setattr("brainlab.workspace.MODELS", mixed / "no-models")


@pytest.mark.parametrize("name", [*NAMES, "study_desk"])
def test_each_page_opens(name):
    assert set(resources.runs()) == {"tiny-vae", "linear"}
    assert not opened(name).error


def test_without_a_cohort_for_it_the_command_names_its_own_recipe():
    found = opened("train")
    (presets,) = [box for box in found.selectbox if box.label == "Preset"]
    presets.select("pet-cgan").run()
    told = " ".join(element.value for element in found.code)
    assert "--recipe pet-synthesis" in told
    assert "--recipe flair-40" not in told


def test_the_pictures_of_its_training_are_said_to_be_patches():
    told = " ".join(element.value for element in opened("train").markdown)
    assert "Held-out patches, true and then synthesised, after epoch 1" in told
    assert "fixed codes" not in told


def test_a_translator_is_not_offered_where_images_are_drawn():
    found = opened("generate")
    assert found.session_state["generate-runs"] == ["tiny-vae"]
    assert set(resources.runs_that("sample")) == {"tiny-vae"}
    assert set(resources.runs_that("translate")) == {"linear"}


def leaderboard():
    found = opened("leaderboard")
    found.session_state["leaderboard-tabs-rest"] = "Synthesis"
    return found.run()


def test_the_leaderboard_says_how_to_measure_a_translator_and_then_shows_it(mixed):
    found = leaderboard()
    assert not found.exception
    assert "Not evaluated: linear." in " ".join(element.value for element in found.info)
    assert any("brainlab evaluate" in element.value and "linear" in element.value for element in found.code)
    run, data = resources.run("linear"), PreparedDataset.open(mixed / "cohorts" / "sequences")
    evaluate_run(run, data)
    try:
        found = leaderboard()
        (table,) = found.dataframe
        headings = [heading for _, heading in table.value.columns]
        assert headings[:3] == ["run", "measured on", "squared error"]
        assert table.value.iloc[0, 0] == "linear"
        told = " ".join(element.value for element in found.caption)
        assert "**linear**: T1w + T2w to FLAIR" in told
        assert "2 held-out scans" in told
    finally:
        for name in ("evaluation.json", "evaluation_values.npz"):
            (run.folder / name).unlink(missing_ok=True)
