"""CF-SAGAN learns from patches that are turned and scaled alike: inputs, target and regions."""

import dataclasses

import torch

from brainlab.cohort.views import Batch
from brainlab.runs.methods import find_preset
from brainlab.translation.cf_sagan import METHOD, SCALES, scaled, turned

CONFIG = METHOD.small[0]


def test_turning_is_by_quarters_about_the_third_axis():
    x = torch.arange(2 * 4 * 4 * 3.0).view(1, 2, 4, 4, 3)
    assert torch.equal(turned(x, 4), x)
    assert torch.equal(turned(turned(x, 1), 3), x)
    assert torch.equal(turned(x, 2), x.flip(2, 3))
    oblong = x[:, :, :2]
    assert torch.equal(turned(oblong, 1), oblong)
    assert torch.equal(turned(oblong, 3), oblong.flip(2, 3))


def test_scaling_keeps_the_middle_and_enlarges_it():
    x = torch.zeros(1, 1, 16, 16, 16)
    x[..., 6:10, 6:10, 6:10] = 1.0
    assert torch.equal(scaled(x, 1.0), x)
    larger, smaller = scaled(x, 1.25), scaled(x, 0.75)
    assert larger.sum() > 1.5 * x.sum() > 1.5 * 1.5 * smaller.sum()
    assert torch.allclose(larger, larger.flip(2, 3, 4), atol=1e-5)


def test_labels_stay_labels():
    labels = torch.randint(0, 3, (1, 1, 8, 8, 8))
    found = scaled(labels, 1.25, nearest=True)
    assert (found.dtype, set(found.unique().tolist())) == (labels.dtype, {0, 1, 2})


def test_inputs_target_and_regions_vary_alike():
    recipe = METHOD.recipe(CONFIG)
    torch.manual_seed(0)
    regions = torch.randint(0, 3, (1, 1, 16, 16, 16))
    x = regions.float()
    different = 0
    for _ in range(20):
        varied = recipe.varied(Batch(torch.cat([x, x], 1), target=x, regions=regions, brain=regions > 0))
        assert torch.equal(varied.brain, varied.regions > 0)
        assert torch.equal(varied.image[:, :1], varied.target)
        different += not torch.equal(varied.target, x)
        if set(varied.target.unique().tolist()) == {0.0, 1.0, 2.0}:  # turned, and not scaled
            assert torch.equal(varied.target.long(), varied.regions)
    assert different > 12
    plain = METHOD.recipe(dataclasses.replace(CONFIG, vary=False))
    assert torch.equal(plain.varied(Batch(x, target=x)).target, x)


def test_presets_are_the_thesis():
    """Sections 4.2.6 and 4.3.1."""
    config = find_preset("pet-refiner-cf-sagan")[1].config
    assert (config.patch, config.overlap, config.width) == ((64, 64, 64), 0.5, 16)
    assert (config.error, config.refiner_error, config.judge_steps, config.smooth_labels) == ("l1", "nwl1", 2, True)
    assert (config.learning_rate, config.refiner_rate, config.dropout) == (1e-4, 5e-5, 0.5)
    assert SCALES == (0.75, 1.0, 1.25)
