import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.generators.wgan_gp import METHOD, WGANGPConfig, WGANGPRecipe, value_of, voxel_penalty
from brainlab.methods.recipe import Progress
from brainlab.networks.adversarial import lipschitz_penalty

TINY = METHOD.small[0]
PUBLISHED = dataclasses.replace(TINY, paper_exact=True)


def steps_of(recipe, name):
    """How often a player has stepped."""
    state = recipe.optimisers[name].state
    return max((int(each["step"]) for each in state.values()), default=0)


def trained(config, steps):
    torch.manual_seed(0)
    recipe = WGANGPRecipe(config)
    losses = [recipe.step(Batch(torch.rand(4, 1, 8, 16, 8)), Progress(at, steps, 10)) for at in range(steps)]
    return recipe, losses


def test_a_critic_learns_several_times_for_once_of_the_generator_and_as_published_once_for_five():
    recipe, _ = trained(dataclasses.replace(TINY, critic_steps=3), 7)
    assert [steps_of(recipe, name) for name in ("critic", "generator")] == [7, 2]
    recipe, _ = trained(PUBLISHED, 2)
    assert [steps_of(recipe, name) for name in ("critic", "generator")] == [2, 10]


def test_the_penalty_is_of_a_volume_s_gradient_and_as_published_of_each_voxel_s_slope():
    slope = torch.rand(1, 1, 2, 2, 2)

    def critic(x):
        return (slope * x).flatten(1).sum(1, keepdim=True)

    real, fake = torch.rand(3, 1, 2, 2, 2), torch.rand(3, 1, 2, 2, 2)
    length = slope.square().sum().sqrt()
    assert torch.allclose(lipschitz_penalty(critic, real, fake), (length - 1).square().expand(3), atol=1e-5)
    assert torch.allclose(voxel_penalty(critic, real, fake), (slope - 1).square().expand(3, 1, 2, 2, 2), atol=1e-5)


def test_a_value_depends_on_its_volume_alone_but_as_published_on_its_neighbours():
    x = torch.randn(4, 1, 8, 16, 8)
    for config, alone in ((TINY, True), (PUBLISHED, False)):
        torch.manual_seed(0)
        critic = WGANGPRecipe(config).critic
        assert torch.allclose(critic(x)[:1], critic(x[:1]), atol=1e-5) == alone


def test_the_critic_s_loss_is_the_distance_and_the_penalty():
    _, (losses,) = trained(TINY, 1)
    assert losses["loss"] == pytest.approx(10 * losses["gradient_penalty"] - losses["wasserstein"], rel=1e-4)
    assert losses["wasserstein"] == pytest.approx(losses["d_real"] - losses["d_fake"], abs=1e-5)


def test_looking_at_held_out_volumes_teaches_the_critic_nothing():
    torch.manual_seed(0)
    recipe = WGANGPRecipe(PUBLISHED)
    before = {name: values.clone() for name, values in recipe.critic.state_dict().items()}
    value_of(recipe.critic, torch.rand(2, 1, 8, 16, 8))
    assert recipe.critic.training
    assert all(torch.equal(values, before[name]) for name, values in recipe.critic.state_dict().items())


def test_a_setting_that_the_published_code_fixes_is_refused():
    assert METHOD.without_effect(PUBLISHED) == {"critic_steps": "with --paper-exact"}
    assert not METHOD.without_effect(TINY)


def test_the_baseline_has_its_published_settings():
    config = METHOD.presets["wgan-gp-64"].config
    assert config == WGANGPConfig()
    assert (config.latent_dim, config.penalty_weight, config.learning_rate) == (1000, 10, 2e-4)
