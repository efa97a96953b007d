"""End losses of the IXI thesis's methods from `metrics.jsonl` and evaluations: scales, collapse, what is not there."""

import json

import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.tables.papers.ixi_losses import PRESETS, TABLE
from brainlab.experiments.tables.registry import Sources
from brainlab.generators import conv_vae, vqvae
from brainlab.generators.conv_vae import ConvVAEConfig
from brainlab.generators.vqvae import VQVAEConfig
from brainlab.runs.run import load_run
from tests.conftest import write_run
from tests.experiments.tables.conftest import evaluation_of

PIXELS = 16 * 8
VAE = ConvVAEConfig(latent_dim=40, sample_shape=(1, 16, 8), widths=(4,), reconstruction_weight=1000 / PIXELS)
VQVAE = VQVAEConfig(sample_shape=(1, 16, 8), widths=(8,), code_channels=2, entries=6, prior_width=8, prior_layers=1)
LAST = {
    "kind": "epoch",
    "epoch": 2,
    "loss": 90.0,
    "squared_error": 6.4,
    "kl_real": 11.0,
    "active_units": 1,
    "code_error": 0.5,
    "codebook_perplexity": 4.5,
}


@pytest.fixture
def make(slice_workspace, tmp_path):
    """Return what makes a run with a log of two epochs, the last with `changes`, and an evaluation if given."""
    cohort = PreparedDataset.open(slice_workspace / "cohorts" / "axial")

    def made(name, preset, config, evaluation=None, **changes):
        write_run(folder := tmp_path / name, preset, config, cohort)
        first = {**LAST, "epoch": 1, "loss": 990.0, "squared_error": 80.0, "kl_real": 2.0, "active_units": 20}
        step = {"kind": "step", "epoch": 2, "loss": 1.0, "squared_error": 1.0}
        lines = [first, {**LAST, **changes}, step]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        if evaluation:
            (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
        return load_run(folder)

    return made


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def row_of(found, method):
    (row,) = (row for row in found.rows if row["method"] == method)
    return row


def test_the_last_epoch_counts_and_the_error_is_on_the_scale_of_the_thesis(make):
    found = rebuilt(make("a", "vae2d-1024-small", VAE))
    row = row_of(found, "VAE")
    assert (row["run"], row["epochs"], row["loss"], row["kl"]) == ("a", 2, pytest.approx(90), 11)
    assert row["loss_divisor"] == pytest.approx(1), "the preset's weight is the thesis's own"
    assert row["reconstruction"] == pytest.approx(1000 * 6.4 / PIXELS), "a sum over 16 x 8 pixels"
    assert any("simulated" in note for note in found.notes)


def test_a_codebook_has_a_perplexity_and_no_kl_and_its_loss_is_brought_to_the_same_scale(make):
    found = rebuilt(make("a", "vqvae2d-small", VQVAE), make("b", "vae2d-1024", VAE))
    row, other = row_of(found, "VQ-VAE"), row_of(found, "VAE")
    assert row["loss"] == pytest.approx(90 * 1000 / (PIXELS * VQVAE.reconstruction_weight))
    assert row["reconstruction"] == other["reconstruction"]
    assert (row["codebook_perplexity"], row["codes"], row["kl"], row["collapsed"]) == (4.5, 6, None, None)
    assert row["undefined"]["active_units"] == "its code is discrete and has no KL"
    assert other["undefined"]["codes"] == "its code is continuous and has no codebook"
    shown = TABLE.layout(found.rows).set_index("method")
    assert shown.loc["VQ-VAE", ["codes in use", "KL, nats", "collapsed"]].tolist() == ["4.5 of 6", "-", "-"]
    assert shown.loc["VAE", ["codes in use", "KL, nats", "collapsed"]].tolist() == ["-", "11.0", "yes"]


@pytest.mark.parametrize(("active", "collapsed"), [(1, True), (2, False), (40, False)])
def test_collapse_is_fewer_than_a_twentieth_of_the_dimensions(active, collapsed, make):
    found = rebuilt(make("a", "vae2d-1024", VAE, active_units=active))
    assert row_of(found, "VAE")["collapsed"] is collapsed
    assert "fewer than 5%" in found.settings["collapsed"]
    assert any("0.01 nats" in line and "fewer than 5%" in line for line in TABLE.reading)
    assert f"{active} of 40" in TABLE.layout(found.rows)["active units"].tolist()


def test_images_are_those_of_the_evaluation_and_sharpness_is_a_share_of_real_in_one_range(make):
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, evaluation_of())), "VAE")
    assert row["mse"] == 0.005
    assert (row["sharpness_reconstructed"], row["sharpness_generated"]) == pytest.approx((400 / 1500, 300 / 1500))
    changes = {"sharpness_generated": {"settings": {"range": [0, 1]}}, "mse": None}
    row = row_of(rebuilt(make("b", "vae2d-1024", VAE, evaluation_of(changes))), "VAE")
    assert (row["sharpness_generated"], row["mse"]) == (None, None)
    assert "another range" in row["undefined"]["sharpness_generated"]
    assert "run 'brainlab evaluate' again" in row["undefined"]["mse"]
    assert row["sharpness_reconstructed"] == pytest.approx(400 / 1500)


def test_a_share_needs_the_sharpness_of_real_slices(make):
    blank = {"sharpness_real": {"value": 0.0}}
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, evaluation_of(blank))), "VAE")
    assert row["sharpness_generated"] is None
    assert "no share" in row["undefined"]["sharpness_generated"]
    row = row_of(rebuilt(make("b", "vae2d-1024", VAE, evaluation_of({"sharpness_real": None}))), "VAE")
    assert "run 'brainlab evaluate' again" in row["undefined"]["sharpness_reconstructed"]
    assert row["mse"] == 0.005


def test_a_run_without_an_evaluation_or_log_keeps_what_there_is_and_says_why(make):
    bare = make("a", "vae2d-1024", VAE)
    row = row_of(rebuilt(bare), "VAE")
    assert (row["loss"], row["mse"]) == (pytest.approx(90), None)
    assert "needs an evaluation, got none" in row["undefined"]["mse"]
    (bare.folder / "metrics.jsonl").write_text("{\n", encoding="utf-8")
    assert "line 1 is damaged" in row_of(rebuilt(bare), "VAE")["undefined"]["loss"]
    (bare.folder / "metrics.jsonl").unlink()
    (bare.folder / "evaluation.json").write_text(json.dumps(evaluation_of()), encoding="utf-8")
    row = row_of(rebuilt(bare), "VAE")
    assert (row["epochs"], row["collapsed"], row["mse"]) == (None, None, 0.005)
    assert "metrics.jsonl: needs a line of each epoch, got none" in row["undefined"]["loss"]


@pytest.mark.parametrize(("name", "value"), [("squared_error", None), ("loss", float("nan"))])
def test_an_epoch_without_a_finite_loss_has_none_at_all(name, value, make):
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, **{name: value})), "VAE")
    assert (row["loss"], row["kl"]) == (None, None)
    assert f"got {name} {value}; train the run again" in row["undefined"]["loss"]


def test_what_an_old_log_does_not_tell_is_said(make):
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, active_units=None)), "VAE")
    assert (row["kl"], row["collapsed"]) == (11, None)
    assert "not in the last epoch's line" in row["undefined"]["collapsed"]
    row = row_of(rebuilt(make("b", "vqvae2d", VQVAE, codebook_perplexity=None)), "VQ-VAE")
    assert (row["codes"], row["codebook_perplexity"]) == (6, None)
    assert "not in the last epoch's line" in row["undefined"]["codebook_perplexity"]


def test_a_run_of_another_method_under_the_preset_s_name_has_no_losses(make_run):
    row = row_of(rebuilt(make_run("mine", "vqvae2d")), "VQ-VAE")
    assert row["loss"] is None
    assert "needs a VAE or VQ-VAE as in the IXI thesis, got VAE" in row["undefined"]["loss"]


@pytest.mark.parametrize(("method", "preset"), PRESETS.items())
def test_a_method_without_a_run_says_so(method, preset):
    row = row_of(rebuilt(), method)
    assert row == {"method": method, "missing": f"no run of the preset {preset} or a variant of it is at hand"}


def test_the_thesis_has_no_numbers_but_its_settings_and_the_kl_of_its_log():
    found = rebuilt()
    shown = TABLE.layout(found.published).set_index("method")
    assert shown.loc["VAE", ["KL, nats", "active units", "loss"]].tolist() == ["11.0", "- of 1,024", "-"]
    assert set(shown.loc["VQ-VAE"].drop(["epochs", "codes in use"])) == {"-"}
    assert "prints curves" in found.notes[0]
    for row, method in zip(found.published, (conv_vae.METHOD, vqvae.METHOD), strict=True):
        assert row["epochs"] == method.presets[PRESETS[row["method"]]].schedule.epochs
