"""The layers that both generators repeat: a convolution, LeakyReLU, and after it batch normalisation and dropout.

Wei's thesis, section 3.2.4: kernels of 3 voxels a side, slope 0.2 below zero. Sides are halved and doubled by strided
convolutions (section 4.3.1).
"""

from collections.abc import Sequence

from torch import nn

from brainlab.errors import InputError
from brainlab.networks.blocks import CONV, LEAK, TRANSPOSED, normalisation


def convolution_unit(inputs: int, outputs: int, dropout: float, dims: int, stride: int = 1) -> nn.Sequential:
    """Return a unit [n, inputs, *sides] -> [n, outputs, *sides / stride]. dropout: share of values set to 0."""
    return _followed(CONV[dims](inputs, outputs, 3, stride=stride, padding=1), outputs, dropout, dims)


def doubling_unit(inputs: int, outputs: int, dropout: float, dims: int) -> nn.Sequential:
    """Return a unit of a strided transposed convolution, [n, inputs, *sides] -> [n, outputs, *(2 * sides)]."""
    doubled = TRANSPOSED[dims](inputs, outputs, 3, stride=2, padding=1, output_padding=1)
    return _followed(doubled, outputs, dropout, dims)


def require_multiples(network: str, sides: Sequence[int], factor: int) -> None:
    """Raise InputError where a side of an image does not divide by what its network halves it or cuts it by."""
    if any(side % factor for side in sides):
        got = " x ".join(map(str, sides))
        raise InputError(f"{network}: needs sides that divide by {factor}, got {got}; pad or crop the images")


def _followed(convolution: nn.Module, channels: int, dropout: float, dims: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.LeakyReLU(LEAK), normalisation("batch", channels, dims), nn.Dropout(dropout))
