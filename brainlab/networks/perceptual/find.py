"""Finding a feature network by the name or path that a user gives, or a tissue network by the volumes to label."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainlab.errors import InputError
from brainlab.images.kind import images_of
from brainlab.networks.perceptual.feature_network import FeatureNetwork
from brainlab.networks.perceptual.tissue_features import TissueFeatures
from brainlab.networks.perceptual.tissue_folder import CONFIG, load_tissue, read_settings
from brainlab.networks.perceptual.vgg16 import VGG16Features
from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter
from brainlab.workspace import feature_folders, network_folders

TISSUE, TISSUE_FOLDER = "tissue", "tissue-slices"
"""The name that users give, and the folder that it stands for."""
REMEDY = "train one with 'brainlab train-tissue', or name a file of VGG16 weights"


def find_features(name: str = TISSUE) -> FeatureNetwork:
    """Return the network that a user names, in evaluation mode and on the CPU.

    name: `tissue` for the workspace's own network or else the one that ships (`features/tissue-slices` of either), the
    folder of another tissue network, or a file of VGG16 weights.
    Raises InputError, with what to do, where there is none or it cannot be read.
    """
    if name == TISSUE:
        places = feature_folders(TISSUE_FOLDER)
        for folder in places:
            if (folder / CONFIG).is_file():
                return TissueFeatures.load(folder)
        raise InputError(f"feature network {TISSUE}: needs {' or '.join(map(str, places))}, got neither; {REMEDY}")
    path = Path(name).expanduser()
    if path.is_dir():
        return TissueFeatures.load(path)
    if path.is_file():
        return VGG16Features.load(path)
    raise InputError(f"feature network {name}: needs '{TISSUE}', a folder or a file, got none of them; {REMEDY}")


def find_segmenter(shape: tuple[int, ...], recipe: Mapping[str, Any] | None = None) -> VolumeSegmenter:
    """Return the first tissue network that learned slices of volumes of this kind, the workspace's own before others.

    shape: of a volume. recipe: its `recipe.json`, which must be of the same kind (`images_of`); None where nobody
    knows, and volumes of that shape are taken for those that the network learned.
    Raises InputError, with what to do, where there is none or a network's `config.json` does not hold.
    """
    for folder in network_folders():
        for learned in read_settings(folder).learned:
            if learned.shape == tuple(shape) and (recipe is None or learned.kind == images_of(recipe)):
                return VolumeSegmenter(folder.name, load_tissue(folder), learned.grid, learned.kind)
    kind = "volumes" if recipe is None else images_of(recipe)
    sides, place = " x ".join(map(str, shape)), feature_folders("NAME")[0]
    raise InputError(
        f"needs a tissue network trained on {kind}, {sides} voxels, got none; train one with "
        f"'brainlab train-tissue PREPARED --plane coronal --scans 40 --out {place}'"
    )
