"""A small U-Net that is told a time, for states of two and of three dimensions."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from brainlab.errors import InputError
from brainlab.networks.blocks import Conv3d, normalisation

_CONV: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: Conv3d}

TIME_FEATURES = 64
"""Sines and cosines that a time is first turned into."""
SLOWEST, FASTEST = 1.0, 100.0
"""Their lowest and highest angular frequency, for times from 0 to 1."""


class TimeFeatures(nn.Module):
    """Times [n] in [0, 1] to features [n, width]: sines and cosines of geometric frequencies, mixed by two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, t: Tensor) -> Tensor:
        exponents = torch.linspace(math.log(SLOWEST), math.log(FASTEST), TIME_FEATURES // 2, device=t.device)
        angles = t[:, None] * exponents.exp()  # [n, TIME_FEATURES / 2]
        return self.layers(torch.cat((angles.sin(), angles.cos()), dim=1))


class TimedBlock(nn.Module):
    """Two convolutions of kernel 3 around which the input is carried; the time scales and shifts what is between.

    The scale and shift of each channel (FiLM; Perez et al. 2018, section 2.1) come after the second normalisation. The
    last convolution starts at 0, so that a fresh block passes its input on.
    """

    def __init__(self, inputs: int, outputs: int, time_width: int, spatial_dims: int) -> None:
        super().__init__()
        conv = _CONV[spatial_dims]
        self.first = nn.Sequential(
            normalisation("group", inputs, spatial_dims), nn.SiLU(), conv(inputs, outputs, 3, padding=1)
        )
        self.norm = normalisation("group", outputs, spatial_dims)
        self.film = nn.Linear(time_width, 2 * outputs)
        self.last = nn.Sequential(nn.SiLU(), _from_nothing(conv(outputs, outputs, 3, padding=1)))
        self.skip = conv(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        film = self.film(time)
        scale, shift = film.view(*film.shape, *[1] * (x.ndim - 2)).chunk(2, dim=1)  # each [n, outputs, 1, ...]
        return self.skip(x) + self.last(self.norm(self.first(x)) * (1 + scale) + shift)


class UNet(nn.Module):
    """States [n, channels, *size] and times [n] to [n, channels, *size].

    beside: channels of what is shown behind those of the state, which then is [n, channels + beside, *size].
    widths: maps at each size, each half of the one before; one block a size on the way down and one on the way up, two
    at the smallest size. A fresh network gives 0 everywhere.
    What else it is told, features [n, time_width], is added to those of the time.
    Raises InputError where a side cannot be halved so often, or widths are no multiples of a group of 8 maps.
    """

    def __init__(
        self, channels: int, size: tuple[int, ...], widths: tuple[int, ...], time_width: int, beside: int = 0
    ) -> None:
        super().__init__()
        factor = 2 ** max(0, len(widths) - 1)
        if len(size) not in _CONV or any(side % factor or side < factor for side in size):
            needed = f"needs 2 or 3 sides that divide by {factor} for {len(widths)} sizes"
            raise InputError(f"--widths: {needed}, got {' x '.join(map(str, size))}; give fewer widths")
        if not widths or any(width % 8 for width in widths):
            raise InputError(f"--widths: needs multiples of 8, got {' '.join(map(str, widths))}")
        dims = len(size)
        conv = _CONV[dims]
        self.time = TimeFeatures(time_width)
        self.enter = conv(channels + beside, widths[0], 3, padding=1)
        entered = [widths[0], *widths[:-1]]
        self.down = nn.ModuleList(TimedBlock(a, b, time_width, dims) for a, b in zip(entered, widths, strict=True))
        self.downsample = nn.ModuleList(conv(width, width, 3, stride=2, padding=1) for width in widths[:-1])
        self.middle = TimedBlock(widths[-1], widths[-1], time_width, dims)
        upwards = [*itertools.pairwise(reversed(widths))]
        self.upsample = nn.ModuleList(conv(below, here, 3, padding=1) for below, here in upwards)
        self.up = nn.ModuleList(TimedBlock(2 * here, here, time_width, dims) for _, here in upwards)
        self.leave = nn.Sequential(
            normalisation("group", widths[0], dims), nn.SiLU(), _from_nothing(conv(widths[0], channels, 3, padding=1))
        )

    def forward(self, x: Tensor, t: Tensor, told: Tensor | None = None) -> Tensor:
        time = self.time(t) if told is None else self.time(t) + told
        h = self.enter(x)
        carried: list[Tensor] = []
        for block, downsample in zip(self.down, self.downsample, strict=False):
            h = block(h, time)
            carried.append(h)
            h = downsample(h)
        h = self.middle(self.down[-1](h, time), time)
        for upsample, block in zip(self.upsample, self.up, strict=True):
            h = upsample(interpolate(h, scale_factor=2.0))
            h = block(torch.cat((h, carried.pop()), dim=1), time)
        return self.leave(h)


def _from_nothing(layer: nn.Module) -> nn.Module:
    """Set a layer's weights and bias to 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
