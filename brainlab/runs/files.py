"""Reading the files of a run folder: whatever is wrong with one is a single line that names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

import brainlab
from brainlab.cohort.origin import STARTED_FROM
from brainlab.errors import InputError
from brainlab.files.json_object import read_json
from brainlab.files.lfs_pointer import refuse_pointer
from brainlab.methods.method import Method, Schedule
from brainlab.networks.perceptual.tissue_folder import ARCHITECTURE
from brainlab.runs.methods import UnknownMethodError, config_of_settings, method_of_settings
from brainlab.runs.packed_weights import unpack

CONFIG = "config.json"
WEIGHTS = "weights.safetensors"
EVALUATION = "evaluation.json"

_NEEDED: dict[str, type] = {
    "preset": str,
    "config": dict,
    "affine": list,
    "data": dict,
    "data.sha256": str,
    "data.simulated": bool,
    "data.participants": list,
}
_NEEDED_TO_RESUME: dict[str, type] = {
    "seed": int,
    "shape": list,
    "recipe": dict,
    "data.scans": int,
    "data.classes": dict,
    "training": dict,
    "training.command": str,
    "training.precision": str,
    "training.checkpoint_steps": int,
    "training.half_weights": bool,
    "versions": dict,
}
_OPTIONAL: dict[str, type] = {
    "plane": str,
    "method": str,
    "schedule": dict,
    "data.name": str,
    "data.origin": str,
    "data.key": str,
    "data.files": list,
    "data.voxels": list,
    "data.scans": int,
    "data.watched_split": str,
    "resumed": list,
    STARTED_FROM: list,
    "versions": dict,
}
_NEEDED_OF_A_START: dict[str, type] = {
    "run": str,
    "weights": str,
    "data": dict,
    **{name: kind for name, kind in _NEEDED.items() if name.startswith("data.")},
}
_OPTIONAL_OF_A_START = {name: kind for name, kind in _OPTIONAL.items() if name.startswith("data.")}
_WORDS = {str: "a text", dict: "an object", list: "a list", bool: "true or false", int: "a whole number"}


class RunSettings(NamedTuple):
    """What `config.json` says. values: all of it, as it stands.  method, config, schedule: what it means."""

    values: dict[str, Any]
    method: Method[Any]
    config: Any
    schedule: Schedule


def read_settings(folder: Path, *, to_resume: bool = False) -> RunSettings:
    """Read a run's `config.json`.

    to_resume: also ask for what training needs to go on.
    Raises InputError where anything is missing, of a wrong type or out of range, or the folder is a feature network's.
    """
    path = folder / CONFIG
    mend = "train into a new folder" if to_resume else "train the run again"
    settings = read_json(path, mend)
    if settings.get("architecture") == ARCHITECTURE:
        raise InputError(
            f"{folder}: needs a run, got a feature network, which compares images and makes none; choose a run, or "
            "make one with 'brainlab train'"
        )
    try:
        _check_types(settings, _NEEDED | (_NEEDED_TO_RESUME if to_resume else {}), needed=True)
        _check_types(settings, _OPTIONAL, needed=False)
        for start in settings.get(STARTED_FROM, []):
            if not isinstance(start, dict):
                raise InputError(f"damaged: {STARTED_FROM}: needs {_WORDS[dict]} a run, got {start!r:.60}")
            _check_types(start, _NEEDED_OF_A_START, needed=True, within=f"{STARTED_FROM}: ")
            _check_types(start, _OPTIONAL_OF_A_START, needed=False, within=f"{STARTED_FROM}: ")
        method = method_of_settings(settings)
        config, schedule = config_of_settings(settings, method)
        _check_affine(settings["affine"])
    except UnknownMethodError as error:
        raise InputError("; ".join(filter(None, [f"{path}: {error}", _newer(settings)]))) from error
    except InputError as error:
        raise InputError(f"{path}: {error}; {_newer(settings) or mend}") from error
    return RunSettings(settings, method, config, schedule)


def read_evaluation(path: Path) -> dict[str, Any]:
    """Return what `brainlab evaluate` wrote: one object a metric."""
    mend = "delete it, and run 'brainlab evaluate' again"
    values = read_json(path, mend)
    if wrong := [name for name, entry in values.items() if not isinstance(entry, dict)]:
        raise InputError(f"{path}: {wrong[0]}: needs an object, got {values[wrong[0]]!r}; {mend}")
    return values


@contextmanager
def naming_network(path: Path) -> Iterator[None]:
    """Make a network of a run's config at `path`; raise InputError where it describes none."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}; train the run again") from error
    except (ValueError, LookupError, ArithmeticError, RuntimeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{path}: describes no network ({reason}); train the run again") from error


def check_weights(path: Path, network: nn.Module) -> None:
    """Raise InputError where a weights file is cut off, something else or another network's, by its header alone."""
    refuse_pointer(path)
    try:
        with safe_open(path, framework="pt") as file:
            kept = set(file.keys())
            for name, weights in network.named_parameters():
                if name not in kept or list(weights.shape) != file.get_slice(name).get_shape():
                    raise InputError(f"{path}: does not fit its config ({name}); train the run again")
    except SafetensorError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: damaged or cut off ({reason}); copy it again, or train the run again") from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return weights by name, packed and floating-point ones as float32; raise InputError where one is not finite.

    Raises SafetensorError or OSError where the file cannot be read.
    """
    state = unpack(load_file(path))
    if broken := [name for name, value in state.items() if not torch.isfinite(value.float()).all()]:
        raise InputError(
            f"{path}: needs finite numbers, got NaN or infinity in {broken[0]}; train the run again with a lower "
            "learning rate"
        )
    return {name: value.float() if value.is_floating_point() else value for name, value in state.items()}


def _check_types(settings: dict[str, Any], wanted: dict[str, type], *, needed: bool, within: str = "") -> None:
    for name, kind in wanted.items():
        *above, last = name.split(".")
        holder: Any = settings
        for part in above:
            holder = holder.get(part, {})
        if last not in holder:
            if needed:
                raise InputError(f"damaged: {within}has no {name}")
            continue
        value = holder[last]
        if type(value) is not kind:
            raise InputError(f"damaged: {within}{name}: needs {_WORDS[kind]}, got {value!r:.60}")
        if isinstance(value, list) and above and not all(isinstance(item, str) for item in value):
            raise InputError(f"damaged: {within}{name}: needs a list of texts")


def _check_affine(affine: Any) -> None:
    try:
        sound = np.asarray(affine, dtype=float).shape == (4, 4) and np.isfinite(np.asarray(affine, dtype=float)).all()
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise InputError("damaged: affine: needs 4 x 4 finite numbers")


def _newer(settings: dict[str, Any]) -> str:
    """Say what to do where a later brainlab wrote the file."""
    versions = settings.get("versions")
    theirs = versions.get("brainlab") if isinstance(versions, dict) else None
    if isinstance(theirs, str) and _parts(theirs) > _parts(brainlab.__version__):
        return f"it was written by brainlab {theirs} and this is {brainlab.__version__}, so update brainlab"
    return ""


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]
