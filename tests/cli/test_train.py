import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brainlab.cli import main
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.estimate import Estimate
from brainlab.experiments.export import scan_name
from brainlab.images.volume import Volume
from brainlab.runs.methods import find_preset
from brainlab.runs.run import load_run
from tests.conftest import write_run

IVAE_32 = find_preset("ivae-32")[1].schedule


def call(capsys, *words):
    try:
        code = main([str(word) for word in words])
    except SystemExit as refused:  # by argparse
        code = refused.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def run(tiny_workspace):
    return tiny_workspace / "runs" / "tiny-vae"


def test_train_writes_a_run_and_prints_the_agreed_keys(tiny_workspace, tmp_path, capsys):
    data = tiny_workspace / "cohorts" / "simulated"
    words = ["train", "vae-8", "--data", data, "--out", tmp_path / "run", "--epochs", 1, "--batch-size", 8, "--json"]
    code, out, _ = call(capsys, *words, "--dense-width", 16, "--device", "cpu", "--precision", "32")
    assert code == 0
    assert set(json.loads(out)) == {"epochs", "samples_per_second", "losses"}
    code, _, err = call(capsys, *words)
    assert code == 2
    assert "--resume" in err
    code, out, _ = call(capsys, "train", "vae-8", "--data", data, "--out", tmp_path / "run", "--resume", "--json")
    assert json.loads(out)["epochs"] == 1
    for changed, expected in (
        (["vae-8", "--epochs", 2], "other settings (--epochs)"),
        (["vae-512"], "a run of vae-8"),
        (["vae-8", "--seed", 1], "started with 0, got 1"),
        (["vae-8", "--checkpoint-steps", 7], "started with 100, got 7"),
        (["vae-8", "--half-weights"], "started with False, got True"),
        (["vae-8", "--precision", "bf16-mixed"], "started with 32, got bf16-mixed"),
        (["vae-8", "--margin-factor", 2], "unrecognized arguments: --margin-factor"),
    ):
        code, _, err = call(capsys, "train", *changed, "--data", data, "--out", tmp_path / "run", "--resume")
        assert code == 2
        assert expected in err


def test_a_training_starts_from_a_run_by_a_flag(tiny_workspace, tmp_path, capsys, run):
    data, out = tiny_workspace / "cohorts" / "simulated", tmp_path / "run"
    words = ["train", "vae-8", "--data", data, "--out", out, "--epochs", 1, "--start-from"]
    shape = ["--widths", 8, 8, "--dense-width", 16, "--linear-rank", 0]
    code, _, err = call(capsys, *words, run)
    assert code == 2
    flags = "--widths 8 8 --dense-width 16 --linear-rank 0"
    assert f"has networks of another size than vae-8; train with {flags}, as the run was" in err
    for refused, expected in ((tmp_path / "none", "config.json"), (data, "config.json")):
        code, _, err = call(capsys, *words, refused, *shape)
        assert (code, err.count("\n")) == (2, 1)
        assert expected in err
    code, _, err = call(capsys, *words, run, *shape, "--estimate")
    assert (code, err) == (0, "")
    other = tmp_path / "other"
    shutil.copytree(run, other)
    settings = json.loads((other / "config.json").read_text(encoding="utf-8"))
    settings["recipe"]["modalities"] = ["dwi"]
    (other / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    code, _, err = call(capsys, *words, other, *shape, "--estimate")
    assert (code, err.count("\n")) == (0, 1)
    assert err.startswith("warning  other learned DWI images")
    assert not out.exists()
    code, _, err = call(capsys, *words, run, *shape)
    assert code == 0, err
    assert load_run(out).settings["started_from"][0]["weights"] == load_run(run).sha256
    code, _, err = call(capsys, *words, run, *shape, "--resume")
    assert code == 2
    assert "--start-from: has no effect with --resume" in err


def test_data_of_another_recipe_are_trained_with_a_word_and_those_of_the_presets_own_without(
    tiny_workspace, tmp_path, capsys, monkeypatch
):
    """Slices of two sequences may have the same shape; people bring their own data, so nothing is refused."""
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}
    monkeypatch.setattr("brainlab.experiments.training.train", lambda *_, **__: last)
    estimated = Estimate(seconds=1.0, epochs=1, images=8, noun="scans", rate=1.0)
    monkeypatch.setattr("brainlab.experiments.estimate.estimate", lambda *_, **__: estimated)
    own = tiny_workspace / "cohorts" / "simulated"
    other = tmp_path / "other"
    shutil.copytree(own, other)
    recipe = json.loads((own / "recipe.json").read_text(encoding="utf-8")) | {"name": "mine", "modalities": ["dwi"]}
    (other / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    warning = (
        "vae-8 is made for FLAIR images of the recipe flair-40, and other holds DWI images of the recipe mine: its "
        "settings were not chosen for these"
    )
    for data, expected in ((own, []), (other, [warning])):
        for estimate in ([], ["--estimate"]):
            words = ["train", "vae-8", "--data", data, "--out", tmp_path / "run", "--json", *estimate]
            code, out, err = call(capsys, *words)
            assert code == 0, err
            assert err.splitlines() == [f"warning  {line}" for line in expected]
            assert json.loads(out).get("warnings", []) == expected
    code, _, err = call(capsys, *words, "--sample-shape", 1, 8, 8, 8)
    assert code == 2
    assert err.count("\n") == 1, "what is refused needs no warning"


def test_a_training_that_is_all_warm_up_is_said_to_give_another_method(tiny_workspace, tmp_path, capsys, monkeypatch):
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}
    monkeypatch.setattr("brainlab.experiments.training.train", lambda *_, **__: last)
    data, words = tiny_workspace / "cohorts" / "simulated", ("--out", tmp_path / "run", "--json")
    for given, said in (
        (
            ("--epochs", 4),
            "(--warm-up-epochs 4) lasts for the whole training of 4 epochs, so that a plain VAE comes out",
        ),
        (("--stop-after", 4), "lasts for the whole training of 4 epochs"),
        (("--epochs", 5), ""),
    ):
        code, out, err = call(capsys, "train", "ivae-32", "--data", data, *words, *given)
        assert code == 0
        assert said in err
        assert bool(said) == ("warnings" in json.loads(out))


@pytest.mark.parametrize(
    ("words", "epochs", "stop_after"),
    [
        ([], IVAE_32.epochs, IVAE_32.stop_after),
        (["--epochs", 20], 20, None),
        (["--epochs", 20, "--stop-after", 5], 20, 5),
    ],
)
def test_epochs_asked_for_are_all_trained(tiny_workspace, tmp_path, capsys, monkeypatch, words, epochs, stop_after):
    asked = {}
    last = {"epoch": 1, "samples_per_second": 1.0, "losses": []}
    monkeypatch.setattr("brainlab.experiments.training.train", lambda *_, **given: asked.update(given) or last)
    data = tiny_workspace / "cohorts" / "simulated"
    code, _, err = call(capsys, "train", "ivae-32", "--data", data, "--out", tmp_path / "run", *words)
    assert code == 0, err
    assert (asked["schedule"].epochs, asked["schedule"].stop_after) == (epochs, stop_after)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["vae-9"], "no such preset"),
        (["vae-8", "--margin-factor", "2"], "unrecognized arguments: --margin-factor"),
        (["vae-8", "--data", "nowhere"], "not a prepared dataset"),
        (["vae-8", "--epochs", "0"], "--epochs"),
        (["vae-8", "--reconstruction-weight", "0"], "--reconstruction-weight: needs a number above 0, got 0"),
        (["vae-8", "--reconstruction-weight", "nan"], "--reconstruction-weight: needs a finite number, got nan"),
        (["vae-8", "--dropout", "2"], "--dropout: needs 0 to less than 1, got 2"),
        (["vae-8", "--learning-rate", "-1"], "--learning-rate: needs"),
        (["vae-8", "--ema-decay", "1.5"], "--ema-decay: needs 0 to 1, got 1.5"),
        (["vae-8", "--residual-blocks", "-1"], "--residual-blocks: needs"),
        (["vae-8", "--linear-rank", "-1"], "--linear-rank: needs"),
        (["vae-8", "--linear-rank", "9"], "--linear-rank: needs 0 to 8"),
        (["vae-8", "--batch-size", "1"], "--batch-size: needs 2 or more"),
        (["vae-8", "--batch-size", "4", "--devices", "4"], "--batch-size: needs 2 or more"),
        (["vae-8", "--batch-size", "6", "--devices", "4"], "--batch-size: needs as many images for each of 4"),
        (["ivae-32", "--paper-exact", "--batch-size", "3"], "--fake-share: needs to cut batches of 3"),
        (["vae-8", "--checkpoint-steps", "0"], "--checkpoint-steps: needs 1 or more, got 0"),
        (["vae-8", "--stop-after", "-1"], "--stop-after: needs 1 or more, got -1"),
        (
            ["vae-8", "--epochs", "3", "--stop-after", "4"],
            "--stop-after: needs at most 3, as there are --epochs, got 4",
        ),
        (["vqvae2d-small", "--entries", "1"], "--entries: needs 2 or more, got 1"),
        (
            ["vqvae2d-small", "--folds", "9"],
            "--folds: needs 0 to 6, got 9, as sides of 128 x 128 do not divide by 1024",
        ),
        (["vqvae2d", "--folds", "9"], "--folds: has no effect with --paper-exact; leave it out"),
        (["vae-8", "--plane", "coronal"], "--plane: has no effect on volumes (40 x 48 x 40); leave it out"),
        (["dwi-ivae", "--learning-rate", "0.1"], "--learning-rate: has no effect without a warm-up"),
        (["vae-8", "--seed", "-1"], "--seed: needs 0 to"),
        (["vae-8", "--devices", "0"], "--devices: needs 1 or more, got 0"),
        (["ivae-32", "--warm-up-epochs", "0"], "--warm-up-epochs: needs 1 or more, got 0"),
        (["ivae-32", "--fake-share", "0"], "--fake-share: needs more than 0"),
        (["ivae-32", "--adversarial-reconstruction-weight", "0"], "--adversarial-reconstruction-weight: needs"),
        (["vae-8", "--resume"], "nothing to resume"),
        (["vae-8", "--norm", "instance"], "choose from 'group', 'batch', 'none'"),
    ],
)
def test_bad_input_is_one_line_and_code_2(words, expected, tiny_workspace, tmp_path, capsys):
    data = tiny_workspace / "cohorts" / "simulated"
    code, out, err = call(capsys, "train", words[0], "--data", data, "--out", tmp_path / "run", *words[1:])
    assert code == 2
    assert out == ""
    assert expected in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_what_is_written_is_said_in_lines(run, tiny_workspace, tmp_path, capsys):
    data = tiny_workspace / "cohorts" / "simulated"
    _, out, _ = call(capsys, "reconstruct", run, data, tmp_path / "again")
    made = sorted(path.name for path in (tmp_path / "again").glob("[!.]*.nii.gz"))
    summary, files = out.splitlines()
    assert summary == f"{len(made)} scans of the split 'test' reconstructed"
    assert files.startswith(f"{len(made)} files written to {tmp_path / 'again'}: ")
    _, out, _ = call(capsys, "sample", run, tmp_path / "drawn", "--n", 2)
    assert out == f"2 files written to {tmp_path / 'drawn'}: sample-0000.nii.gz to sample-0001.nii.gz\n"
    _, out, _ = call(capsys, "traverse", run, tmp_path / "walk", "--dim", 3, "--values", 0)
    assert out.splitlines()[0] == "dimension 3 decoded at 0; film-strip dim-3.png"


def test_samples_carry_the_run_s_affine(run, tmp_path, capsys):
    code, out, _ = call(capsys, "sample", run, tmp_path, "--n", 2, "--seed", 1, "--json")
    assert code == 0
    files = json.loads(out)["files"]
    assert len(files) == 2
    volume = Volume.load(files[0])
    assert volume.data.shape == (40, 48, 40)
    assert np.allclose(volume.voxel_size_mm, 4)


def test_samples_can_follow_the_training_codes(run, tiny_workspace, tmp_path, capsys):
    data = tiny_workspace / "cohorts" / "simulated"
    code, out, _ = call(capsys, "sample", run, tmp_path, "--n", 1, "--codes-of", data, "--json")
    assert code == 0
    assert len(json.loads(out)["files"]) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--n", 0], "--n: needs 1 or more, got 0"),
        (["--n", "many"], "--n: needs a whole number, got many"),
        (["--n", 10**12], "GB of disk"),
        (["--seed", -1], "--seed: needs 0 to 4294967295, got -1"),
        (["--truncation", "nan"], "--truncation: needs 0 or more, got nan"),
        (["--truncation", "inf"], "--truncation: needs 0 or more, got inf"),
        (["--truncation", -1], "--truncation: needs 0 or more, got -1"),
    ],
)
def test_sample_refuses_numbers_out_of_range_and_leaves_nothing(run, tmp_path, capsys, words, expected):
    code, out, err = call(capsys, "sample", run, tmp_path / "out", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert not (tmp_path / "out").exists()


def test_samples_of_two_calls_are_never_mixed(run, tmp_path, capsys):
    out = tmp_path / "out"
    assert call(capsys, "sample", run, out, "--n", 2)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, _, err = call(capsys, "sample", run, out, "--n", 1, "--seed", 2)
    assert (code, "not empty" in err) == (2, True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert call(capsys, "sample", run, out, "--n", 1, "--seed", 2, "--overwrite")[0] == 0
    assert sorted(path.name for path in out.glob("[!.]*")) == ["sample-0000.json", "sample-0000.nii.gz"]
    assert (out / "sample-0000.nii.gz").read_bytes() != before["sample-0000.nii.gz"]


def test_more_samples_than_go_through_the_network_at_once_are_the_same(run, tmp_path, capsys):
    code, out, _ = call(capsys, "sample", run, tmp_path / "out", "--n", 17, "--seed", 3, "--json")
    assert code == 0
    last = Volume.load(json.loads(out)["files"][-1])
    assert np.array_equal(last.data, load_run(run).sample(17, 3)[1][16])


def test_reconstruct_takes_the_test_scans(run, tiny_workspace, tmp_path, capsys):
    data = tiny_workspace / "cohorts" / "simulated"
    code, out, _ = call(capsys, "reconstruct", run, data, tmp_path, "--json")
    assert code == 0
    files = json.loads(out)["files"]
    assert len(files) > 2
    assert len(set(files)) == len(files)
    assert all(re.fullmatch(r"sub-\d{4}_ses-1_\d{4}_reconstruction\.nii\.gz", Path(name).name) for name in files)


@pytest.mark.parametrize(
    ("participant", "session", "expected"),
    [
        ("01", "1", "sub-01_ses-1_0007"),
        ("sub-01", "ses-1", "sub-01_ses-1_0007"),
        ("sub-01", float("nan"), "sub-01_0007"),
        ("ds1/sub-01", "", "ds1_sub-01_0007"),
    ],
)
def test_the_file_of_an_image_is_named_after_its_scan(participant, session, expected):
    assert scan_name(pd.Series({"participant": participant, "session": session}), 7) == expected


@pytest.mark.parametrize("out_first", [False, True])
def test_traverse_writes_a_strip_and_a_volume_a_value(run, tmp_path, capsys, out_first):
    values = ["--values", "-1.25", "0", "1.25"]
    words = [tmp_path, "--dim", "3", *values] if out_first else ["--dim", "3", *values, tmp_path]
    code, out, _ = call(capsys, "traverse", run, *words, "--json")
    assert code == 0
    result = json.loads(out)
    assert (result["dim"], result["values"], len(result["files"])) == (3, [-1.25, 0, 1.25], 4)
    strip = np.asarray(Image.open(result["files"][0]))
    assert strip.shape[1] == 3 * 3 * 48


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--dim", "8", "--values", "1"], "--dim"),
        (["--dim", "-1", "--values", "1"], "--dim: needs 0 or more"),
        (["--dim", "0", "--values", "x"], "--values: needs a number, got x"),
        (["--dim", "0", "--values", "nan"], "--values: needs a finite number, got nan"),
        (["--dim", "0", "--values", "inf"], "--values: needs a finite number, got inf"),
        (["--dim", "0", "--values", "1", "1.0000001"], "--values: needs values that differ"),
    ],
)
def test_traverse_refuses_what_it_cannot_walk(run, tmp_path, capsys, words, expected):
    code, _, err = call(capsys, "traverse", run, *words, tmp_path)
    assert code == 2
    assert expected in err


def test_traverse_of_codes_that_cannot_be_walked_names_the_ability(tiny_workspace, tmp_path, capsys):
    config = find_preset("flow-40")[0].small[0]
    write_run(tmp_path / "flow", "flow-40", config, PreparedDataset.open(tiny_workspace / "cohorts" / "simulated"))
    code, _, err = call(capsys, "traverse", tmp_path / "flow", "--dim", 0, "--values", 1, tmp_path / "out")
    said = "flow: flow-40 has no codes to move along (ability 'walk'); choose a run that has it"
    assert (code, err) == (2, f"error: {said}\n")
