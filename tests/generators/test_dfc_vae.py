import dataclasses

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from brainlab.cohort.views import Batch
from brainlab.config import settings_of_fields
from brainlab.errors import InputError
from brainlab.experiments.presets import describe_preset
from brainlab.generators import conv_vae
from brainlab.generators.conv_vae import ConvVAE
from brainlab.generators.dfc_vae import METHOD, SMALL, DFCVAEConfig, DFCVAERecipe, check_batch
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior
from brainlab.networks.perceptual.find import find_features
from brainlab.networks.perceptual.tissue_features import TissueFeatures
from brainlab.networks.perceptual.tissue_folder import load_tissue, save_tissue
from brainlab.networks.perceptual.vgg16 import VGG16Features

TINY = DFCVAEConfig(**SMALL)
X = torch.rand(8, 1, 16, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def recipe(tissue_workspace):
    torch.manual_seed(0)
    made = DFCVAERecipe(TINY)
    made.prepare(Batch(X))
    return made


def equation_7(ours, theirs):
    """1 / (2 H W C) times the sum of squares of one image, a mean over images."""
    return sum(float((a - b).square().sum()) / (2 * a.numel()) for a, b in zip(ours, theirs, strict=True)) / len(ours)


def test_networks_and_training_are_those_of_the_plain_vae_of_the_paper():
    """Section 3.2: the architectures were identical, and so were batch, epochs, rate and the latent dimension."""
    for ending in ("", "-small"):
        ours, theirs = METHOD.presets[f"dwi-dfc-vae{ending}"], conv_vae.METHOD.presets[f"dwi-vae{ending}"]
        assert ending or ours.schedule == theirs.schedule
        shared = vars(theirs.config).keys() & vars(ours.config).keys()
        assert shared == vars(theirs.config).keys() - {"reconstruction_weight"}
        assert all(getattr(ours.config, name) == getattr(theirs.config, name) for name in shared)
    assert METHOD.network is ConvVAE


def test_the_objective_is_equation_6_and_7_over_mean_squares_with_pixels_and_the_kl(recipe):
    model = recipe.generator.eval()
    torch.manual_seed(1)
    with torch.no_grad():
        mean, log_variance = model.encode(X)
        decoded = model.decode(draw_posterior(mean, log_variance))
        network = find_features()
        levels = zip(network.levels(decoded), network.levels(X), strict=True)
        features = sum(equation_7(ours, real) / float(real.square().mean()) for ours, real in levels)
        pixels = equation_7(decoded, X) / float(X.square().mean())
        kl = float(kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1).mean())
    torch.manual_seed(1)
    found = recipe.step(Batch(X), Progress(0, 10, 10))
    assert found["loss"] == pytest.approx(200 * (features + 0.2 * pixels) + kl, rel=1e-4)
    assert sum(found[f"feature_error_{level}"] for level in (1, 2, 3)) == pytest.approx(features, rel=1e-4)
    assert found["pixel_error"] == pytest.approx(pixels, rel=1e-4)


def test_a_level_that_is_missed_costs_one_half_whatever_its_size(recipe):
    """So that no level drowns another; an image like itself costs nothing."""
    network = recipe.features.network
    with torch.no_grad():
        network.down[1][2].weight.mul_(100)
        network.down[1][2].bias.mul_(100)
    recipe.prepare(Batch(X))
    nothing = torch.zeros(())
    recipe._seen = lambda x: (x, *(maps if x is X else 0 * maps for maps in network.levels(x)))
    assert [float(error) for error in recipe.errors(0 * X, X)] == pytest.approx([0.5] * 4, rel=1e-4)
    assert all(torch.equal(error, nothing) for error in recipe.errors(X, X))


def test_only_encoder_and_decoder_learn_and_the_network_is_not_kept(recipe):
    before = {name: value.clone() for name, value in recipe.features.state_dict().items()}
    start = {name: value.clone() for name, value in recipe.generator.state_dict().items()}
    recipe.step(Batch(X), Progress(0, 10, 10))
    assert all(torch.equal(value, before[name]) for name, value in recipe.features.state_dict().items())
    after = recipe.generator.state_dict()
    moved = {name.split(".")[0] for name, value in start.items() if not torch.equal(value, after[name])}
    assert moved == {"encoder", "decoder"}
    assert list(recipe.networks) == ["autoencoder"]


def test_blur_costs_more_than_noise_of_the_same_squared_error(recipe):
    """What the method is for: fine structure that is gone is seen by the features."""
    blurred = torch.nn.functional.avg_pool2d(X, 3, stride=1, padding=1)
    darker = X - (blurred - X).square().mean().sqrt()
    _, *blur = recipe.errors(blurred, X)
    _, *dark = recipe.errors(darker, X)
    assert blur[0] > 1.5 * dark[0]


def test_the_printed_weight_leaves_nothing_but_the_kl(tissue_workspace):
    torch.manual_seed(0)
    recipe = DFCVAERecipe(dataclasses.replace(TINY, paper_exact=True))
    assert not recipe.looks_first
    found = recipe.step(Batch(X), Progress(0, 10, 10))
    errors = sum(found[f"feature_error_{level}"] for level in (1, 2, 3))
    assert recipe.mean_squares == [1.0] * 4
    cost, _ = recipe.reconstruction_cost(X.flip(0), X)
    assert float(cost) == pytest.approx(2e-9 * sum(float(e) for e in recipe.errors(X.flip(0), X)[1:]), rel=1e-5)
    assert 0 < 2e-9 * errors < 1e-8 * found["kl_real"]


def test_levels_of_a_network_with_published_ones_are_not_divided(recipe, monkeypatch):
    monkeypatch.setattr(TissueFeatures, "balanced", True)
    recipe.prepare(Batch(X))
    assert recipe.mean_squares == [pytest.approx(float(X.square().mean())), 1.0, 1.0, 1.0]
    assert "in place of" not in recipe.diagnostics(Batch(X))["feature_network"]
    assert VGG16Features.balanced


def test_a_run_says_which_network_it_was_trained_by_and_goes_on_with_no_other(recipe, tissue_workspace):
    sha256 = recipe.features.sha256
    said = recipe.diagnostics(Batch(X))
    assert said["feature_network"].startswith(f"tissue-slices (sha256 {sha256[:16]}, trained on simulated scans)")
    assert said["feature_network"].endswith("in place of the paper's VGG16")
    assert said["held_out_feature_error"] > 0
    again = DFCVAERecipe(TINY)
    again.load_state_dict(recipe.state_dict())
    assert again.mean_squares == recipe.mean_squares
    folder = tissue_workspace / "features" / "tissue-slices"
    kept = load_tissue(folder)
    torch.nn.init.ones_(kept.network.leave.bias)
    save_tissue(folder, kept.network, kept.settings)
    with pytest.raises(InputError, match=f"--features: the run was started with a network of sha256 {sha256[:16]}"):
        DFCVAERecipe(TINY).load_state_dict(recipe.state_dict())


def test_training_without_a_network_is_refused_before_anything_starts(tissue_workspace):
    missing = dataclasses.replace(TINY, features="nowhere")
    with pytest.raises(InputError, match="--features: feature network nowhere: needs 'tissue', a folder or a file"):
        check_batch(missing, 8)
    with pytest.raises(InputError, match="--batch-size: needs 2"):
        check_batch(TINY, 1)
    check_batch(TINY, 2)


def test_a_code_is_decoded_where_there_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("brainlab.workspace.MODELS", tmp_path)
    network = METHOD.network(dataclasses.replace(TINY, features="nowhere")).eval()
    assert network.reconstruct(X).shape == X.shape
    described = describe_preset("dwi-dfc-vae")
    assert described["parameters"] == describe_preset("dwi-vae")["parameters"]


def test_every_setting_of_its_own_is_explained():
    told = {setting.name: setting.explanation for setting in settings_of_fields(DFCVAEConfig)}
    assert all(told.values())
    assert "VGG16 weights" in told["features"]
    assert "held-out scans" in told["feature_weight"]
    assert "reconstruction_weight" not in told
