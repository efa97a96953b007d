"""A small U-Net that labels tissue in slices; its encoder gives features of brain MRI (DFC: Hou et al. 2017)."""

import itertools

from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from brainlab.errors import InputError
from brainlab.networks.blocks import depth_to_space, space_to_depth
from brainlab.networks.style import he_normal

WIDTHS = (16, 48, 128, 64)
"""Maps at a half, a quarter, an eighth and a sixteenth of the sides; the 64 coarsest are what distances compare."""


class TissueUNet(nn.Module):
    """Slices [n, 1, X, Y] in [0, 1] to the logits of each label [n, labels, X, Y].

    Blocks of 2 x 2 pixels are folded into channels first and unfolded last, so that nothing runs at full size while the
    finest features still hold every pixel. There is no normalisation: a feature of an image may depend neither on the
    others of a batch nor on the image's own contrast. The way up adds the encoder's maps to those from below.
    labels: number of labels, background included.  widths: maps at each size, each half of the one before.
    Sides of any length are padded with 0 on both ends. Raises InputError for fewer than two labels or no widths.
    """

    def __init__(self, labels: int, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        if labels < 2 or not widths:
            raise InputError(
                f"a tissue network: needs two labels and one width or more, got {labels} and {len(widths)}"
            )
        self.labels, self.widths = labels, tuple(widths)
        inputs = (4, *widths)
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(before, here, 3, stride=2 if level else 1, padding=1),
                nn.ReLU(),
                nn.Conv2d(here, here, 3, padding=1),
                nn.ReLU(),
            )
            for level, (before, here) in enumerate(itertools.pairwise(inputs))
        )
        upwards = [*itertools.pairwise(reversed(widths))]
        self.narrow = nn.ModuleList(nn.Conv2d(below, here, 1) for below, here in upwards)
        self.up = nn.ModuleList(nn.Sequential(nn.Conv2d(here, here, 3, padding=1), nn.ReLU()) for _, here in upwards)
        self.leave = nn.Conv2d(widths[0], 4 * labels, 1)
        he_normal(self)

    @property
    def factor(self) -> int:
        """What the padded sides divide by."""
        return 2 ** len(self.widths)

    def levels(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the encoder's maps of slices [n, 1, X, Y], fine to coarse: [n, width, X / 2, Y / 2] and so on."""
        return self._encode(pad(x, self._border(x)))

    def forward(self, x: Tensor) -> Tensor:
        border = self._border(x)
        *finer, h = self._encode(pad(x, border))
        for narrow, up, maps in zip(self.narrow, self.up, reversed(finer), strict=True):
            h = up(maps + interpolate(narrow(h), scale_factor=2.0))
        logits = depth_to_space(self.leave(h))
        left, _, top, _ = border  # of the last side, then of the one before
        return logits[:, :, top : top + x.shape[2], left : left + x.shape[3]].float()

    def _encode(self, x: Tensor) -> tuple[Tensor, ...]:
        h, found = space_to_depth(x), []  # [n, 4, X / 2, Y / 2]
        for block in self.down:
            h = block(h)
            found.append(h)
        return tuple(found)

    def _border(self, x: Tensor) -> tuple[int, int, int, int]:
        """Return what the last side lacks before and after, then the one before."""
        lacks = [-side % self.factor for side in (x.shape[3], x.shape[2])]
        return lacks[0] // 2, lacks[0] - lacks[0] // 2, lacks[1] // 2, lacks[1] - lacks[1] // 2
