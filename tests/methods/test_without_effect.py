"""Settings that are said to have no effect have none, and no preset's own settings are refused for nothing."""

import dataclasses

import pytest
import torch

from brainlab.cohort.views import Batch
from brainlab.errors import InputError
from brainlab.methods.recipe import Progress
from brainlab.runs.methods import find_preset

EXACT = {
    "vae": ("vae-8", {"paper_exact": True, "sample_shape": (1, 16, 16), "dense_width": 8}),
    "vqvae": ("vqvae2d", {"paper_exact": True, "sample_shape": (1, 16, 8), "widths": (8, 8), "entries": 8}),
    "introvae": ("dwi-ivae", {"sample_shape": (1, 16, 8), "widths": (8, 8), "latent_dim": 4}),
    "stylegan": (
        "dwi-stylegan-small",
        {"sample_shape": (1, 16, 8), "widths": (8, 4), "latent_dim": 4, "penalty_weight": 0.0},
    ),
}
OTHERS = {
    "widths": (16, 8, 8),
    "residual_blocks": 3,
    "norm": "none",
    "even_voxels": True,
    "bright_weight": 7.0,
    "linear_rank": 2,
    "folds": 1,
    "restart_after": 1,
    "cosine": True,
    "flip": True,
    "margin_factor": 9.0,
    "learning_rate": 0.5,
    "drift": 100.0,
    "penalty_interval": 1,
}


def losses(method, config):
    """Return what three steps say, as training would call them."""
    torch.manual_seed(0)
    recipe = method.recipe(config)
    batch = Batch(torch.rand(4, *config.sample_shape))
    if recipe.looks_first:
        recipe.prepare(batch)
    return [recipe.step(batch, Progress(at, 100, 100)) for at in range(3)]


@pytest.mark.parametrize("name", EXACT)
def test_what_is_refused_changes_nothing(name):
    preset, changes = EXACT[name]
    method, found = find_preset(preset)
    config = dataclasses.replace(found.config, **changes)
    idle = method.without_effect(config)
    assert len(idle) > 1
    before = losses(method, config)
    assert losses(method, dataclasses.replace(config, **{setting: OTHERS[setting] for setting in idle})) == before
    for setting in idle:
        with pytest.raises(InputError, match=f"--{setting.replace('_', '-')}: has no effect"):
            method.refuse_without_effect(config, ["latent_dim", setting])


def test_what_has_an_effect_is_taken():
    method, preset = find_preset("vqvae2d-small")
    method.refuse_without_effect(preset.config, vars(preset.config))
    method, preset = find_preset("flow-40")
    assert list(method.without_effect(preset.config)) == ["plane"]
    alone = dataclasses.replace(preset.config, conditions=())
    assert method.without_effect(alone)["dropped"] == "without --conditions"
    undrafted = dataclasses.replace(preset.config, linear_rank=0)
    assert method.without_effect(undrafted)["rest_truncation"] == "without --linear-rank"
