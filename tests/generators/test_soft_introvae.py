"""Both losses of the soft IntroVAE, and who learns from which."""

import copy
import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.generators.soft_introvae import METHOD, SoftIntroVAEConfig, SoftIntroVAERecipe
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error

TINY = SoftIntroVAEConfig(
    latent_dim=3, sample_shape=(1, 8, 8), widths=(8, 8), warm_up_epochs=1, flip=False, fake_kl_weight=3.0
)
PIXELS = 64


@pytest.fixture
def recipe():
    torch.manual_seed(0)
    return SoftIntroVAERecipe(TINY)


@pytest.fixture
def x():
    return torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(3))


def gradients(recipe, name):
    return [weights.grad.clone() for weights in recipe.players[name].parameters()]


def close(found, wanted):
    return all(torch.allclose(a, b, rtol=1e-3, atol=1e-7) for a, b in zip(found, wanted, strict=True))


def test_the_encoder_s_gradient_is_that_of_the_printed_loss(recipe, x):
    plain = copy.deepcopy(recipe.generator)
    torch.manual_seed(1)
    recipe._encoder_step(x)
    torch.manual_seed(1)
    mean, log_variance = plain.gaussian(x)
    z = draw_posterior(mean, log_variance)
    rec = plain.decode(z)
    fakes = [rec.detach(), plain.decode(torch.randn_like(z)).detach()]
    loss = (4 * squared_error(rec, x).mean() + kl_to_prior(mean, log_variance).mean()) / PIXELS
    for fake in fakes:
        m, v = plain.gaussian(fake)
        error = squared_error(plain.decode(draw_posterior(m, v)), fake)
        loss = loss + torch.exp(-2 * (4 * error + 3 * kl_to_prior(m, v)) / PIXELS).mean() / 4
    wanted = torch.autograd.grad(loss, list(plain.encoder.parameters()))
    assert close(gradients(recipe, "encoder"), wanted)
    assert all(weights.grad is None for weights in recipe.players["decoder"].parameters())


def test_the_decoder_s_gradient_is_that_of_the_printed_loss(recipe, x):
    recipe.config = dataclasses.replace(TINY, fake_reconstruction_weight=0.3)
    plain = copy.deepcopy(recipe.generator)
    torch.manual_seed(1)
    recipe._decoder_step(x)
    torch.manual_seed(1)
    z = draw_posterior(*plain.gaussian(x)).detach()
    rec = plain.decode(z)
    loss = 4 * squared_error(rec, x).mean()
    for fake in (rec, plain.decode(torch.randn_like(z))):
        m, v = plain.gaussian(fake)
        error = squared_error(plain.decode(draw_posterior(m, v).detach()), fake.detach()).mean()
        loss = loss + (kl_to_prior(m, v).mean() + 0.3 * 4 * error) / 2
    wanted = torch.autograd.grad(loss / PIXELS, list(plain.decoder.parameters()))
    assert close(gradients(recipe, "decoder"), wanted)
    assert all(weights.grad is None for weights in recipe.players["encoder"].parameters())


def test_it_starts_as_a_vae(recipe, x):
    assert "pushed" not in recipe.step(Batch(x), Progress(0, 10, 1))
    assert "pushed" in recipe.step(Batch(x), Progress(1, 10, 1))


def test_fakes_far_from_the_prior_push_no_more(recipe, x):
    near = recipe._encoder_step(x)["pushed"]
    with torch.no_grad():
        recipe.generator.encoder.head.bias[:3] += 100
    assert recipe._encoder_step(x)["pushed"] < 1e-6 < near


def test_real_slices_and_fakes_share_no_statistics():
    assert METHOD.presets["soft-ivae-128"].config.norm == "group"
