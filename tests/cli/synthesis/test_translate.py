"""`brainlab translate`: of a prepared dataset on its grid, of scans in the space of the first of them."""

import json
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.synthesis import whole_scans
from brainlab.experiments.training import train
from brainlab.experiments.translator_checks import SIDE, noise_of_sequences
from brainlab.runs.run import load_run
from brainlab.translation.linear import LinearConfig
from tests.cli.test_train import call

CONFIG = LinearConfig(inputs=("T1w", "T2w"), target="FLAIR", kernel=1, patch=(8, 8, 8))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A dataset in which the target is the mean of two inputs, and the linear model of it."""
    place = tmp_path_factory.mktemp("translate")
    data = noise_of_sequences(CONFIG, place / "prepared", 4)
    train("flair-linear", data, place / "run", config=CONFIG)
    return place


def test_each_held_out_scan_becomes_a_nifti_on_the_prepared_grid(made, tmp_path, capsys):
    code, out, _ = call(capsys, "translate", made / "run", made / "prepared", tmp_path / "out", "--json")
    assert code == 0
    (file,) = json.loads(out)["files"]
    image = nib.load(file)
    assert image.shape == (SIDE, SIDE, SIDE)
    assert np.allclose(image.affine, np.diag([4.0, 4, 4, 1]))
    assert b"translated by brainlab, not a real scan" in image.header["descrip"].tobytes()
    volumes = np.load(made / "prepared" / "volumes.npy")
    truth = 100 + 20 * volumes[-1, 2].astype(float)
    assert np.abs(image.get_fdata() - truth).max() < 0.5


@pytest.mark.parametrize(("split", "count"), [("held-out", 1), ("test", 1), ("train", 4), ("all", 5)])
def test_a_split_of_the_dataset_can_be_chosen(made, tmp_path, capsys, split, count):
    code, out, _ = call(capsys, "translate", made / "run", made / "prepared", tmp_path, "--split", split, "--json")
    assert (code, len(json.loads(out)["files"])) == (0, count)


def test_translating_twice_needs_overwrite(made, tmp_path, capsys):
    words = ["translate", made / "run", made / "prepared", tmp_path / "out", "--split", "all"]
    assert call(capsys, *words)[0] == 0
    code, _, err = call(capsys, *words)
    assert (code, "--overwrite" in err) == (2, True)
    code, out, _ = call(capsys, *words, "--overwrite")
    assert "5 scans of FLAIR made from T1w, T2w" in out


def test_what_cannot_be_translated_is_one_line(made, tiny_workspace, tmp_path, capsys):
    prepared, run = made / "prepared", made / "run"
    other = tiny_workspace / "cohorts" / "simulated"
    generator = tiny_workspace / "runs" / "tiny-vae"
    (tmp_path / "folder").mkdir()
    for words, expected in (
        ([generator, prepared], "does not translate (ability 'translate')"),
        ([run, other], "needs T1w, T2w, got image; prepare it with T1w, T2w"),
        ([run, tmp_path / "folder"], "learned from data of the recipe 'noise', needs one of flair-synthesis"),
        ([run, prepared, "--table", "x.csv"], "--table: "),
        ([run, other.parent, "--split", "test"], "--split: "),
    ):
        words = [*words[:2], tmp_path / "out", *words[2:]]
        code, _, err = call(capsys, "translate", *words)
        assert (code, err.count("\n")) == (2, 1), err
        assert expected in err
        assert not (tmp_path / "out").exists()


def test_a_translator_draws_no_images(made, tmp_path, capsys):
    code, _, err = call(capsys, "sample", made / "run", tmp_path / "out")
    assert (code, err.count("\n")) == (2, 1), err
    assert "draws no images (ability 'sample')" in err


def test_evaluate_sets_the_synthesised_beside_the_true_and_writes_the_card(made, tmp_path, capsys):
    shutil.copytree(made / "run", tmp_path / "run")
    code, out, err = call(capsys, "evaluate", tmp_path / "run", "--data", made / "prepared", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["mse"]["n"] == 1
    assert found["mse"]["value"] < 1e-5 < found["mse_of_mean"]["value"]
    assert found["ssim"]["value"] > 0.999
    assert found["blur_ratio"]["value"] == pytest.approx(1, abs=0.01)
    assert found["normalised_mutual_information"]["value"] > 1.9
    assert found["lesion_contrast"]["value"] == pytest.approx(found["lesion_contrast_real"]["value"], abs=1e-3)
    assert "normalised_mutual_information" in (tmp_path / "run" / "card.md").read_text(encoding="utf-8")


def test_training_by_sequences_of_ones_own(made, tmp_path, capsys):
    words = ["train", "flair-linear", "--data", made / "prepared", "--out", tmp_path / "run", "--patch", 8, 8, 8]
    code, _, err = call(capsys, *words, "--inputs", "T1w", "FLAIR", "--target", "T2w")
    assert code == 0, err
    assert load_run(tmp_path / "run").config.target == "T2w"
    shutil.rmtree(tmp_path / "run")
    for changed, expected in (
        (
            ["--inputs", "T1w", "DIR", "--target", "FLAIR"],
            "needs T1w, DIR, FLAIR, got T1w, T2w, FLAIR; prepare it with DIR",
        ),
        (["--inputs", "T1w", "--target", "T1w"], "--inputs: needs sequences other than the target"),
    ):
        code, _, err = call(capsys, *words, *changed)
        assert (code, err.count("\n")) == (2, 1), err
        assert expected in err
        assert not (tmp_path / "run").exists()


def test_a_fold_is_held_out_of_training_and_is_what_is_measured(made, tmp_path, capsys):
    words = ["train", "flair-linear", "--data", made / "prepared", "--patch", 8, 8, 8, "--inputs", "T1w", "T2w"]
    people = PreparedDataset.open(made / "prepared").scans["participant"]
    measured, translated = 0, []
    for fold in ("1/2", "2/2"):
        run = tmp_path / fold.replace("/", "-")
        code, _, err = call(capsys, *words, "--out", run, "--fold", fold)
        assert code == 0, err
        settings = load_run(run).settings
        assert settings["training"]["fold"] == fold
        code, out, _ = call(capsys, "evaluate", run, "--data", made / "prepared", "--json")
        measured += json.loads(out)["mse"]["n"]
        assert len(settings["data"]["participants"]) + json.loads(out)["mse"]["n"] == len(people)
        code, out, _ = call(capsys, "translate", run, made / "prepared", tmp_path / f"made-{fold[0]}", "--json")
        own = [Path(file).name.removeprefix("sub-")[:3] for file in json.loads(out)["files"]]
        translated += own
        code, out, _ = call(capsys, "saliency", run, made / "prepared", tmp_path / "maps", "--overwrite", "--json")
        assert {Path(file).name.removeprefix("sub-")[:3] for file in json.loads(out)["files"]} == set(own)
    assert measured == len(people)
    assert sorted(translated) == sorted(people)
    code, _, err = call(capsys, *words, "--out", tmp_path / "1-2", "--fold", "2/2", "--resume")
    assert (code, "was started with 1/2, got 2/2" in err) == (2, True), err
    assert call(capsys, *words, "--out", tmp_path / "1-2", "--resume")[0] == 0


def test_a_translation_that_was_interrupted_goes_on_where_it_was(made, tmp_path, capsys, monkeypatch):
    words = ["translate", made / "run", made / "prepared", tmp_path / "out", "--split", "all"]
    translate_row, rows = whole_scans.translate_row, []

    def stopped_at_the_third(run, data, row):
        rows.append(row)
        if rows == [0, 1, 2]:
            raise KeyboardInterrupt
        return translate_row(run, data, row)

    monkeypatch.setattr(whole_scans, "translate_row", stopped_at_the_third)
    assert call(capsys, *words)[0] == 130
    assert call(capsys, *words)[0] == 0
    assert rows == [0, 1, 2, 2, 3, 4]
    call(capsys, *words[:3], tmp_path / "at once", *words[4:])
    names = sorted(path.name for path in (tmp_path / "at once").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert all((tmp_path / "out" / name).read_bytes() == (tmp_path / "at once" / name).read_bytes() for name in names)
