"""The named generators, and the two calls that turn a config into a network or a recipe."""

from collections.abc import Callable
from typing import Any

from brainlab.config import from_dict
from brainlab.errors import InputError
from brainlab.generators.base import Generator
from brainlab.generators.introvae import IntroVAEConfig, IntroVAERecipe
from brainlab.generators.vae import VAE, VAEConfig, VAERecipe

_START: dict[str, Any] = {"even_voxels": True, "flip": True}
_GAME: dict[str, Any] = {
    **_START,
    "warm_up_epochs": 3,
    "epochs": 12,
    "stop_after": 8,
    "adversarial_reconstruction_weight": 3.0,
}

PRESETS: dict[str, VAEConfig] = {
    "vae-8": VAEConfig(latent_dim=8, linear_rank=8, dense_width=64, reconstruction_weight=12.0, epochs=8, **_START),
    "vae-512": VAEConfig(latent_dim=512, linear_rank=128, reconstruction_weight=12.0, epochs=12, **_START),
    "ivae-32": IntroVAEConfig(latent_dim=32, linear_rank=32, **_GAME),
    "ivae-256": IntroVAEConfig(latent_dim=256, linear_rank=128, **_GAME),
}
"""FLAIR IntroVAE section 4.4: two VAEs and two IntroVAEs that differ in the length of their codes.

Epochs are made for some 4,000 scans. After 8 of 12 the IntroVAEs' samples are as sharp as real scans, and they go on.
`linear_rank` and `even_voxels` are not of the paper; without them (`--linear-rank 0 --no-even-voxels`) training needs
many times the steps to rebuild scans as well.
"""

_CONFIGS: dict[str, type[VAEConfig]] = {"VAEConfig": VAEConfig, "IntroVAEConfig": IntroVAEConfig}
_NETWORKS: dict[str, Callable[[Any], Generator]] = {"VAEConfig": VAE, "IntroVAEConfig": VAE}
_RECIPES: dict[str, Callable[[Any, int], Any]] = {"VAEConfig": VAERecipe, "IntroVAEConfig": IntroVAERecipe}


def preset(name: str) -> VAEConfig:
    """Return a preset's config. Raises InputError on a name that is not one."""
    if name not in PRESETS:
        raise InputError(f"{name}: no such preset; choose from {', '.join(PRESETS)}")
    return PRESETS[name]


def config_from_dict(values: dict[str, Any]) -> VAEConfig:
    """Rebuild the config that `config.to_dict` wrote into a run folder."""
    kind = values.get("type")
    if kind not in _CONFIGS:
        raise InputError(
            f"config type: needs one of {', '.join(_CONFIGS)}, got {kind!r}; the run is of another version"
        )
    return from_dict(_CONFIGS[kind], values)


def build_generator(config: VAEConfig) -> Generator:
    """Return a config's network with fresh weights."""
    return _NETWORKS[type(config).__name__](config)


def build_recipe(config: VAEConfig, total_steps: int) -> Any:
    """Return a config's training recipe; `total_steps` is the length of the whole training, for the schedules."""
    return _RECIPES[type(config).__name__](config, total_steps)
