"""A trained tissue network on disk: a folder of `config.json` and `weights.safetensors`.

`config.json` holds the labels' names, the widths, the plane, the data that it was trained on and whether those were
simulated, and under `notes` whatever its training wants to keep: command, scores, versions. Nothing is pickled.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from brainlab.errors import InputError
from brainlab.files.json_object import read_json
from brainlab.files.lfs_pointer import refuse_pointer
from brainlab.files.whole import whole_file, write_whole
from brainlab.images.grid import PLANES, Grid
from brainlab.images.kind import images_of
from brainlab.networks.perceptual.tissue_unet import TissueUNet

CONFIG, WEIGHTS = "config.json", "weights.safetensors"
ARCHITECTURE = "tissue-unet"
MEND = "train it again with 'brainlab train-tissue'"

_NEEDED: dict[str, tuple[type, str]] = {
    "labels": (list, "a list of texts"),
    "widths": (list, "a list of whole numbers"),
    "data": (str, "a text"),
    "data_sha256": (str, "a text"),
    "simulated": (bool, "true or false"),
    "notes": (dict, "an object"),
}
_PARTS: dict[str, type] = {"labels": str, "widths": int}
_LEARNED = "needs a list of objects with name, modalities, shape and affine"


@dataclass(frozen=True, kw_only=True)
class LearnedImages:
    """Which images a network learned, or slices of which volumes, as their `recipe.json` says.

    name: of the recipe.  modalities: sequences.  shape: of an image, three sides of a volume.  affine: [4, 4], from
    voxels to mm.
    """

    name: str
    modalities: tuple[str, ...]
    shape: tuple[int, ...]
    affine: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> "LearnedImages":
        """Read what a `recipe.json` holds; raises LookupError, TypeError, ValueError or InputError where it lacks."""
        found = cls(
            name=str(recipe["name"]),
            modalities=tuple(map(str, recipe.get("modalities") or ())),
            shape=tuple(map(int, recipe["shape"])),
            affine=tuple(tuple(map(float, row)) for row in recipe["affine"]),
        )
        Grid.recorded(found.shape, vars(found))
        return found

    @property
    def kind(self) -> str:
        """Which images these are, in words: equal for images of one kind."""
        return images_of(vars(self))

    @property
    def grid(self) -> Grid:
        return Grid.recorded(self.shape, vars(self))


@dataclass(frozen=True, kw_only=True)
class TissueSettings:
    """What a tissue network labels and what it was trained on.

    labels: names in the order of the logits, background first.  widths: see `TissueUNet`.  data: name of the prepared
    dataset.  data_sha256: its hash.  simulated: whether its scans are.  plane: of the slices that it labels.  learned:
    the images of each dataset; none in files of older versions.  notes: of its training, as JSON holds them.
    """

    labels: tuple[str, ...]
    widths: tuple[int, ...]
    data: str
    data_sha256: str
    simulated: bool
    plane: str = "axial"
    learned: tuple[LearnedImages, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)


class TissueNetwork(NamedTuple):
    """A network, what it labels and was trained on, and the hash of its weights file."""

    network: TissueUNet
    settings: TissueSettings
    sha256: str


def save_tissue(folder: Path, network: TissueUNet, settings: TissueSettings) -> None:
    """Write a network into a folder, which is made, its weights in 16 bits; each file whole or not at all.

    Raises InputError where the settings are not those of the network, OSError where a file cannot be written.
    """
    if (len(settings.labels), settings.widths) != (network.labels, network.widths):
        given = f"{len(settings.labels)} labels and widths {settings.widths}"
        raise InputError(f"{folder}: needs {network.labels} labels and widths {network.widths}, got {given}")
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().half().cpu().contiguous() for name, value in network.state_dict().items()}
    with whole_file(folder / WEIGHTS, on_disk=True) as scratch:
        save_file(weights, scratch)
    values = {"architecture": ARCHITECTURE, **asdict(settings)}
    write_whole(folder / CONFIG, json.dumps(values, indent=1, allow_nan=False) + "\n")


def load_tissue(folder: Path) -> TissueNetwork:
    """Read a network, in 32 bits and in evaluation mode.

    Raises InputError naming the file where one is missing, damaged or does not fit the other.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise InputError(f"{folder}: needs a tissue network, got a folder without {name}; {MEND}")
    settings = read_settings(folder)
    path = folder / WEIGHTS
    refuse_pointer(path)
    network = TissueUNet(len(settings.labels), settings.widths)
    try:
        network.load_state_dict(load_file(path))
    except SafetensorError as error:
        raise InputError(f"{path}: damaged or cut off ({str(error).splitlines()[0]}); {MEND}") from error
    except RuntimeError as error:  # names or shapes of another network
        raise InputError(f"{path}: does not fit its {CONFIG}; {MEND}") from error
    if not all(bool(torch.isfinite(value).all()) for value in network.state_dict().values()):
        raise InputError(f"{path}: needs finite weights, got others; {MEND}")
    return TissueNetwork(network.eval(), settings, hashlib.sha256(path.read_bytes()).hexdigest())


def read_settings(folder: Path) -> TissueSettings:
    """Read what a network labels, without its weights. Raises InputError where `config.json` does not hold."""
    path = folder / CONFIG
    values = read_json(path, MEND)
    if values.get("architecture") != ARCHITECTURE:
        raise InputError(f"{path}: architecture: needs {ARCHITECTURE}, got {values.get('architecture')!r:.60}; {MEND}")
    for name, (kind, words) in _NEEDED.items():
        value = values.get(name)
        whole = isinstance(value, list) and all(type(part) is _PARTS[name] for part in value)
        if type(value) is not kind or (name in _PARTS and not whole):
            raise InputError(f"{path}: {name}: needs {words}, got {value!r:.60}; {MEND}")
    if len(values["labels"]) < 2 or not values["widths"] or min(values["widths"]) < 1:
        raise InputError(f"{path}: needs two labels and one width or more, each width 1 or more; {MEND}")
    plane = values.get("plane", "axial")
    if plane not in PLANES:
        raise InputError(f"{path}: plane: needs one of {', '.join(PLANES)}, got {plane!r:.60}; {MEND}")
    try:
        learned = tuple(LearnedImages.of(images) for images in values.get("learned", ()))
    except (LookupError, TypeError, ValueError, AttributeError, InputError) as error:
        raise InputError(f"{path}: learned: {_LEARNED}, got {values['learned']!r:.60}; {MEND}") from error
    found = {name: values[name] for name in _NEEDED} | {"plane": plane, "learned": learned}
    return TissueSettings(**{**found, "labels": tuple(found["labels"]), "widths": tuple(found["widths"])})
