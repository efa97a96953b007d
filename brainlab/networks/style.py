"""Networks of a style-based GAN for slices: mapping, synthesis and critic (Karras et al. 2019; DWI paper, section 2.5).

A code becomes a style w, which sets mean and spread of every map of a network whose input is a learned constant
(`adain`). Critic and upsampling are those of progressive GANs (Karras et al. 2018), all levels at once. With `haar`
both networks work on the four Haar bands of an image, at half its size.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm, leaky_relu

from brainlab.networks.blocks import LEAK
from brainlab.networks.haar import from_haar_bands, haar_bands


def adain(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Give each map of each image the mean `shift` and the standard deviation |scale| (DWI paper, equation 10).

    x: [n, c, *sides].  scale, shift: [n, c].
    """
    sides = [1] * (x.ndim - 2)
    return scale.view(*scale.shape, *sides) * instance_norm(x) + shift.view(*shift.shape, *sides)


def he_normal(network: nn.Module) -> None:
    """Draw every weight of convolutions and dense layers from N(0, 2 / fan_in), biases 0 (He et al. 2015)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def mapping(width: int, layers: int) -> nn.Sequential:
    """Return dense layers from a code [n, width] of unit mean square to a style [n, width]."""
    return nn.Sequential(*(part for _ in range(layers) for part in (nn.Linear(width, width), nn.LeakyReLU(LEAK))))


class StyleLayer(nn.Module):
    """Maps, noise, LeakyReLU, AdaIN: one layer of the synthesis.

    maps: what the layer begins with: a convolution, after upsampling where the size changes; nothing at the constant.
    While training noise is drawn anew; in evaluation it is one fixed image, so that a code has one image.
    """

    noise: Tensor

    def __init__(self, maps: nn.Module, channels: int, style_dim: int, sides: tuple[int, ...]) -> None:
        super().__init__()
        self.maps = maps
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))
        self.style = nn.Linear(style_dim, 2 * channels)
        self.register_buffer("noise", torch.randn(1, 1, *sides))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.maps(x)
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        scale, shift = self.style(w).chunk(2, dim=1)  # each [n, channels]
        return adain(leaky_relu(x + self.strength * noise, LEAK), 1 + scale, shift)


class StyleSynthesis(nn.Module):
    """Styles [n, layers, style_dim], one for each layer, to images [n, channels, *size] without bounds.

    sizes: of each layer's maps, coarsest first, such as `4x4`: two layers of each size.
    bottom: sides of the constant input.  widths: maps at each size, from the smallest up, each twice the one before.
    gain: factor on the weights with which the last convolution starts.
    """

    def __init__(
        self,
        channels: int,
        bottom: tuple[int, ...],
        widths: tuple[int, ...],
        style_dim: int,
        *,
        haar: bool,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.haar = haar
        self.constant = nn.Parameter(torch.randn(1, widths[0], *bottom))
        self.layers = nn.ModuleList()
        sizes = []
        for level, (before, width) in enumerate(itertools.pairwise((widths[0], *widths))):
            sides = tuple(side * 2**level for side in bottom)
            first = nn.Sequential(nn.Upsample(scale_factor=2), _conv(before, width)) if level else nn.Identity()
            self.layers.extend(StyleLayer(maps, width, style_dim, sides) for maps in (first, _conv(width, width)))
            sizes += ["x".join(map(str, sides))] * 2
        self.sizes = tuple(sizes)
        self.to_image = nn.Conv2d(widths[-1], channels * 4 if haar else channels, 1)
        he_normal(self)
        with torch.no_grad():
            self.to_image.weight.mul_(gain)

    def forward(self, styles: Tensor) -> Tensor:
        x = self.constant.expand(len(styles), -1, -1, -1)
        for layer, w in zip(self.layers, styles.unbind(1), strict=True):
            # Contiguous, so that a style gives the same image to the last bit however it lay among others.
            x = layer(x, w.contiguous())
        image = self.to_image(x).float()
        return from_haar_bands(image) if self.haar else image


class StyleCritic(nn.Module):
    """Images [n, channels, *size] to one value each [n], higher for real ones.

    group: images over which the standard deviation is taken that the last layers see; 0 shows them none.
    """

    def __init__(
        self, channels: int, bottom: tuple[int, ...], widths: tuple[int, ...], *, haar: bool, group: int
    ) -> None:
        super().__init__()
        self.haar, self.group = haar, group
        layers: list[nn.Module] = [nn.Conv2d(channels * 4 if haar else channels, widths[-1], 1), nn.LeakyReLU(LEAK)]
        for width, next_width in itertools.pairwise(reversed(widths)):
            layers += [_conv(width, width), nn.LeakyReLU(LEAK), _conv(width, next_width), nn.LeakyReLU(LEAK)]
            layers += [nn.AvgPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            _conv(widths[0] + (group > 0), widths[0]),
            nn.LeakyReLU(LEAK),
            nn.Flatten(),
            nn.Linear(widths[0] * math.prod(bottom), widths[0]),
            nn.LeakyReLU(LEAK),
            nn.Linear(widths[0], 1),
        )
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        h = self.features(haar_bands(x) if self.haar else x)
        if self.group:
            h = torch.cat([h, minibatch_deviation(h, self.group)], dim=1)
        return self.head(h).float().squeeze(1)


def minibatch_deviation(x: Tensor, group: int) -> Tensor:
    """Return how much the images of a group differ, as a map for each: [n, c, *sides] -> [n, 1, *sides].

    It is the standard deviation over the group, averaged over maps and positions (Karras et al. 2018, section 3):
    images that are all alike give themselves away. Groups have the largest size up to `group` that divides n.
    """
    size = next(size for size in range(min(group, len(x)), 0, -1) if len(x) % size == 0)
    groups = x.float().unflatten(0, (size, -1))  # [size, n / size, c, *sides]
    deviation = (groups.var(0, correction=0) + 1e-8).sqrt().flatten(1).mean(1)  # [n / size]
    return deviation.repeat(size).to(x.dtype).view(-1, 1, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
