"""The residual blocks of the slice VAE (Volokitin et al. 2020, section 3.1), which halve or double a slice's sides.

Read in the authors' code, as the paper draws none: two ways of convolutions of kernel 3, one and two of them, each with
batch norm and LeakyReLU of slope .2, are added.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

LEAK = 0.2


class StackNorm(nn.BatchNorm2d):
    """Batch norm that may, once trained, take the statistics of the slices it is given: of one volume's stack.

    by_stack: whether it does. The published samples are drawn so, by networks that were left in training mode; every
    volume then has the brightness and contrast of training batches, layer by layer.
    """

    def __init__(self, channels: int, *, by_stack: bool) -> None:
        super().__init__(channels)
        self.by_stack = by_stack

    def forward(self, x: Tensor) -> Tensor:
        if self.by_stack and not self.training:
            return batch_norm(x, None, None, self.weight, self.bias, training=True, eps=self.eps)
        return super().forward(x)


def convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    """Return a convolution of kernel 3 that keeps the sides, or divides them by its stride."""
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


class Down(nn.Module):
    """Halve the sides: [n, inputs, X, Y] -> [n, outputs, X / 2, Y / 2].

    last: whether no LeakyReLU follows, as before a mean or a spread.
    """

    def __init__(self, inputs: int, outputs: int, *, by_stack: bool, last: bool = False) -> None:
        super().__init__()
        self.long = nn.Sequential(
            convolution(inputs, inputs, stride=2),
            StackNorm(inputs, by_stack=by_stack),
            nn.LeakyReLU(LEAK),
            convolution(inputs, outputs),
            StackNorm(outputs, by_stack=by_stack),
        )
        self.short = nn.Sequential(convolution(inputs, outputs, stride=2), StackNorm(outputs, by_stack=by_stack))
        self.act: nn.Module = nn.Identity() if last else nn.LeakyReLU(LEAK)

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.long(x)) + self.act(self.short(x))


class Up(nn.Module):
    """Double the sides by repeated pixels: [n, inputs, X, Y] -> [n, outputs, 2 X, 2 Y]."""

    def __init__(self, inputs: int, outputs: int, *, by_stack: bool) -> None:
        super().__init__()
        self.long = nn.Sequential(
            convolution(inputs, inputs),
            nn.Upsample(scale_factor=2),
            StackNorm(inputs, by_stack=by_stack),
            nn.LeakyReLU(LEAK),
            convolution(inputs, outputs),
            StackNorm(outputs, by_stack=by_stack),
            nn.LeakyReLU(LEAK),
        )
        # The authors' code applies two LeakyReLUs here, one behind the other.
        self.short = nn.Sequential(
            convolution(inputs, outputs),
            nn.Upsample(scale_factor=2),
            StackNorm(outputs, by_stack=by_stack),
            nn.LeakyReLU(LEAK),
            nn.LeakyReLU(LEAK),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.long(x) + self.short(x)


class SliceEncoder(nn.Module):
    """Slices [n, 1, X, Y] to the mean and log-deviation of their codes, each [n, L].

    widths: channels of the first convolution and of each block.
    """

    def __init__(self, widths: tuple[int, ...], *, by_stack: bool) -> None:
        super().__init__()
        first, *inner = widths[:-1]
        self.first = nn.Sequential(convolution(1, first), StackNorm(first, by_stack=by_stack), nn.LeakyReLU(LEAK))
        pairs = zip((first, *inner), inner, strict=False)
        self.blocks = nn.Sequential(*(Down(*pair, by_stack=by_stack) for pair in pairs))
        self.mean, self.log_deviation = (Down(*widths[-2:], by_stack=by_stack, last=True) for _ in range(2))

    def silence(self, channels: int) -> None:
        """Let mean and log-deviation be 0 in the first channels of the code."""
        for head in (self.mean, self.log_deviation):
            for way in (head.long, head.short):
                _zero(way[-1], channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.blocks(self.first(x))
        # Outside these bounds exp() is 0 or huge in float32, and nothing could be learned from it.
        return self.mean(h).flatten(1).float(), self.log_deviation(h).flatten(1).float().clamp(-8, 4)


class SliceDecoder(nn.Module):
    """Codes [n, L] to slices [n, 1, X, Y], without bounds: the last convolution is linear.

    widths: as of the encoder. bottom: channels and sides of a code.
    """

    def __init__(self, widths: tuple[int, ...], bottom: tuple[int, int, int], *, by_stack: bool) -> None:
        super().__init__()
        self.bottom = bottom
        upwards = widths[::-1]
        first = upwards[-1]
        self.blocks = nn.Sequential(*(Up(*pair, by_stack=by_stack) for pair in itertools.pairwise(upwards)))
        self.last = nn.Sequential(
            convolution(first, first), StackNorm(first, by_stack=by_stack), nn.LeakyReLU(LEAK), convolution(first, 1)
        )

    def silence(self) -> None:
        """Let every slice be 0."""
        _zero(self.last[-1])

    def forward(self, z: Tensor) -> Tensor:
        slices: Tensor = self.last(self.blocks(z.unflatten(1, self.bottom)))
        return slices.float() if slices.dtype != torch.float32 else slices


@torch.no_grad()
def _zero(layer: nn.Module, channels: int | None = None) -> None:
    """Set weight and bias of the first channels of a layer to 0, of all without a number."""
    for parameter in layer.parameters():
        parameter[:channels].zero_()
