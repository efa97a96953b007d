"""Features of a network that was trained to label tissue: what brain MRI has in place of ImageNet's."""

from pathlib import Path

from torch import Tensor

from brainlab.errors import InputError
from brainlab.networks.perceptual.feature_network import FeatureNetwork
from brainlab.networks.perceptual.tissue_folder import TissueNetwork, load_tissue

FEATURES_PLANE = "axial"
"""Of the slices whose features are compared (`FeatureNetwork.vector`)."""

LOSS_LEVELS = 3
"""Levels of the encoder that a perceptual loss compares, from half the sides down: early to middle ones."""


class TissueFeatures(FeatureNetwork):
    """The encoder of a `TissueUNet`: its first three levels, and the mean over positions of its coarsest maps."""

    def __init__(self, name: str, tissue: TissueNetwork) -> None:
        super().__init__()
        self.name, self.sha256 = name, tissue.sha256
        self.trained_on = "simulated scans" if tissue.settings.simulated else "real scans"
        self.length = tissue.settings.widths[-1]
        self.network = tissue.network
        self.freeze()

    @classmethod
    def load(cls, folder: Path) -> "TissueFeatures":
        """Open a folder of `tissue_folder`; raises InputError as `load_tissue`, and for one of another plane."""
        found = load_tissue(folder)
        if (plane := found.settings.plane) != FEATURES_PLANE:
            raise InputError(
                f"{folder}: needs a tissue network of {FEATURES_PLANE} slices, got one of {plane} slices; name another"
            )
        return cls(folder.name, found)

    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.network.levels(x)[:LOSS_LEVELS]

    def pooled(self, x: Tensor) -> Tensor:
        return self.network.levels(x)[-1].mean((2, 3))
