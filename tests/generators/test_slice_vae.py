"""The slice VAE: how volumes become slices and come back, its objective, and when its Gaussian is fitted."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.generators import slice_vae
from brainlab.generators.slice_vae import METHOD, SlicePrior, SliceVAE, SliceVAEConfig, SliceVAERecipe
from brainlab.methods.method import Schedule
from brainlab.methods.prior import SeededNoise
from brainlab.methods.recipe import Progress
from brainlab.networks.codes.slice_gaussian import SliceGaussian
from brainlab.networks.losses import kl_to_prior, squared_error
from brainlab.runs.run import load_run

TINY = SliceVAEConfig(sample_shape=(1, 8, 6, 4), base_width=4, halvings=2, gaussian_volumes=5)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return SliceVAE(TINY).eval()


@pytest.mark.parametrize(("plane", "axis"), [("sagittal", 2), ("coronal", 3), ("axial", 4)])
def test_slices_are_cut_across_the_plane_s_normal_and_stacked_again(plane, axis):
    sides = [8, 8, 8]
    sides[axis - 2] = 6
    network = SliceVAE(dataclasses.replace(TINY, sample_shape=(1, *sides), plane=plane))
    x = torch.rand(2, 1, *sides)
    slices = network.slices(x)
    assert slices.shape == (12, 1, 8, 8)
    assert torch.equal(slices[6 + 2], x[1].select(axis - 1, 2))
    assert torch.equal(network.stack(slices), x)


def test_draws_run_through_a_volume_as_the_codes_do():
    given = torch.randn(30, 6, 2, generator=torch.Generator().manual_seed(0)).cumsum(1) + 2
    gaussian = SliceGaussian(6, 2)
    gaussian.fit([given])
    prior = SlicePrior(gaussian)
    drawn = prior.draw(20_000, SeededNoise(1))[:, :, 0]
    assert prior.code_shape == (6, 2)
    assert torch.allclose(drawn.mean(0), given[:, :, 0].mean(0), atol=0.1)
    covariance = torch.cov(given[:, :, 0].T, correction=0)
    assert torch.allclose(torch.cov(drawn.T), covariance, atol=0.05 * covariance.max())
    assert torch.equal(prior.draw(2, SeededNoise(1), truncation=0.0)[0], gaussian.mean)


@pytest.mark.parametrize("name", [name for name in METHOD.presets if not name.endswith("-small")])
def test_a_slice_has_1024_numbers_at_every_size(name):
    config = METHOD.presets[name].config
    with torch.device("meta"):
        network = SliceVAE(config)
    assert network.prior.code_shape == (config.sample_shape[2], 1024)
    assert network.decoder.bottom == (256, 2, 2)


def test_volumes_are_coded_slice_by_slice_without_regard_to_each_other(network):
    x = torch.rand(3, 1, 8, 6, 4)
    posterior = network.encode(x)
    assert posterior.mean.shape == posterior.log_variance.shape == (3, 6, 16)
    assert torch.allclose(posterior.mean[2:], network.encode(x[2:]).mean, atol=1e-5)
    images = network.decode(posterior.mean)
    assert images.shape == x.shape
    assert torch.allclose(images[2:], network.decode(posterior.mean[2:]), atol=1e-5)


def test_with_the_statistics_of_a_stack_a_volume_still_decodes_alone():
    torch.manual_seed(0)
    network = SliceVAE(dataclasses.replace(TINY, stack_statistics=True)).eval()
    kept = SliceVAE(TINY).eval()
    kept.load_state_dict(network.state_dict())
    z = 3 * torch.randn(3, *network.prior.code_shape)
    assert torch.equal(network.decode(z)[1:2], network.decode(z[1:2]))
    assert not torch.allclose(network.decode(z), kept.decode(z), atol=0.01)


def test_the_objective_is_the_squared_error_and_a_fifth_of_the_kl():
    torch.manual_seed(0)
    recipe = SliceVAERecipe(TINY)
    x = torch.rand(2, 1, 8, 6, 4)
    torch.manual_seed(1)
    slices = recipe.generator.slices(x)
    mean, log_deviation = recipe.generator.encoder(slices)
    z = mean + log_deviation.exp() * torch.randn_like(mean)
    error = squared_error(recipe.generator.decoder(z), slices).mean()
    kl = kl_to_prior(mean, 2 * log_deviation).mean()
    torch.manual_seed(1)
    losses = recipe.step(Batch(x), Progress(0, 10, 5))
    assert losses["loss"] == pytest.approx((error + 0.2 * kl).item(), rel=1e-5)
    assert losses["kl_real"] == pytest.approx(kl.item(), rel=1e-5)


def test_the_gaussian_of_a_trained_run_is_that_of_its_training_volumes_codes(tmp_path):
    volumes = np.random.default_rng(0).random((12, 8, 6, 4), np.float32)
    scans = pd.DataFrame(
        {
            "participant": [f"p{n}" for n in range(12)],
            "session": "1",
            "class": "healthy",
            "split": ["train"] * 10 + ["test"] * 2,
        }
    )
    recipe = {"name": "test", "shape": [8, 6, 4], "affine": np.eye(4).tolist(), "simulated": True}
    data = write_prepared(tmp_path / "data", volumes, scans, recipe)
    schedule = Schedule(epochs=2, batch_size=2, ema_decay=0.5)
    train(
        "slice-vae-64",
        data,
        tmp_path / "run",
        config=TINY,
        schedule=schedule,
        machine=Machine(device="cpu", precision="32"),
    )
    run = load_run(tmp_path / "run")
    mean, _ = run.encode(data.batch(np.array([0, 2, 4, 6, 9])))
    kept = load_file(tmp_path / "run" / "weights.safetensors")["gaussian.mean"]
    assert kept.numpy() == pytest.approx(mean.mean(0), abs=1e-5)
    z, images = run.sample(2, seed=0)
    assert z.shape == (2, 6, 16)
    assert images.shape == (2, 8, 6, 4)


def linear_volumes(n=40):
    """Volumes whose slices are of two patterns, in amounts that run evenly through a volume, and faint noise."""
    generator = torch.Generator().manual_seed(0)
    patterns = torch.rand(2, 8, 1, 4, generator=generator)
    amounts = (0.2 + 0.1 * torch.randn(n, 2, 6, generator=generator).cumsum(-1)).clamp(0, 0.5)
    exact = torch.einsum("nkt,kxoz->nxtz", amounts, patterns)
    return (exact + 0.002 * torch.randn(n, 8, 6, 4, generator=generator)).clamp(0, 1)[:, None]


LINEAR = dataclasses.replace(TINY, linear_rank=2, kl_weight=1e-4, learning_rate=1e-4)


def test_with_a_linear_way_training_starts_from_the_principal_components_of_slices():
    torch.manual_seed(0)
    recipe, x = SliceVAERecipe(LINEAR), linear_volumes()
    assert recipe.looks_first
    assert not SliceVAERecipe(TINY).looks_first
    recipe.prepare(Batch(x))
    network = recipe.generator.eval()
    slices = network.slices(x)
    mean, _ = network.gaussian_of(slices)
    best = torch.pca_lowrank(slices.flatten(1), 2, niter=5)
    expected = (best[0] * best[1]) @ best[2].T + slices.flatten(1).mean(0)
    found = network.slices_of(mean).flatten(1)
    assert (found - slices.flatten(1)).square().mean() < 1.1 * (expected - slices.flatten(1)).square().mean()
    assert torch.equal(network.slices_of(torch.cat((mean[:, :2], mean[:, 2:] + 1), 1)).flatten(1), found)
    unlearnt = SliceVAE(TINY).eval()
    error = (unlearnt.decode(unlearnt.encode(x).mean) - x).square().mean()
    assert (network.decode(network.encode(x).mean) - x).square().mean() < error / 100


def test_components_are_found_in_slices_of_all_places(monkeypatch):
    monkeypatch.setattr(slice_vae, "LINEAR_SLICES", 20)
    recipe = SliceVAERecipe(LINEAR)
    seen = []
    monkeypatch.setattr(recipe.generator.principal, "fit", lambda slices, weight: seen.append(slices))
    places = torch.arange(6.0).view(1, 1, 1, 6, 1).expand(10, 1, 8, 6, 4) / 10
    recipe.prepare(Batch(places))
    assert len(seen[0]) == 20
    assert len(seen[0][:, 0, 0, 0].round(decimals=3).unique()) == 6


def test_what_the_convolutions_learn_is_added_to_the_components():
    torch.manual_seed(0)
    recipe, x = SliceVAERecipe(LINEAR), linear_volumes()
    recipe.prepare(Batch(x))
    first = recipe.step(Batch(x), Progress(0, 100, 10))
    last = [recipe.step(Batch(x), Progress(step, 100, 10)) for step in range(1, 20)][-1]
    assert last["loss"] < first["loss"]
    network = recipe.generator.eval()
    slices = network.slices(x)
    z = network.gaussian_of(slices)[0]
    linear = network.mean_slice + network.principal.decode(z, network.ones)
    assert torch.allclose(network.slices_of(z), linear + network.decoder(z), atol=1e-6)
    assert (network.slices_of(z) - linear).abs().max() > 1e-5  # rounding alone makes about 1e-7
    own = network.principal.encode(slices - network.mean_slice, network.ones)[0]
    assert torch.allclose(z[:, :2], own + network.encoder(slices)[0][:, :2], atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"halvings": 3}, "--halvings: needs slices whose sides divide by 8, got 8 x 4"),
        ({"sample_shape": (2, 8, 6, 4)}, "--sample-shape: needs one channel, got 2"),
        ({"linear_rank": 17}, "--linear-rank: needs 0 to 16, the length of a slice's code, got 17"),
    ],
)
def test_sides_that_cannot_be_halved_and_further_channels_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        SliceVAE(dataclasses.replace(TINY, **changes))
