"""`brainlab lda` and `brainlab evaluate` from the command line, on the tiny workspace."""

import json
import shutil
from pathlib import Path

import pytest

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset, write_prepared

METRIC_KEYS = {
    *("mse", "psnr", "ssim", "sharpness_real", "sharpness_reconstructed", "sharpness_generated"),
    *("spectrum_generated", "spectrum_reconstructed", "dataset_similarity", "isd", "minimum_isd"),
    *("precision", "recall", "density", "coverage", "dataset_similarity_real", "isd_real", "minimum_isd_real"),
    *("ms_ssim", "ms_ssim_kwon", "mmd_kwon", "mmd_unbiased", "mmd_features"),
    *("nearest_training_distance", "active_units"),
    *(f"slice_difference_{plane}" for plane in ("axial", "coronal", "sagittal")),
}
TOY = """
from brainlab.evaluation.measurement import Measurement
from brainlab.evaluation.registry import Metric

METRICS = (
    Metric(
        name="toy",
        title="Toy",
        definition="How many images were generated.",
        aspect="detail",
        better="none",
        needs=("generated",),
        measure=lambda sets: Measurement(len(sets.generated), None, 1),
    ),
)
"""
FEATURE_KEYS = {"frechet_distance", "kernel_distance"} | {
    f"{share}_features" for share in ("precision", "recall", "density", "coverage")
}
UNDEFINED_KEYS = FEATURE_KEYS | {
    *("ras", "ras_real", "regional_distance", "regional_share_within", "machine_reader_auc", "utility")
}


@pytest.fixture
def places(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A run of its own, since both commands write into it, and the cohort it knows."""
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path / "no-models")
    shutil.copytree(tiny_workspace / "runs" / "tiny-vae", tmp_path / "run")
    return str(tmp_path / "run"), str(tiny_workspace / "cohorts" / "simulated")


def test_lda_audit_and_reconstruct_count_slices_as_slices(slice_workspace, tmp_path, capsys):
    run, data = str(slice_workspace / "runs" / "slice-vae"), str(slice_workspace / "cohorts" / "axial")
    assert main(["lda", run, "--data", data]) == 0
    said = capsys.readouterr().out
    assert "slices of axial, predicted" in said
    assert "simulated slices" in said
    assert main(["audit", data]) == 0
    said = capsys.readouterr().out
    assert "45 SIMULATED slices" in said
    assert "test_slices" in said
    assert "scans" not in said
    only = PreparedDataset.open(data)
    table = only.scans.assign(split="train")
    write_prepared(tmp_path / "train", only.batch(only.indices())[:, 0], table, only.recipe)
    assert main(["reconstruct", run, str(tmp_path / "train"), str(tmp_path / "out")]) == 2
    assert "no slices in the split 'test'" in capsys.readouterr().err


def test_lda_prints_the_table_and_the_baselines(places, capsys):
    run, data = places
    assert main(["lda", run, "--data", data, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"per_class", "accuracy", "balanced_accuracy", "baselines"} <= set(result)
    for row in result["per_class"].values():
        assert {"fp", "fn", "tp", "tn", "precision", "recall"} <= set(row)
    for name in ("pca_64", "signal_threshold", "acquisition_metadata", "majority"):
        assert 0 <= result["baselines"][name]["accuracy"] <= 1
    assert main(["lda", run, "--data", data, "--predict", data, "--priors", "uniform"]) == 0
    printed = capsys.readouterr().out
    assert "latents, acquisition regressed out" in printed
    assert "participants left out: the LDA was fitted on other scans of theirs" in printed


def test_lda_fits_on_the_codes_that_a_run_keeps(places, capsys):
    run, data = places
    assert main(["lda", run, "--predict", data]) == 2
    assert "--data: run keeps no codes of the people it was trained on" in capsys.readouterr().err
    assert main(["keep-codes", run, "--data", data, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["people"] > 10
    assert Path(kept["file"]).stat().st_size == kept["bytes"]
    assert main(["lda", run, "--predict", data, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["settings"]["fitted_on"]["participants"] == kept["people"]
    assert main(["lda", run]) == 2
    assert "needs scans to predict" in capsys.readouterr().err


def test_evaluate_prints_one_key_a_metric_with_those_of_others(places, capsys, tmp_path, monkeypatch):
    run, data = places
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setenv("BRAINLAB_METRICS", str(tmp_path / "toy.py"))
    assert main(["evaluate", run, "--data", data, "--n", "8", "--device", "cpu", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == METRIC_KEYS | UNDEFINED_KEYS | {"toy"}
    assert (result["toy"]["value"], result["toy"]["settings"]["generated"]) == (8, 8)
    for name, metric in result.items():
        assert (metric["value"] is None) == (name in UNDEFINED_KEYS), name
        assert metric["better"] in ("higher", "lower", "none")
    assert json.loads((Path(run) / "evaluation.json").read_text(encoding="utf-8")) == result
    other = str(shutil.copytree(run, tmp_path / "other"))
    assert main(["compare", run, other, "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)
    assert (compared["metrics"]["mse"]["difference"], compared["gaps"]) == (0, [])
    assert compared["metrics"]["mse"]["people"] == 8
    assert main(["compare", run, other]) == 0
    printed = capsys.readouterr().out
    assert "not compared: of the held-out scans alone" in printed
    assert "difference +0 (" in printed
    assert main(["compare", run, f"{run}/../run"]) == 2
    assert "needs another run to be compared with, got the same twice" in capsys.readouterr().err
    elsewhere = {name: {**one, "settings": {**one["settings"], "seed": 7}} for name, one in result.items()}
    (tmp_path / "other" / "evaluation.json").write_text(json.dumps(elsewhere), encoding="utf-8")
    assert main(["compare", run, other]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert "got none such metric: measured on other images: " in said.err
    (tmp_path / "other" / "evaluation.json").write_text(json.dumps({"own": result["mse"]}), encoding="utf-8")
    assert main(["compare", run, other]) == 2
    assert "got none such metric: they share no metric with a value" in capsys.readouterr().err


def test_images_of_another_recipe_than_the_run_s_own_are_read_with_a_word(places, tmp_path, capsys):
    run, known = places
    data = PreparedDataset.open(Path(known))
    other = tmp_path / "other"
    write_prepared(other, data.batch(data.indices())[:, 0], data.scans, data.recipe | {"modalities": ["T1w"]})
    said = "and other holds T1w images of the recipe flair-40: what the run makes of them is a guess"
    for words in (["lda", run, "--data"], ["evaluate", run, "--n", "8", "--device", "cpu", "--data"]):
        assert main([*words, known]) == 0
        assert "is a guess" not in capsys.readouterr().out
        assert main([*words, str(other)]) == 0
        assert said in capsys.readouterr().out
    for words in (["reconstruct", run, str(other)], ["sample", run, "--n", "2", "--codes-of", str(other)]):
        assert main([*words[:2], *words[2:], str(tmp_path / words[0])]) == 0
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["lda", "RUN", "--data", "nowhere"], "not a prepared dataset"),
        (["lda", "nowhere", "--data", "DATA"], "not a run folder"),
        (
            ["evaluate", "RUN", "--data", "DATA", "--n", "7"],
            "--n: needs 8 or more, for the metrics to be defined, got 7",
        ),
        (
            ["evaluate", "RUN", "--data", "DATA", "--n", "0"],
            "--n: needs 8 or more, for the metrics to be defined, got 0",
        ),
        (["evaluate", "RUN", "--data", "DATA", "--seed", "-1"], "--seed: needs 0 to"),
        (["compare", "RUN", "OTHER"], "needs an evaluation, got none"),
    ],
)
def test_bad_input_is_one_line_and_code_two(places, words, part, capsys):
    other = str(Path(places[1]).parents[1] / "runs" / "tiny-vae")
    words = [{"RUN": places[0], "DATA": places[1], "OTHER": other}.get(word, word) for word in words]
    with pytest.raises(SystemExit) as end:  # where the flag's type refuses, or by the code returned
        raise SystemExit(main(words))
    assert end.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("error: ")
    assert part in said
    assert "\n" not in said
