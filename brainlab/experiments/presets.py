"""What a preset is, in figures: shape, codes, parameters, abilities."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.methods.outline import outlined
from brainlab.methods.recipe import Network
from brainlab.methods.translator import Translator
from brainlab.runs.methods import find_preset
from brainlab.workspace import MODELS


def describe_preset(name: str) -> dict[str, Any]:
    """Return one preset's figures, without memory for its weights.

    recipe: the preparation recipe of the images that it is made for, None for any.
    code_shape: of one code, of `latent_dim` numbers in all.  inputs, target: sequences of a translator, which has no
    codes and takes volumes of any shape.
    parameters: numbers that are trained, by network; those of conditions come with the words of the training scans.
    abilities: beside drawing samples, which all can that do not translate.
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
        **_images_of(recipe.generator),
        "abilities": sorted(method.abilities_of(preset.config) - {"sample"}),
        "conditions": list(getattr(preset.config, "conditions", ())),
        "parameters": {
            part: sum(weights.numel() for weights in network.parameters()) for part, network in recipe.networks.items()
        },
        "ships": (MODELS / name / "weights.safetensors").is_file(),
        "settings": {**dataclasses.asdict(preset.config), **dataclasses.asdict(preset.schedule)},
    }


def _images_of(network: Network) -> dict[str, Any]:
    """Return the sequences of a translator, or the shapes of a generator's images and codes."""
    if isinstance(network, Translator):
        return {"inputs": list(network.inputs), "target": network.target, "sample_shape": [], "latent_dim": 0}
    shape = network.prior.code_shape
    return {"sample_shape": list(network.sample_shape), "latent_dim": math.prod(shape), "code_shape": list(shape)}


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


def images_in_words(described: Mapping[str, Any]) -> str:
    """Say what a preset makes: images of a size from codes, or one sequence from others.

    >>> images_in_words({"abilities": ["translate"], "inputs": ["T1w", "T2w"], "target": "FLAIR"})
    'FLAIR from T1w, T2w'
    >>> images_in_words({"abilities": ["walk"], "sample_shape": [1, 40, 48, 40], "code_shape": [8], "latent_dim": 8})
    '40 x 48 x 40 voxels, codes of 8 dimensions'
    """
    if "translate" in described["abilities"]:
        return f"{described['target']} from {', '.join(described['inputs'])}"
    sides = tuple(described["sample_shape"][1:])
    size = f"{' x '.join(map(str, sides))} {Grid.unplaced(sides).element}s"
    return f"{size}, codes of {code_in_words(described)}"
