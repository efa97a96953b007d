"""Sketcher and Refiners learn one after the other, each with those before it fixed."""

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.methods.recipe import Progress
from brainlab.translation.cgan import TINY
from brainlab.translation.sketcher_refiner import METHOD, RefinedGANConfig
from tests.translation.test_cgan import batch, weights


def test_each_stage_learns_in_its_turn_and_the_others_stay():
    recipe = METHOD.recipe(RefinedGANConfig(refiners=2, **TINY))
    for step in range(3):
        stages = [weights(stage) for stage in recipe.generator.stages]
        statistics = [stage.state_dict() for stage in recipe.generator.stages]
        statistics = [{name: value.clone() for name, value in state.items()} for state in statistics]
        recipe.generator.train()
        recipe.step(batch(), Progress(step, 3, 1))
        for number, stage in enumerate(recipe.generator.stages):
            assert torch.equal(weights(stage), stages[number]) is (number != step)
            if number < step:  # nor do running means of batch normalisation move
                assert all(torch.equal(value, statistics[number][name]) for name, value in stage.state_dict().items())


def test_the_rates_of_each_stage_fall_in_its_own_time():
    recipe = METHOD.recipe(RefinedGANConfig(learning_rate=0.01, refiner_rate=0.02, cosine=True, **TINY))
    rates = []
    for step in (50, 99, 100, 150):
        recipe.step(batch(), Progress(step, 200, 1))
        stage = step // 100
        pair = [recipe.optimisers[f"{role} {stage}"].param_groups[0]["lr"] for role in ("generator", "discriminator")]
        assert pair[0] == pair[1]
        rates.append(pair[0])
    assert rates == pytest.approx([0.005, 0.01 * 0.000246720, 0.02 / 50, 0.01], rel=1e-4)


def test_a_refiner_that_has_not_begun_leaves_the_sketch_alone():
    recipe = METHOD.recipe(RefinedGANConfig(**TINY))
    x = batch().image
    recipe.step(batch(), Progress(0, 4, 1))
    recipe.generator.eval()
    assert torch.equal(recipe.generator.translate(x), recipe.generator.made_by(1, x))
    recipe.generator.train()
    recipe.step(batch(), Progress(2, 4, 1))
    recipe.generator.eval()
    assert torch.equal(recipe.generator.translate(x), recipe.generator.made_by(2, x))
    assert not torch.equal(recipe.generator.translate(x), recipe.generator.made_by(1, x))


def test_the_refiner_sees_inputs_and_sketch():
    recipe = METHOD.recipe(RefinedGANConfig(**TINY))
    network = recipe.generator.eval()
    x = batch().image
    sketch = network.made_by(1, x)
    assert torch.equal(network.made_by(2, x), network.stages[1](torch.cat([x, sketch], dim=1)))


@pytest.mark.parametrize(("step", "error"), [(0, "l1"), (2, "weighted-l1")])
def test_sketcher_and_refiner_have_errors_of_their_own(step, error, monkeypatch):
    recipe = METHOD.recipe(RefinedGANConfig(**TINY))
    assert [each.error for each in recipe.opponents] == ["l1", "weighted-l1"]
    asked = []

    def watched(name):
        return lambda made, truth, regions: asked.append(name) or made.mean((1, 2, 3, 4))

    names = ("l1", "weighted-l1")
    monkeypatch.setattr("brainlab.networks.translation.errors.ERRORS", {name: watched(name) for name in names})
    recipe.step(batch(), Progress(step, 4, 1))
    assert asked == [error]


def test_settings_of_refiners_have_no_effect_without_any():
    assert set(METHOD.without_effect(RefinedGANConfig(refiners=0, **TINY))) == {"refiner_error", "refiner_rate"}
    assert not METHOD.without_effect(RefinedGANConfig(**TINY))


def test_data_without_regions_teach_no_refiner():
    recipe = METHOD.recipe(RefinedGANConfig(**TINY))
    bare = Batch(batch().image, target=batch().target)
    recipe.step(bare, Progress(0, 4, 1))
    with pytest.raises(Exception, match="--error weighted-l1: needs segmentations"):
        recipe.step(bare, Progress(2, 4, 1))
