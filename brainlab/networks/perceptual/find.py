"""Finding a feature network by the name or path that a user gives."""

from pathlib import Path

from brainlab.errors import InputError
from brainlab.networks.perceptual.feature_network import FeatureNetwork
from brainlab.networks.perceptual.tissue_features import TissueFeatures
from brainlab.networks.perceptual.tissue_folder import CONFIG
from brainlab.networks.perceptual.vgg16 import VGG16Features
from brainlab.workspace import feature_folders

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
