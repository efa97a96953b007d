"""Building blocks shared by every network, for images of two and of three dimensions.

Nothing here runs at full resolution unless asked to: `space_to_depth` folds neighbouring voxels into channels before
the first convolution, and `depth_to_space` unfolds them after the last.
"""

import itertools
import math

import torch
from torch import Tensor, nn

from brainlab.errors import InputError
from brainlab.networks.halving import halved

WRONG_SIDE = 2
"""First side of an image at which oneDNN 3.12 (PyTorch 2.13, processors with AVX-512) gives random gradients of a
kernel's weights in bfloat16: it adds memory that it never wrote. Sides of 1, 3, 4, 5 and 8, slices, strides of 2 and
kernels of 1 are right."""


class Conv3d(nn.Conv3d):
    """A 3D convolution that computes in single precision where bfloat16 would give it wrong gradients on a CPU."""

    def forward(self, input: Tensor) -> Tensor:
        if input.shape[-3] == WRONG_SIDE and input.device.type == "cpu":
            with torch.autocast("cpu", enabled=False):
                return super().forward(input.to(self.weight.dtype))
        return super().forward(input)


CONV: dict[int, type[nn.Module]] = {2: nn.Conv2d, 3: Conv3d}
"""Convolution of images of two and of three dimensions."""

TRANSPOSED: dict[int, type[nn.Module]] = {2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
"""Transposed convolution, likewise."""

_BATCH_NORM: dict[int, type[nn.Module]] = {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL: dict[int, type[nn.Module]] = {2: nn.AvgPool2d, 3: nn.AvgPool3d}
"""Average pooling, likewise."""

LEAK = 0.2
"""Slope of every LeakyReLU below zero."""

FINE_WIDTH = 16
"""Channels at half the full resolution, just before they are unfolded; more would cost most of a step."""


def space_to_depth(x: Tensor, factor: int = 2) -> Tensor:
    """Fold each block of `factor` voxels a side into channels: [n, c, *s] -> [n, c * factor^d, *(s / factor)].

    As MONAI's `pixelunshuffle`, whose import would cost every start of the app more than a second; torch has it for
    slices only.
    """
    n, channels, *size = x.shape
    d = len(size)
    x = x.reshape(n, channels, *itertools.chain.from_iterable((side // factor, factor) for side in size))
    blocks, inner = range(2, 2 + 2 * d, 2), range(3, 3 + 2 * d, 2)
    x = x.permute(0, 1, *inner, *blocks)  # [n, c, factor, ..., s / factor, ...]
    return x.reshape(n, channels * factor**d, *(side // factor for side in size))


def depth_to_space(x: Tensor, factor: int = 2) -> Tensor:
    """Undo `space_to_depth`: [n, c * factor^d, *s] -> [n, c, *(s * factor)]."""
    n, channels, *size = x.shape
    d = len(size)
    channels //= factor**d
    x = x.reshape(n, channels, *[factor] * d, *size)
    x = x.permute(0, 1, *itertools.chain.from_iterable((2 + d + axis, 2 + axis) for axis in range(d)))
    return x.reshape(n, channels, *(side * factor for side in size))


class SpaceToDepth(nn.Module):
    """`space_to_depth` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return space_to_depth(x)


class DepthToSpace(nn.Module):
    """`depth_to_space` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return depth_to_space(x)


def normalisation(kind: str, channels: int, spatial_dims: int) -> nn.Module:
    """Return a normalisation layer for [n, channels, *size] (or [n, channels] where `spatial_dims` is 0).

    kind: `batch`, as the papers; `group` (8 channels a group) does not mix the volumes of a batch, so real,
    reconstructed and sampled volumes never share statistics; `instance` (1 channel a group, and nothing where there is
    no size); `none`.
    """
    if kind == "batch":
        return _BATCH_NORM[spatial_dims](channels) if spatial_dims else nn.BatchNorm1d(channels)
    if kind == "group":
        return nn.GroupNorm(max(1, channels // 8), channels) if spatial_dims else nn.LayerNorm(channels)
    if kind == "instance" and spatial_dims:
        return nn.GroupNorm(channels, channels)
    if kind in ("instance", "none"):
        return nn.Identity()
    raise InputError(f"norm: needs batch, group, instance or none, got {kind!r}")


def down_block(inputs: int, outputs: int, norm: str, spatial_dims: int) -> nn.Sequential:
    """Halve each side with one strided convolution (kernel 4, stride 2), then normalise and bend.

    On a CPU it costs about a quarter of a convolution of kernel 3 followed by pooling.
    """
    conv = CONV[spatial_dims](inputs, outputs, 4, stride=2, padding=1)
    return nn.Sequential(conv, normalisation(norm, outputs, spatial_dims), nn.LeakyReLU(LEAK))


def up_block(inputs: int, outputs: int, norm: str, spatial_dims: int) -> nn.Sequential:
    """Double each side with one transposed convolution; kernel 4 divides by stride 2, so no checkerboard appears."""
    conv = TRANSPOSED[spatial_dims](inputs, outputs, 4, stride=2, padding=1)
    return nn.Sequential(conv, normalisation(norm, outputs, spatial_dims), nn.LeakyReLU(LEAK))


def pooled_block(inputs: int, outputs: int, norm: str, spatial_dims: int) -> nn.Sequential:
    """Convolution, normalisation and pooling, as the FLAIR IntroVAE paper (section 4.4) describes its encoder."""
    return nn.Sequential(
        CONV[spatial_dims](inputs, outputs, 3, padding=1),
        normalisation(norm, outputs, spatial_dims),
        nn.LeakyReLU(LEAK),
        POOL[spatial_dims](2),
    )


def upsampled_block(inputs: int, outputs: int, norm: str, spatial_dims: int) -> nn.Sequential:
    """Upsampling, convolution and normalisation: the reverse of `pooled_block`."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2),
        CONV[spatial_dims](inputs, outputs, 3, padding=1),
        normalisation(norm, outputs, spatial_dims),
        nn.LeakyReLU(LEAK),
    )


class ResidualBlock(nn.Module):
    """Two convolutions of kernel 3 around which the input is carried: x + f(x). Keeps channels and size."""

    def __init__(self, channels: int, norm: str, spatial_dims: int) -> None:
        super().__init__()
        conv = CONV[spatial_dims]
        self.body = nn.Sequential(
            normalisation(norm, channels, spatial_dims),
            nn.LeakyReLU(LEAK),
            conv(channels, channels, 3, padding=1),
            normalisation(norm, channels, spatial_dims),
            nn.LeakyReLU(LEAK),
            conv(channels, channels, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class ConvEncoder(nn.Module):
    """Image [n, c, *size] to the mean and log-variance of its posterior, each [n, latent_dim].

    widths: channels after each halving of the sides; the last is 64 in the paper (5 x 6 x 5 x 64).
    folded: the first halving is a `space_to_depth`, so that `widths` names the halvings after it; otherwise (the paper)
        every halving is a convolution at the larger size and a pooling.
    """

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        widths: tuple[int, ...],
        dense_width: int,
        latent_dim: int,
        *,
        residual_blocks: int,
        norm: str,
        dropout: float,
        folded: bool,
    ) -> None:
        super().__init__()
        channels, size = sample_shape[0], sample_shape[1:]
        dims = len(size)
        layers: list[nn.Module] = [SpaceToDepth()] if folded else []
        channels *= 2**dims if folded else 1
        for width in widths:
            layers.append((down_block if folded else pooled_block)(channels, width, norm, dims))
            channels = width
        layers += [ResidualBlock(channels, norm, dims) for _ in range(residual_blocks)]
        self.features = nn.Sequential(*layers)
        self.dense = nn.Sequential(
            nn.Linear(channels * math.prod(bottom_size(sample_shape, widths, folded=folded)), dense_width),
            nn.Dropout(dropout),
            normalisation(norm, dense_width, 0),
            nn.LeakyReLU(LEAK),
        )
        self.head = nn.Linear(dense_width, 2 * latent_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.features(x).flatten(1)  # [n, width * prod(bottom size)]
        mean, log_variance = self.head(self.dense(h)).float().chunk(2, dim=1)  # each [n, latent_dim]
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return mean, log_variance.clamp(-16, 8)


class ConvDecoder(nn.Module):
    """Code [n, latent_dim] to the logits of an image [n, c, *size]: the reverse of `ConvEncoder`."""

    def __init__(
        self,
        sample_shape: tuple[int, ...],
        widths: tuple[int, ...],
        dense_width: int,
        latent_dim: int,
        *,
        residual_blocks: int,
        norm: str,
        dropout: float,
        folded: bool,
    ) -> None:
        super().__init__()
        dims = len(sample_shape) - 1
        self.bottom = (widths[-1], *bottom_size(sample_shape, widths, folded=folded))
        self.dense = nn.Sequential(
            nn.Linear(latent_dim, dense_width),
            nn.Dropout(dropout),
            normalisation(norm, dense_width, 0),
            nn.LeakyReLU(LEAK),
            nn.Linear(dense_width, math.prod(self.bottom)),
        )
        layers: list[nn.Module] = [ResidualBlock(widths[-1], norm, dims) for _ in range(residual_blocks)]
        layers += [normalisation(norm, widths[-1], dims), nn.LeakyReLU(LEAK)]
        channels = [*reversed(widths)]
        for inputs, outputs in itertools.pairwise(channels):
            layers.append((up_block if folded else upsampled_block)(inputs, outputs, norm, dims))
        if folded:
            layers += [up_block(channels[-1], FINE_WIDTH, norm, dims)]
            layers += [CONV[dims](FINE_WIDTH, sample_shape[0] * 2**dims, 1), DepthToSpace()]
        else:
            layers += [upsampled_block(channels[-1], channels[-1], norm, dims)]
            layers += [CONV[dims](channels[-1], sample_shape[0], 3, padding=1)]
        self.features = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        h = self.dense(z).unflatten(1, self.bottom)  # [n, width, *bottom size]
        return self.features(h)


def bottom_size(sample_shape: tuple[int, ...], widths: tuple[int, ...], *, folded: bool) -> tuple[int, ...]:
    """Return the sides after every halving of an encoder. folded: as there; otherwise nobody chooses the widths.

    Raises InputError, naming the flag, where a side cannot be halved so often.
    """
    return halved(sample_shape, len(widths), fixed=1) if folded else halved(sample_shape, 0, fixed=len(widths))
