"""What every translator can do: make one sequence from others of the same visit; and the settings that all have."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn

from brainlab.cohort.patches import Patches
from brainlab.cohort.views import Pairs, Within
from brainlab.ranges import Count, ShareBelow1


class Translator(nn.Module, ABC):
    """A network that turns volumes of several sequences into one of another, as z-scores (ability `translate`).

    It takes volumes of any size whose sides divide by `multiple`; whole scans go through it patch by patch.

    inputs, target: names of the sequences.
    reach: how many voxels to each side of a voxel decide what is made of it; None where all of a patch may.
    any_size: what is made hardly depends on the size of a patch, as it does with attention, noise or a patch's own
        mean; whole scans then go through in patches larger than those that were learned from.
    """

    inputs: tuple[str, ...]
    target: str
    multiple: int = 1
    reach: int | None = None
    any_size: bool = False

    @abstractmethod
    def translate(self, x: Tensor) -> Tensor:
        """Return the target of inputs as z-scores: [n, len(inputs), X, Y, Z] -> [n, 1, X, Y, Z]."""

    def forward(self, x: Tensor) -> Tensor:
        return self.translate(x)


@dataclass(frozen=True, kw_only=True)
class TranslatorConfig:
    """What is made from what, and what of each scan is read at once; the config of every translator builds on this.

    inputs: sequences that it is made from, by their names in the prepared data.
    target: the sequence that is made.
    patch: sides of the patches that it learns from, in voxels; a side that is longer than the scans' is theirs.
    overlap: of neighbouring patches, as a share of their sides.
    within: where errors count, in training and on held-out scans: in the whole `image`, or in the `brain` alone, by the
        data's segmentations. Fat and skull are many times as bright as the brain and can outweigh it; what is made of
        them is then arbitrary. The discriminator of a GAN judges whole patches either way.
    """

    inputs: tuple[str, ...] = ("T1w", "T2w", "PDw", "T1SE", "DIR")
    target: str = "FLAIR"
    patch: tuple[Count, Count, Count] = (48, 48, 40)
    overlap: ShareBelow1 = 0.5
    within: Within = "image"


def pairs(config: TranslatorConfig) -> Pairs:
    """Return what a translator of these settings reads: patches of its inputs, and of its target."""
    return Pairs(config.inputs, config.target, Patches(config.patch, config.overlap), config.within)
