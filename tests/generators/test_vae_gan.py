import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.generators.vae_gan import METHOD, VAEGANRecipe, check_batch
from brainlab.methods.recipe import Progress

TINY = METHOD.small[0]
PUBLISHED = dataclasses.replace(TINY, paper_exact=True)


def made(config=TINY):
    torch.manual_seed(0)
    return VAEGANRecipe(config)


def stepped(recipe):
    torch.manual_seed(1)
    return recipe.step(Batch(torch.rand(4, 1, 8, 16, 8)), Progress(0, 10, 10))


def test_the_encoder_learns_nothing_from_the_critic_and_the_generator_does():
    recipes = [made(), made()]
    for weights in recipes[1].critic.parameters():
        weights.data.mul_(-3)
    for recipe in recipes:
        stepped(recipe)
    for part, same in (("encoder", True), ("decoder", False)):
        pairs = zip(*(getattr(each.generator, part).parameters() for each in recipes), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs) == same, part


@pytest.mark.parametrize(("config", "learns"), [(TINY, True), (PUBLISHED, False)])
def test_a_sure_critic_still_teaches_but_not_as_published(config, learns):
    recipe = made(config)
    fake = torch.zeros(2, 1, 8, 16, 8, requires_grad=True)
    recipe.critic = lambda images: 1e-3 * images.flatten(1).sum(1, keepdim=True) - 40  # sure that all is fake
    loss = recipe._adversary(torch.zeros(2, 1, 8, 16, 8), [fake, fake])
    (gradient,) = torch.autograd.grad(loss, fake)
    assert (gradient.abs().max() > 1e-6) == learns


def test_the_encoder_weighs_the_kl_over_its_dimensions_against_the_error():
    losses = stepped(made())
    assert losses["kl_real"] > 0
    assert losses["squared_error"] == pytest.approx(8 * 16 * 8 * 0.1, rel=1), "of grey against noise over [0, 1]"


def test_batches_that_batch_norm_cannot_take_are_refused():
    with pytest.raises(InputError, match="--batch-size: needs 2 or more"):
        check_batch(TINY, 1)
    check_batch(dataclasses.replace(TINY, norm="group"), 1)


def test_the_baseline_has_its_published_settings():
    config = METHOD.presets["vae-gan-64"].config
    assert (config.latent_dim, config.dense_width, config.learning_rate) == (1000, 2048, 1e-4)
    assert (config.decoder_error, config.encoder_error) == (20, 10)
