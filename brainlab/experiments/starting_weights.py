"""Beginning a training with the weights of an earlier run: whether they fit, and what is kept of it."""

import dataclasses
import shlex
from typing import Any

from torch import nn

from brainlab.cohort.origin import STARTED_FROM
from brainlab.config import changed_flags
from brainlab.errors import InputError
from brainlab.methods.method import Method
from brainlab.methods.outline import outlined
from brainlab.runs.run import Run

KEPT = ("name", "sha256", "simulated", "origin", "key", "participants", "files", "voxels", "scans")
"""What is kept of the data of each earlier run: how its people are known again, and what the card says."""


def can_start(start: Run, preset: str, method: Method[Any], config: Any) -> bool:
    """Whether a training of a preset with some settings can begin with a run's weights."""
    try:
        refuse_other_networks(start, preset, method, asked_as(start, config))
    except InputError:
        return False
    return True


def asked_as(start: Run, config: Any) -> Any:
    """Return a config that is told its conditions on the scale that a run's weights know, where they are the same."""
    conditions = getattr(config, "conditions", None)
    if conditions is None or getattr(start.config, "conditions", None) != conditions:
        return config
    return dataclasses.replace(config, known=start.config.known)


def refuse_other_networks(start: Run, preset: str, method: Method[Any], config: Any) -> None:
    """Raise InputError where a run's weights are not for a method's network; name the flags that would make it so."""
    network = _outline(method, config)
    if type(start.outline) is not type(network):
        raise InputError(
            f"--start-from {start.folder}: needs a run with the networks of {preset}, got a {start.method.title}; "
            "train a preset of its method"
        )
    if _shapes(start.outline) != _shapes(network):
        before, after = vars(start.config), vars(config)
        differing = {name: before[name] for name in before if name in after and before[name] != after[name]}
        own = {name: value for name, value in differing.items() if _shapes_networks(method, config, name, value)}
        flags = shlex.join(changed_flags(config, dataclasses.replace(config, **own)))
        raise InputError(
            f"--start-from {start.folder}: has networks of another size than {preset}; "
            + (f"train with {flags}, as the run was" if flags else "the run was told other things")
        )


def _shapes_networks(method: Method[Any], config: Any, name: str, value: Any) -> bool:
    """Whether another value of a setting makes other networks, or none."""
    try:
        return _shapes(_outline(method, dataclasses.replace(config, **{name: value}))) != _shapes(
            _outline(method, config)
        )
    except InputError:
        return True


def _outline(method: Method[Any], config: Any) -> nn.Module:
    with outlined():
        return method.network(config)


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def record_of_start(start: Run) -> list[dict[str, Any]]:
    """Return what `config.json` keeps of a run that weights came from, and of those before it, the nearest first."""
    data = {name: start.settings["data"][name] for name in KEPT if name in start.settings["data"]}
    return [{"run": start.name, "weights": start.sha256, "data": data}, *start.settings.get(STARTED_FROM, [])]
