"""The linear path is probabilistic PCA, whatever the weights, and comes back from a file."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.vae import VAE, VAEConfig, VAERecipe
from brainlab.networks.linear import principal
from brainlab.networks.linear.principal import PrincipalPath

SHAPE = (1, 8, 8, 8)
CONFIG = VAEConfig(latent_dim=6, sample_shape=SHAPE, widths=(8, 8), dense_width=8, linear_rank=4)


@pytest.fixture
def images() -> torch.Tensor:
    """Return scans that vary along three patterns, with a little noise, and are 0 in one half."""
    draw = torch.Generator().manual_seed(0)
    patterns = torch.randn(3, *SHAPE, generator=draw)
    found = torch.einsum("nk,kcxyz->ncxyz", torch.randn(80, 3, generator=draw), patterns)
    found = 0.5 + 0.05 * found + 0.02 * torch.randn(80, *SHAPE, generator=draw)
    found[:, :, :4] = 0
    return found.clamp(0, 1)


def test_scores_and_strengths_are_those_of_pca(images):
    path = PrincipalPath(4, noise_variance=0.1)
    departures = images - images.mean(0, keepdim=True)
    path.fit(departures, torch.ones(1, *SHAPE))
    flat = departures.flatten(1).numpy()
    pca = PCA(4, svd_solver="full").fit(flat)
    variances = pca.explained_variance_ * (len(flat) - 1) / len(flat)
    np.testing.assert_allclose(path.strength.square(), variances, rtol=1e-3)
    mean, log_variance = path.encode(departures, torch.ones(1, *SHAPE))
    expected = pca.transform(flat) * np.sqrt(variances) / (variances + 0.1)
    np.testing.assert_allclose(np.abs(mean), np.abs(expected), atol=0.02)
    np.testing.assert_allclose(log_variance.exp(), 0.1 / (variances + 0.1), rtol=1e-3)
    assert not set(path.inside.tolist()) & set(range(4 * 64))


def test_the_fit_in_parts_is_that_at_once(images, monkeypatch):
    departures, weight = images - images.mean(0, keepdim=True), torch.rand(1, *SHAPE) + 0.5
    whole, parts = PrincipalPath(3, noise_variance=0.1), PrincipalPath(3, noise_variance=0.1)
    whole.fit(departures, weight)
    monkeypatch.setattr(principal, "PART", 100)
    parts.fit(departures, weight)
    assert torch.equal(whole.inside, parts.inside)
    torch.testing.assert_close(whole.strength, parts.strength)
    torch.testing.assert_close(whole.components, parts.components, atol=2e-3, rtol=0)


def test_training_starts_from_the_components(images):
    torch.manual_seed(0)
    recipe = VAERecipe(dataclasses.replace(CONFIG, reconstruction_weight=1000.0, even_voxels=True))
    recipe.prepare(Batch(images))
    network = recipe.generator.eval()
    with torch.inference_mode():
        rebuilt = network.reconstruct(images)
    # What is left is the noise, 0.02, less what four of 256 directions take of it.
    assert (rebuilt - images)[:, :, 4:].square().mean().sqrt() < 0.022
    assert images[:, :, 4:].std(0).mean() > 0.05


def test_a_fitted_path_comes_back_from_its_state(images):
    recipe = VAERecipe(CONFIG)
    recipe.prepare(Batch(images))
    network, other = recipe.generator.eval(), VAE(CONFIG).eval()
    other.load_state_dict(network.state_dict())
    with torch.inference_mode():
        assert torch.equal(other.reconstruct(images), network.reconstruct(images))


def test_fewer_scans_than_components_still_work(images):
    path = PrincipalPath(4, noise_variance=0.1)
    path.fit(images[:3] - images[:3].mean(0, keepdim=True), torch.ones(1, *SHAPE))
    mean, _ = path.encode(images, torch.ones(1, *SHAPE))
    assert torch.isfinite(mean).all()
    assert mean[:, 2:].count_nonzero() == 0


def test_scans_that_are_all_alike_are_refused(images):
    for alike in (torch.zeros(5, *SHAPE), images[:1].expand(5, *SHAPE)):
        with pytest.raises(InputError, match="need to differ, got 5 alike"):
            VAE(CONFIG).centre(alike)


def test_fewer_voxels_than_components_still_work(images):
    images[:, :, 4:] = 0
    images[:, 0, 5, 5, 5] = torch.linspace(0, 1, len(images))
    network = VAE(CONFIG).eval()
    network.centre(images)
    with torch.inference_mode():
        assert torch.isfinite(network.reconstruct(images)).all()


def test_a_rank_beyond_the_code_is_refused():
    with pytest.raises(InputError, match="--linear-rank: needs 0 to 6"):
        VAE(dataclasses.replace(CONFIG, linear_rank=7))
