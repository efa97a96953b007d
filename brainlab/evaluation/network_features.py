"""Features by which sets of images are compared through a network of the domain (`networks/perceptual`)."""

from typing import TYPE_CHECKING

import numpy as np

from brainlab.evaluation.components import Features
from brainlab.evaluation.images import Images, ImageSets, blocks
from brainlab.types import FloatArray

if TYPE_CHECKING:
    from brainlab.networks.perceptual.feature_network import FeatureNetwork


def network_features(sets: ImageSets) -> Features:
    """Return the feature vectors of generated and real images; to be called by `ImageSets.once`.

    Raises InputError, with what to do, where no tissue network is at hand.
    """
    from brainlab.networks.perceptual.find import find_features

    network = find_features()
    settings = {
        "features": f"mean over positions of {network.length} maps of {network}",
        "features_sha256": network.sha256,
        "feature_length": network.length,
    }
    return Features(_vectors(network, sets.generated), _vectors(network, sets.real), settings)


def _vectors(network: "FeatureNetwork", images: Images) -> FloatArray:
    """Return the feature vectors of images, read in blocks: [n, length]."""
    import torch

    with torch.inference_mode():
        found = [network.vector(torch.from_numpy(block)[:, None]).numpy() for block in blocks(images)]
    return np.concatenate(found).astype(np.float64)
