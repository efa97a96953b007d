"""Figures that were measured before shipping."""

import json

import pandas as pd
import pytest

from app import stored


def test_stored_figures_become_one_row_a_cohort_and_run(tmp_path, monkeypatch):
    part = {"balanced_accuracy": 0.61234}
    found = {**part, "without_acquisition": {"balanced_accuracy": None}, "baselines": {"pca_64": part}}
    found["settings"] = {"predicted": {"scans": 580}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"evaluate": {}, "lda": {"unbiased": {"vae-8": found}, "biased": {"vae-8": found}}}))
    monkeypatch.setattr(stored, "RESULTS", path)
    table = stored.every_run()
    assert list(table["cohort"]) == ["unbiased", "biased"]
    assert table["codes"].tolist() == [0.612, 0.612]
    assert table["64 components"].tolist() == [0.612, 0.612]
    assert table["regressed out"].isna().all()


def test_nothing_measured_is_an_empty_table(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "RESULTS", tmp_path / "absent.json")
    assert stored.every_run().empty


def rows(**biased):
    """Make rows of one run: at chance by acquisition alone without bias, and as given with it."""
    unbiased = {stored.CODES: 0.5, stored.REGRESSED: 0.5, stored.VOXELS: 0.4, stored.ACQUISITION: 0.2}
    with_bias = {stored.CODES: 0.6, stored.REGRESSED: 0.5, stored.VOXELS: 0.5, stored.ACQUISITION: 0.6}
    for short, value in biased.items():
        with_bias[getattr(stored, short)] = value
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
    assert said in stored.disease_or_scanner(rows(**biased))


def test_an_acquisition_above_chance_without_bias_is_not_taken_for_disease():
    table = rows()
    table.loc[(table["cohort"] == "unbiased") & (table["what"] == stored.ACQUISITION), ["low", "high"]] = [0.3, 0.4]
    assert "does not show that they carry the disease" in stored.disease_or_scanner(table)
    assert "carry the disease, or what goes with it" in stored.disease_or_scanner(rows())
