"""Generator and discriminator learn from each other; the error keeps the target near the truth."""

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.methods.recipe import Progress
from brainlab.translation.cgan import METHOD, TINY, GANConfig


def batch():
    torch.manual_seed(1)
    x = torch.randn(2, 2, 8, 8, 8)
    return Batch(x, target=x.mean(1, keepdim=True), regions=torch.randint(0, 3, (2, 1, 8, 8, 8)))


def weights(network):
    return torch.cat([value.detach().flatten().clone() for value in network.parameters()])


def test_both_learn_in_each_step():
    recipe = METHOD.recipe(GANConfig(**TINY))
    before = {name: weights(network) for name, network in recipe.networks.items()}
    found = recipe.step(batch(), Progress(0, 10, 10))
    assert set(found) == {"loss", "error", "fooled", "judged"}
    assert all(not torch.equal(weights(network), before[name]) for name, network in recipe.networks.items())


def test_the_discriminator_takes_as_many_steps_as_asked(monkeypatch):
    recipe = METHOD.recipe(GANConfig(judge_steps=3, **TINY))
    taken = dict.fromkeys(recipe.optimisers, 0)
    for name, optimiser in recipe.optimisers.items():
        step = optimiser.step

        def counted(*words, name=name, step=step):
            taken[name] += 1
            return step(*words)

        monkeypatch.setattr(optimiser, "step", counted)
    recipe.step(batch(), Progress(0, 10, 10))
    assert taken == {"generator": 1, "discriminator": 3}


@pytest.mark.parametrize(("cosine", "expected"), [(False, [1, 1, 1]), (True, [0.02, 0.5, 0.0244717])])
def test_rates_fall_where_asked(cosine, expected):
    recipe = METHOD.recipe(GANConfig(learning_rate=0.01, cosine=cosine, **TINY))
    for step, share in zip((0, 50, 90), expected, strict=True):
        recipe.step(batch(), Progress(step, 100, 10))
        for optimiser in recipe.optimisers.values():
            assert optimiser.param_groups[0]["lr"] == pytest.approx(0.01 * share, rel=1e-4)


def test_noise_is_for_training_only():
    network = METHOD.network(GANConfig(**TINY | {"dropout": 0.0}))
    x = batch().image
    network.train()
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_a_discriminator_that_does_not_tile_the_patches_is_refused_before_training():
    with pytest.raises(InputError, match="--judged: needs a side that divides each of --patch 8 x 8 x 8, got 3"):
        METHOD.check_batch(GANConfig(**TINY | {"judged": 3}), 2)
