"""The IXI thesis' losses from what runs logged and from their evaluations: nothing is made up, on one scale."""

import json

import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.tables.papers.ixi_losses import TABLE
from brainlab.experiments.tables.registry import Sources
from brainlab.generators.conv_vae import METHOD as CONV_VAE
from brainlab.generators.conv_vae import ConvVAEConfig
from brainlab.generators.vqvae import METHOD as VQVAE
from brainlab.generators.vqvae import VQVAEConfig
from brainlab.runs.run import load_run
from tests.conftest import write_run
from tests.experiments.tables.conftest import evaluation_of

PIXELS = 16 * 8
CONFIGS = {
    "vae2d-1024-small": ConvVAEConfig(
        latent_dim=20, sample_shape=(1, 16, 8), widths=(4,), reconstruction_weight=1000 / PIXELS
    ),
    "vqvae2d": VQVAE.small[1],
}
EPOCH = {
    "kind": "epoch",
    "epoch": 7,
    "loss": 90.0,
    "squared_error": 6.4,
    "kl_real": 11.0,
    "active_units": 1,
    "code_error": 0.5,
    "codebook_perplexity": 5.5,
}


@pytest.fixture
def make_slices(slice_workspace, tmp_path):
    """Return what makes a run of one of those presets, with the lines that it logged and an evaluation."""
    data = PreparedDataset.open(slice_workspace / "cohorts" / "axial")

    def make(preset, *lines, evaluation=None):
        folder = tmp_path / "runs" / f"{preset}-{len(list(tmp_path.glob('runs/*')))}"
        write_run(folder, preset, CONFIGS[preset], data)
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if evaluation is not None:
            (folder / "evaluation.json").write_text(json.dumps(evaluation))
        return load_run(folder)

    return make


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def test_a_vae_is_told_by_its_last_epoch_and_by_its_active_units(make_slices):
    first = {**EPOCH, "epoch": 1, "loss": 200.0, "kl_real": 2.0, "active_units": 20}
    step = {"kind": "step", "epoch": 7, "loss": 1.0, "squared_error": 1.0, "kl_real": 1.0}
    found = rebuilt(make_slices("vae2d-1024-small", first, EPOCH, step))
    row = found.rows[0]
    assert (row["epochs"], row["loss"], row["kl"]) == (7, pytest.approx(90), 11)
    assert row["reconstruction_loss"] == pytest.approx(1000 * 6.4 / PIXELS)
    assert (row["active_units"], row["latent_dim"], row["collapsed"]) == (1, 20, True)
    assert row["codebook_perplexity"] is None
    assert "no codebook" in row["undefined"]["codebook_perplexity"]
    assert "fewer than 10%" in found.settings["collapsed"]
    assert "simulated" in found.notes[0]


def test_a_tenth_of_the_units_is_no_collapse(make_slices):
    row = rebuilt(make_slices("vae2d-1024-small", {**EPOCH, "active_units": 2})).rows[0]
    assert row["active_share"] == 0.1
    assert row["collapsed"] is False


def test_a_vqvae_is_told_by_its_codes_and_its_loss_is_brought_to_the_same_scale(make_slices):
    config = CONFIGS["vqvae2d"]
    row = rebuilt(make_slices("vqvae2d", EPOCH)).rows[1]
    assert isinstance(config, VQVAEConfig)
    assert row["loss"] == pytest.approx(90 * 1000 / (PIXELS * config.reconstruction_weight))
    assert row["reconstruction_loss"] == pytest.approx(1000 * 6.4 / PIXELS)
    assert (row["codebook_perplexity"], row["codes"]) == (5.5, 8)
    assert [row[name] for name in ("kl", "active_units", "collapsed")] == [None] * 3
    assert TABLE.layout([row]).loc[0, "perplexity"] == "6 of 8"


def test_sharpness_is_a_share_of_that_of_real_slices_in_one_range(make_slices):
    row = rebuilt(make_slices("vae2d-1024-small", EPOCH, evaluation=evaluation_of())).rows[0]
    assert (row["mse"], row["sharpness_generated"]) == (0.005, pytest.approx(300 / 1500))
    assert row["sharpness_reconstructed"] == pytest.approx(400 / 1500)
    other = evaluation_of({"sharpness_generated": {"settings": {"range": [0, 1]}}, "mse": None})
    row = rebuilt(make_slices("vae2d-1024-small", EPOCH, evaluation=other)).rows[0]
    assert row["sharpness_generated"] is None
    assert "another range" in row["undefined"]["sharpness_generated"]
    assert "not in this evaluation" in row["undefined"]["mse"]


def test_what_is_not_there_is_said_and_never_a_number(make_slices):
    nothing = rebuilt()
    assert [row["missing"] for row in nothing.rows] == [
        f"no run of the preset {preset} or a variant of it is at hand" for preset in ("vae2d-1024", "vqvae2d")
    ]
    assert not nothing.notes
    bare = rebuilt(make_slices("vae2d-1024-small"), make_slices("vqvae2d", {"kind": "epoch", "epoch": 1, "loss": 2.0}))
    assert "metrics.jsonl: needs a line of each epoch, got none" in bare.rows[0]["missing"]
    assert "needs epoch, loss, squared_error and code_error as numbers" in bare.rows[1]["missing"]
    assert not any("loss" in row for row in bare.rows)
    row = rebuilt(make_slices("vae2d-1024-small", {**EPOCH, "active_units": None})).rows[0]
    assert row["collapsed"] is None
    assert "needs an evaluation, got none" in row["undefined"]["mse"]
    assert "not in the last line" in row["undefined"]["collapsed"]


def test_a_run_of_another_method_under_the_preset_s_name_has_no_figures(make_run):
    row = rebuilt(make_run("mine", "vqvae2d")).rows[1]
    assert "needs a VAE or VQ-VAE as in the IXI thesis, got VAE" in row["missing"]


def test_the_thesis_prints_no_figures_but_its_presets_settings():
    vae, vqvae = TABLE.layout(rebuilt().published).to_dict("records")
    assert (vae["epochs"], vae["active units"], vae["KL, nats"]) == ("500", "- of 1,024", "11.0")
    assert vqvae["perplexity"] == "- of 128"
    assert {vqvae[name] for name in ("loss", "reconstr. loss", "MSE, held-out", "collapsed")} == {"-"}
    for row, method, preset in zip(rebuilt().published, (CONV_VAE, VQVAE), ("vae2d-1024", "vqvae2d"), strict=True):
        assert row["epochs"] == method.presets[preset].schedule.epochs
