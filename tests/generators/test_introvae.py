import copy
import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.generators.introvae import IntroVAEConfig, IntroVAERecipe
from brainlab.methods.recipe import Progress
from brainlab.networks.losses import draw_posterior, hinge_below, kl_to_prior, squared_error

TINY = IntroVAEConfig(
    latent_dim=3,
    sample_shape=(1, 8, 8, 8),
    widths=(8, 8),
    dense_width=8,
    warm_up_epochs=2,
)


def step(recipe, x, at):
    """Make step `at` of 20 in epochs of two, so that the warm-up has four."""
    return recipe.step(Batch(x), Progress(at, 20, 2))


def test_the_margin_is_set_above_the_kl_of_real_scans_when_the_warm_up_ends():
    torch.manual_seed(0)
    recipe = IntroVAERecipe(TINY)
    x = torch.rand(4, 1, 8, 8, 8)
    for at in range(4):
        assert "margin" not in step(recipe, x, at)
    kl = recipe.real_kl
    losses = step(recipe, x, 4)
    assert losses["margin"] == pytest.approx(TINY.margin_factor * kl)
    assert recipe.state_dict()["margin"] == losses["margin"]


@pytest.mark.parametrize("too", [False, True])
def test_gradients_are_those_of_the_paper_s_two_losses(too):
    """The shared passes give the gradients that two separate losses give, each for its own player."""
    torch.manual_seed(0)
    # A rate of nothing leaves the encoder as it was, so that both losses can be written with one encoder.
    config = dataclasses.replace(TINY, norm="group", flip=False, reconstructions_too=too, adversarial_learning_rate=0.0)
    recipe = IntroVAERecipe(config)
    recipe.margin = 50.0
    gradients = {}
    for name, player in {"encoder": recipe.generator.encoder, "decoder": recipe.generator.decoder}.items():
        recipe.optimisers[name] = torch.optim.SGD(player.parameters(), lr=0.0)
        recipe.optimisers[name].register_step_pre_hook(
            lambda optimiser, *_, name=name: gradients.__setitem__(
                name, [p.grad.clone() for p in optimiser.param_groups[0]["params"]]
            )
        )
    plain = copy.deepcopy(recipe.generator)
    x = torch.rand(4, 1, 8, 8, 8)
    torch.manual_seed(1)
    step(recipe, x, 5)

    torch.manual_seed(1)
    weight = config.adversarial_reconstruction_weight
    mean, log_variance = plain.encode(x)
    z = draw_posterior(mean, log_variance)
    count = round(config.fake_share * len(x))
    noise = torch.randn_like(z[:count])
    autoencoding = weight * squared_error(plain.decode(z), x).mean()
    fakes = [plain.decode(noise), *([plain.decode(z)[:count]] if too else [])]
    hinge = hinge_below(kl_to_prior(*plain.encode(torch.cat(fakes).detach())), 50.0).mean()
    encoder_loss = kl_to_prior(mean, log_variance).mean() + hinge + autoencoding
    wanted = torch.autograd.grad(encoder_loss, list(plain.encoder.parameters()))
    for found, expected in zip(gradients["encoder"], wanted, strict=True):
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4)

    autoencoding = weight * squared_error(plain.decode(z.detach()), x).mean()
    fakes = [plain.decode(noise), *([plain.decode(z.detach())[:count]] if too else [])]
    kl_fake = kl_to_prior(*plain.encode(torch.cat(fakes))).mean()
    decoder_loss = config.decoder_fake_weight * kl_fake + autoencoding
    wanted = torch.autograd.grad(decoder_loss, list(plain.decoder.parameters()))
    for found, expected in zip(gradients["decoder"], wanted, strict=True):
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_both_players_move_and_every_loss_is_told():
    torch.manual_seed(0)
    recipe = IntroVAERecipe(TINY)
    recipe.real_kl = 10.0
    before = copy.deepcopy(recipe.generator.state_dict())
    losses = step(recipe, torch.rand(4, 1, 8, 8, 8), 4)
    assert {"loss", "squared_error", "kl_real", "kl_fake", "kl_fake_after", "hinge_saturated", "margin"} <= set(losses)
    for player in ("encoder", "decoder"):
        assert any(
            not torch.equal(before[name], value)
            for name, value in recipe.generator.state_dict().items()
            if name.startswith(player)
        )
    assert all(p.requires_grad for p in recipe.generator.parameters())


def test_the_game_starts_without_the_momenta_of_the_warm_up():
    torch.manual_seed(0)
    recipe = IntroVAERecipe(TINY)
    for at in range(5):
        step(recipe, torch.rand(4, 1, 8, 8, 8), at)
    for optimiser in recipe.optimisers.values():
        assert {int(state["step"]) for state in optimiser.state.values()} == {1}
        assert {group["betas"] for group in optimiser.param_groups} == {(0.5, 0.99)}


def test_batch_norm_keeps_the_warm_up_s_statistics_against_the_adversary():
    torch.manual_seed(0)
    recipe = IntroVAERecipe(TINY)
    norm = recipe.generator.encoder.features[1][1]
    for at, expected_to_move in enumerate([True] * 4 + [False] * 2):
        before = norm.running_mean.clone()
        recipe.generator.train()
        step(recipe, torch.rand(4, 1, 8, 8, 8), at)
        assert torch.equal(before, norm.running_mean) != expected_to_move


def test_a_margin_that_follows_stays_above_the_kl_of_real_scans():
    torch.manual_seed(0)
    recipe = IntroVAERecipe(dataclasses.replace(TINY, margin_follows=True, margin_factor=1.5))
    recipe.real_kl = 10.0
    for at in range(4, 7):
        step(recipe, torch.rand(4, 1, 8, 8, 8), at)
        assert recipe.margin == pytest.approx(1.5 * recipe.real_kl)
