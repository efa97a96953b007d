"""What a preset is, in figures: shape, codes, parameters, abilities."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from brainlab.errors import InputError
from brainlab.methods.outline import outlined
from brainlab.runs.methods import find_preset
from brainlab.workspace import MODELS


def describe_preset(name: str) -> dict[str, Any]:
    """Return one preset's figures, without memory for its weights.

    recipe: the preparation recipe of the images that it is made for, None for any.
    code_shape: of one code, of `latent_dim` numbers in all.
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
        "code_shape": list(recipe.generator.prior.code_shape),
        "abilities": sorted(method.abilities_of(preset.config)),
        "conditions": list(getattr(preset.config, "conditions", ())),
        "parameters": {
            part: sum(weights.numel() for weights in network.parameters()) for part, network in recipe.networks.items()
        },
        "ships": (MODELS / name / "weights.safetensors").is_file(),
        "settings": {**dataclasses.asdict(preset.config), **dataclasses.asdict(preset.schedule)},
    }


def code_in_words(described: Mapping[str, Any]) -> str:
    """Say what a code of a preset is: dimensions to walk along, or numbers that have no meaning one by one.

    >>> code_in_words({"abilities": ["walk"], "code_shape": [256], "latent_dim": 256})
    '256 dimensions'
    >>> code_in_words({"abilities": [], "code_shape": [16, 32, 32], "latent_dim": 16384})
    '16 x 32 x 32 numbers'
    """
    if "walk" in described["abilities"]:
        return f"{described['latent_dim']:,} dimensions"
    return f"{' x '.join(f'{side:,}' for side in described['code_shape'])} numbers"
