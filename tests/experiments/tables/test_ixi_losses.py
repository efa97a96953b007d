"""End losses of the IXI thesis's methods from `metrics.jsonl` and evaluations: scales, collapse, what is not there."""

import json

import pytest

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.tables.papers.ixi_losses import PRESETS, TABLE
from brainlab.experiments.tables.registry import Sources
from brainlab.generators.conv_vae import ConvVAEConfig
from brainlab.generators.vqvae import VQVAEConfig
from brainlab.runs.run import load_run
from tests.conftest import write_run
from tests.experiments.tables.conftest import evaluation_of

SIDES = (16, 8)
VAE = ConvVAEConfig(latent_dim=40, sample_shape=(1, *SIDES), widths=(4, 8))
VQVAE = VQVAEConfig(sample_shape=(1, *SIDES), widths=(8,), code_channels=2, entries=6, prior_width=8, prior_layers=1)
LAST = {"loss": 6.5, "squared_error": 1.28, "kl_real": 2.25, "active_units": 1, "codebook_perplexity": None}


@pytest.fixture
def make(tiny_workspace, tmp_path):
    """Return what makes a run with lines of epochs, the last with `changes`, and an evaluation where one is given."""

    cohort = PreparedDataset.open(tiny_workspace / "cohorts" / "simulated")

    def made(name, preset, config, evaluation=None, **changes):
        write_run(folder := tmp_path / name, preset, config, cohort)
        lines = [{"kind": "epoch", "epoch": 1, **LAST, "loss": 99}, {"kind": "step", "epoch": 2, "loss": 98}]
        lines.append({"kind": "epoch", "epoch": 2, **LAST, **changes})
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if evaluation:
            (folder / "evaluation.json").write_text(json.dumps(evaluation))
        settings = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**settings, "shape": list(SIDES), "plane": "axial"}))
        return load_run(folder)

    return made


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def row_of(found, method):
    (row,) = (row for row in found.rows if row["method"] == method)
    return row


def test_the_last_epoch_counts_and_the_error_is_on_the_scale_of_the_thesis(make):
    row = row_of(rebuilt(make("a", "vae2d-1024-small", VAE, evaluation_of())), "VAE")
    assert (row["run"], row["epochs"], row["loss"], row["kl"]) == ("a", 2, 6.5, 2.25)
    assert row["reconstruction"] == pytest.approx(1000 * 1.28 / (16 * 8)), "a sum over 16 x 8 pixels, 10 a pixel"


def test_images_are_those_of_the_evaluation_and_sharpness_is_a_share_of_real(make):
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, evaluation_of())), "VAE")
    assert row["mse"] == 0.005
    assert (row["sharpness_reconstructed"], row["sharpness_generated"]) == pytest.approx((400 / 1500, 300 / 1500))


@pytest.mark.parametrize(("active", "collapsed"), [(1, True), (2, False), (40, False)])
def test_collapse_is_fewer_than_a_twentieth_of_the_dimensions(active, collapsed, make):
    found = rebuilt(make("a", "vae2d-1024", VAE, active_units=active))
    assert row_of(found, "VAE")["collapsed"] is collapsed
    assert "fewer than 5%" in found.settings["collapsed"]
    assert f"{active} of 40" in TABLE.layout(found.rows)["active units"].tolist()


def test_a_codebook_has_a_perplexity_and_no_kl(make):
    changes = {"kl_real": None, "active_units": None, "codebook_perplexity": 4.5}
    found = rebuilt(make("a", "vqvae2d-small", VQVAE, **changes), make("b", "vae2d-1024", VAE))
    row, other = row_of(found, "VQ-VAE"), row_of(found, "VAE")
    assert (row["codebook_perplexity"], row["codes"], row["kl"], row["collapsed"]) == (4.5, 6, None, None)
    assert row["undefined"]["active_units"] == "its code is discrete and has no KL"
    assert other["undefined"]["codes"] == "its code is continuous and has no codebook"
    shown = TABLE.layout(found.rows).set_index("method")
    assert shown.loc["VQ-VAE", ["codes in use", "KL, nats", "collapsed"]].tolist() == ["4.5 of 6", "-", "-"]
    assert shown.loc["VAE", ["codes in use", "KL, nats", "collapsed"]].tolist() == ["-", "2.2", "yes"]


def test_a_run_without_an_evaluation_or_log_keeps_what_there_is_and_says_why(make):
    bare = make("a", "vae2d-1024", VAE)
    row = row_of(rebuilt(bare), "VAE")
    assert (row["loss"], row["mse"]) == (6.5, None)
    assert "needs an evaluation, got none" in row["undefined"]["mse"]
    (bare.folder / "metrics.jsonl").write_text("{\n")
    assert "line 1 is damaged" in row_of(rebuilt(bare), "VAE")["undefined"]["loss"]
    (bare.folder / "metrics.jsonl").unlink()
    row = row_of(rebuilt(bare), "VAE")
    assert (row["epochs"], row["collapsed"]) == (None, None)
    assert row["undefined"]["loss"] == "not in the last epoch's line of metrics.jsonl"


def test_a_share_needs_the_sharpness_of_real_slices(make):
    blank = {"sharpness_real": {"value": 0.0}}
    row = row_of(rebuilt(make("a", "vae2d-1024", VAE, evaluation_of(blank))), "VAE")
    assert row["sharpness_generated"] is None
    assert "no share" in row["undefined"]["sharpness_generated"]
    row = row_of(rebuilt(make("b", "vae2d-1024", VAE, evaluation_of({"sharpness_real": None}))), "VAE")
    assert "run 'brainlab evaluate' again" in row["undefined"]["sharpness_reconstructed"]
    assert row["mse"] == 0.005


@pytest.mark.parametrize(("method", "preset"), PRESETS.items())
def test_a_method_without_a_run_says_so(method, preset):
    row = row_of(rebuilt(), method)
    assert row == {"method": method, "missing": f"no run of the preset {preset} or a variant of it is at hand"}


def test_the_thesis_has_no_numbers_but_the_kl_of_its_log():
    found = rebuilt()
    shown = TABLE.layout(found.published).set_index("method")
    assert shown.loc["VAE", ["KL, nats", "active units", "training loss"]].tolist() == ["11.0", "- of 1,024", "-"]
    assert set(shown.loc["VQ-VAE"].drop("codes in use")) == {"-"}
    assert "prints curves" in found.notes[0]
