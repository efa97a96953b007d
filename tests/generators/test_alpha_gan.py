import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.alpha_gan import METHOD, AlphaGAN, AlphaGANRecipe, check_batch
from brainlab.methods.recipe import Progress

WGAN = METHOD.small[0]
ALPHA = dataclasses.replace(WGAN, loss="non_saturating")


def made(config):
    torch.manual_seed(0)
    return AlphaGANRecipe(config)


def stepped(recipe):
    torch.manual_seed(1)
    x = torch.rand(4, 1, 8, 16, 8)
    return recipe.step(Batch(x), Progress(0, 10, 10))


def taught_by_the_code_critic_alone(config):
    """The encoder's weights before and after a step in which nothing else has a say."""
    recipe = made(dataclasses.replace(config, reconstruction_weight=0.0))
    recipe.optimisers["critic"].param_groups[0]["lr"] = 0.0
    for weights in recipe.critic.parameters():
        torch.nn.init.zeros_(weights)
    before = [weights.clone() for weights in recipe.generator.encoder.parameters()]
    stepped(recipe)
    return before, list(recipe.generator.encoder.parameters())


@pytest.mark.parametrize(
    ("config", "moves"),
    [
        (WGAN, True),
        (ALPHA, True),
        (dataclasses.replace(WGAN, paper_exact=True), False),
    ],
)
def test_codes_are_drawn_to_the_prior_but_not_by_the_published_alpha_wgan(config, moves):
    before, after = taught_by_the_code_critic_alone(config)
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True)) == moves


@pytest.mark.parametrize(("exact", "expected"), [(False, 1), (True, 2)])
def test_as_published_the_generator_steps_twice_on_one_gradient(exact, expected):
    recipe = made(dataclasses.replace(WGAN, paper_exact=exact))
    stepped(recipe)

    def counts(name):
        return {int(state["step"]) for state in recipe.optimisers[name].state.values()}

    assert counts("decoder") == {expected}
    assert counts("encoder") == counts("critic") == counts("code_critic") == {1}


def test_real_volumes_count_as_often_as_fakes_of_both_kinds():
    recipe = made(dataclasses.replace(WGAN, penalty_weight=0.0))
    losses = stepped(recipe)
    assert losses["critic_loss"] == pytest.approx(
        losses["d_reconstructed"] + losses["d_fake"] - 2 * losses["d_real"], abs=1e-5
    )


def test_each_kind_of_fake_has_its_own_penalty():
    plain, penalised = (stepped(made(dataclasses.replace(WGAN, penalty_weight=weight))) for weight in (0.0, 10.0))
    assert penalised["critic_loss"] - plain["critic_loss"] == pytest.approx(
        10 * penalised["gradient_penalty"], rel=1e-3
    )
    assert 1 < penalised["gradient_penalty"] <= 2, "two, of a fresh critic that is almost flat"


def test_critics_see_each_image_and_code_alone_but_not_as_published():
    x, z = torch.randn(4, 1, 8, 16, 8), torch.randn(4, 4)
    for config, alone in ((WGAN, True), (ALPHA, True), (dataclasses.replace(WGAN, paper_exact=True), False)):
        recipe = made(config)
        recipe.critic(x)
        recipe.critic.eval() if alone else None  # spectral norm moves on at each pass in training
        assert torch.allclose(recipe.critic(x)[:1], recipe.critic(x[:1]), atol=1e-5) == alone
        if alone:
            assert torch.allclose(recipe.code_critic(z)[:1], recipe.code_critic(z[:1]), atol=1e-5)


def test_a_code_is_the_encoder_s_and_has_no_spread():
    torch.manual_seed(0)
    network = AlphaGAN(WGAN).eval()
    posterior = network.encode(torch.rand(2, 1, 8, 16, 8))
    assert posterior.mean.shape == (2, 4)
    assert posterior.log_variance is None


def test_diagnostics_tell_whether_codes_follow_the_prior():
    found = made(WGAN).diagnostics(Batch(torch.rand(3, 1, 8, 16, 8)))
    assert {"d_held_out", "code_mean", "code_spread"} == set(found)


def test_settings_that_do_not_go_together_are_refused():
    assert METHOD.without_effect(ALPHA) == {"penalty_weight": "with --loss non_saturating"}
    with pytest.raises(InputError, match="--batch-size: needs 2 or more"):
        check_batch(dataclasses.replace(WGAN, paper_exact=True), 1)


def test_the_baselines_have_their_published_settings():
    for name, loss in (("alpha-gan-64", "non_saturating"), ("alpha-wgan-64", "wasserstein")):
        config = METHOD.presets[name].config
        assert (config.loss, config.latent_dim, config.code_width) == (loss, 1000, 4096)
        assert (config.reconstruction_weight, config.learning_rate) == (10, 2e-4)
    assert METHOD.presets["alpha-wgan-256"].config.norm == "instance"
