"""What a preset is, in figures: shape, codes, parameters, abilities."""

import dataclasses
import math
from typing import Any

from brainlab.errors import InputError
from brainlab.methods.outline import outlined
from brainlab.runs.methods import find_preset
from brainlab.workspace import MODELS


def describe_preset(name: str) -> dict[str, Any]:
    """Return one preset's figures, without memory for its weights.

    recipe: the preparation recipe of the images that it is made for, None for any.
    parameters: numbers that are trained, by network; those of conditions come with the words of the training scans.
    conditions: what images can be asked for. ships: whether a trained run lies in `models/`.
    Raises InputError on a name that is not a preset, or where the method's networks cannot be built.
    """
    method, preset = find_preset(name)
    try:
        with outlined():
            recipe = method.recipe(preset.config)
    except Exception as error:  # a method under development can fail in any way
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{name}: the networks of {method.name} cannot be built without memory for their weights ({reason}); take "
            "sizes from the config, and read no tensor's value while building"
        ) from error
    return {
        "name": name,
        "method": method.title,
        "recipe": preset.recipe,
        "paper": preset.source,
        "paper_budget": preset.budget,
        "sample_shape": list(recipe.generator.sample_shape),
        "latent_dim": math.prod(recipe.generator.prior.code_shape),
        "abilities": sorted(method.abilities_of(preset.config)),
        "conditions": list(getattr(preset.config, "conditions", ())),
        "parameters": {
            part: sum(weights.numel() for weights in network.parameters()) for part, network in recipe.networks.items()
        },
        "ships": (MODELS / name / "weights.safetensors").is_file(),
        "settings": {**dataclasses.asdict(preset.config), **dataclasses.asdict(preset.schedule)},
    }
