"""Beginning a training with the weights of an earlier run: whether they fit, and what is kept of it."""

import dataclasses
import hashlib
import shlex
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from torch import Tensor

from brainlab.cohort.origin import STARTED_FROM
from brainlab.config import changed_flags
from brainlab.errors import InputError
from brainlab.methods.generator import Generator
from brainlab.methods.method import Method
from brainlab.methods.outline import outlined
from brainlab.runs.files import WEIGHTS, read_weights
from brainlab.runs.run import Run

KEPT = ("name", "sha256", "simulated", "origin", "key", "participants", "files", "voxels", "scans")
"""What is kept of the data of each earlier run: how its people are known again, and what the card says."""


def can_start(start: Run, method: Method[Any], config: Any) -> bool:
    """Whether a training of a method with some settings can begin with a run's weights."""
    if getattr(start.config, "sample_shape", None) != getattr(config, "sample_shape", None):
        return False  # which is known without making networks
    try:
        return _networks(start.method, start.config) == _networks(method, asked_as(start, config))
    except InputError:
        return False


def asked_as(start: Run, config: Any) -> Any:
    """Return a config that is told its conditions on the scale that a run's weights know, where they are the same."""
    conditions = getattr(config, "conditions", None)
    if conditions is None or getattr(start.config, "conditions", None) != conditions:
        return config
    return dataclasses.replace(config, known=start.config.known)


def refuse_other_networks(start: Run, preset: str, method: Method[Any], config: Any) -> None:
    """Raise InputError where a run's weights are not for a method's network; name the flags that would make it so."""
    own, wanted = _networks(start.method, start.config), _networks(method, config)
    if own.kind is not wanted.kind:
        raise InputError(
            f"--start-from {start.folder}: needs a run with the networks of {preset}, got a {start.method.title}; "
            "train a preset of its method"
        )
    if own != wanted:
        before, after = vars(start.config), vars(config)
        differing = {name: before[name] for name in before if name in after and before[name] != after[name]}
        shaping = {name: value for name, value in differing.items() if _shapes_networks(method, config, name, value)}
        flags = shlex.join(changed_flags(config, dataclasses.replace(config, **shaping)))
        raise InputError(
            f"--start-from {start.folder}: has networks of another size than {preset}; "
            + (f"train with {flags}, as the run was" if flags else "the run was told other things")
        )


def _shapes_networks(method: Method[Any], config: Any, name: str, value: Any) -> bool:
    """Whether another value of a setting makes other networks, or none."""
    try:
        return _networks(method, dataclasses.replace(config, **{name: value})) != _networks(method, config)
    except InputError:
        return True


class _Networks(NamedTuple):
    """What weights must fit: the generator's class, and the shape of each weight and buffer by name."""

    kind: type[Generator]
    shapes: dict[str, tuple[int, ...]]


def _networks(method: Method[Any], config: Any) -> _Networks:
    return _outlined(method.network, config)


@lru_cache(maxsize=64)
def _outlined(network: Callable[[Any], Generator], config: Any) -> _Networks:
    with outlined():
        made = network(config)
    return _Networks(type(made), {name: tuple(value.shape) for name, value in made.state_dict().items()})


def weights_of_start(start: Run) -> dict[str, Tensor]:
    """Return a run's weights. Raises InputError where they are no longer those that its record names."""
    weights = read_weights(start.folder / WEIGHTS)
    if hashlib.sha256((start.folder / WEIGHTS).read_bytes()).hexdigest() != start.sha256:
        raise InputError(
            f"--start-from {start.folder}: its weights have just changed; wait until its training has ended"
        )
    return weights


def record_of_start(start: Run) -> list[dict[str, Any]]:
    """Return what `config.json` keeps of a run that weights came from, and of those before it, the nearest first."""
    data = {name: start.settings["data"][name] for name in KEPT if name in start.settings["data"]}
    return [{"run": start.name, "weights": start.sha256, "data": data}, *start.settings.get(STARTED_FROM, [])]
