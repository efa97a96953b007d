"""Figures that were measured before shipping."""

import json

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
    assert table["latent codes"].tolist() == [0.612, 0.612]
    assert table["LDA on 64 voxel principal components"].tolist() == [0.612, 0.612]
    assert table["acquisition regressed out"].isna().all()


def test_nothing_measured_is_an_empty_table(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "RESULTS", tmp_path / "absent.json")
    assert stored.every_run().empty
