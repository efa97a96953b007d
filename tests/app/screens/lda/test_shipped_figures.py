"""Figures that were measured before shipping."""

import shutil

import pandas as pd
import pytest

from app.screens.lda import shipped_figures
from brainlab.runs.run import load_run
from brainlab.runs.shipped import write_lda


def measured(workspace, run, *cohorts):
    """Keep made-up figures beside a run of the workspace."""
    part = {"balanced_accuracy": 0.61234, "balanced_accuracy_interval": [0.5, 0.7]}
    baselines = {"pca_64": part, "acquisition_metadata": part, "majority": part}
    settings = {"predicted": {"scans": 580, "participants": 320}}
    found = {**part, "without_acquisition": {**part, "balanced_accuracy": None}, "baselines": baselines}
    write_lda(load_run(workspace / "runs" / run), {cohort: {**found, "settings": settings} for cohort in cohorts})


@pytest.fixture
def own(workspace, tmp_path, monkeypatch):
    """A workspace of runs that may be written to, and no shipped run."""
    shutil.copytree(workspace / "runs", tmp_path / "runs")
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    return tmp_path


def test_figures_beside_the_runs_become_one_row_a_cohort_and_run(own):
    assert shipped_figures.every_run().empty
    measured(own, "tiny-vae", "biased", "unbiased")
    table = shipped_figures.every_run()
    assert list(table["cohort"]) == ["unbiased", "biased"]
    assert table["codes"].tolist() == table["64 components"].tolist() == [0.612, 0.612]
    assert table["regressed out"].isna().all()
    assert set(shipped_figures.one_run("tiny-vae")["people"]) == {320}


def test_figures_of_one_cohort_or_of_other_weights_answer_nothing(own):
    measured(own, "tiny-vae", "biased")
    assert shipped_figures.one_run("tiny-vae").empty
    measured(own, "tiny-vae", "biased", "unbiased")
    shutil.copy(own / "runs" / "tiny-vae" / "lda.json", own / "runs" / "tiny-ivae" / "lda.json")
    assert shipped_figures.one_run("tiny-ivae").empty
    (own / "runs" / "tiny-vae" / "lda.json").write_text("{", encoding="utf-8")
    assert shipped_figures.every_run().empty


def rows(**biased):
    """Make rows of one run: at chance by acquisition alone without bias, and as given with it."""
    unbiased = {
        shipped_figures.CODES: 0.5,
        shipped_figures.REGRESSED: 0.5,
        shipped_figures.VOXELS: 0.4,
        shipped_figures.ACQUISITION: 0.2,
    }
    with_bias = {
        shipped_figures.CODES: 0.6,
        shipped_figures.REGRESSED: 0.5,
        shipped_figures.VOXELS: 0.5,
        shipped_figures.ACQUISITION: 0.6,
    }
    for short, value in biased.items():
        with_bias[getattr(shipped_figures, short)] = value
    return pd.DataFrame(
        [
            {"cohort": cohort, "what": what, "balanced accuracy": v, "low": v - 0.05, "high": v + 0.05, "chance": 0.2}
            for cohort, values in (("unbiased", unbiased), ("biased", with_bias))
            for what, v in values.items()
        ]
    )


@pytest.mark.parametrize(
    ("biased", "said"),
    [
        ({}, "0.60 (0.55–0.65), about as much as the codes' 0.60"),
        ({"ACQUISITION": 0.4}, "less than the codes'"),
        ({"ACQUISITION": 0.8}, "more than the codes'"),
        ({}, "keep 0.50 (0.45–0.55), above chance and less than before"),
        ({"REGRESSED": 0.22}, "keep 0.22 (0.17–0.27), no better than chance and less than before"),
    ],
)
def test_disease_or_scanner_is_answered_from_the_figures(biased, said):
    assert said in shipped_figures.disease_or_scanner(rows(**biased))


def test_an_acquisition_above_chance_without_bias_is_not_taken_for_disease():
    table = rows()
    table.loc[(table["cohort"] == "unbiased") & (table["what"] == shipped_figures.ACQUISITION), ["low", "high"]] = [
        0.3,
        0.4,
    ]
    assert "does not show that they carry the disease" in shipped_figures.disease_or_scanner(table)
    assert "carry the disease, or what goes with it" in shipped_figures.disease_or_scanner(rows())
