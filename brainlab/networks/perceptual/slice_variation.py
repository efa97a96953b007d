"""Vary labelled slices as generated ones and other scanners' differ, so that a network of tissue knows them too.

Whole batches are varied at once, where MONAI's transforms take one image at a time. Each draw comes from the generator
that is given, so that a training that is resumed sees what it would have seen.
"""

import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

TURN_DEGREES, SCALE, SHIFT = 10.0, 1.15, 0.06
"""Most that a slice is turned, scaled by (and down by), and moved, as a share of each side."""
GAMMA, CONTRAST, BRIGHTNESS = 1.5, 1.3, 0.05
"""Most that values are raised to or multiplied by (and the least, one over it), and that is added."""
BLUR_PIXELS, BLURRED = 1.5, 0.5
"""Largest standard deviation of the blur, and the share of slices that are blurred: variational samples are smooth."""
NOISE, NOISY = 0.06, 0.5
"""Largest standard deviation of the noise, and the share of slices that have some."""
REACH = 4
"""Pixels of the blur's kernel to each side."""
SIDES = {"left": "right", "right": "left", "lh": "rh", "rh": "lh"}
WORDS = re.compile(r"[a-z]+", re.IGNORECASE)


def mirrored(labels: Sequence[str]) -> tuple[int, ...] | None:
    """Return for each label the number of its other side's: its own without a side, None where one lacks a partner.

    Sides are told by words: `left-white` and `right-white`, FreeSurfer's `ctx-lh-insula` and `ctx-rh-insula`.
    """
    known = {name.casefold(): number for number, name in enumerate(labels)}
    other = [WORDS.sub(lambda word: SIDES.get(word[0], word[0]), name.casefold()) for name in labels]
    return tuple(known[name] for name in other) if all(name in known for name in other) else None


def vary(image: Tensor, labels: Tensor, mirror: Sequence[int] | None, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return slices [n, 1, X, Y] in [0, 1] moved and changed in intensity, and their labels [n, X, Y] moved alike.

    X runs from left to right. mirror: by label, that of the other side, by which half of the slices are mirrored; None
    mirrors nothing. Labels that it does not list, such as those that do not count, stay. random: of the CPU.
    """
    image, labels = _moved(image, labels, mirror, random)
    return _changed(image, random), labels


def _moved(
    image: Tensor, labels: Tensor, mirror: Sequence[int] | None, random: torch.Generator
) -> tuple[Tensor, Tensor]:
    n, _, height, width = image.shape
    angle = _between(n, random) * math.radians(TURN_DEGREES)
    scale = SCALE ** _between(n, random)
    flip = torch.ones(n) if mirror is None else 1 - 2 * (torch.rand(n, generator=random) < 0.5).float()
    # from (last axis, axis before it) of the result to those of the slice, both in pixels from the middle
    turn = torch.stack([angle.cos(), -angle.sin() * flip, angle.sin(), angle.cos() * flip], 1).view(n, 2, 2)
    # affine_grid counts each side from -1 to 1
    pixels = torch.tensor([width, height], dtype=torch.float32)
    linear = scale.view(n, 1, 1) * turn * pixels / pixels[:, None]
    shift = _between((n, 2), random) * 2 * SHIFT
    grid = functional.affine_grid(torch.cat([linear, shift[:, :, None]], 2), [n, 1, height, width], align_corners=False)
    grid = grid.to(image.device)
    moved = functional.grid_sample(image, grid, align_corners=False)
    placed = functional.grid_sample(labels[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].long()
    if mirror is not None:
        sides = torch.arange(256, device=image.device)
        sides[: len(mirror)] = torch.tensor(mirror, device=image.device)
        placed = torch.where((flip < 0).to(image.device).view(n, 1, 1), sides[placed], placed)
    return moved, placed


def _changed(image: Tensor, random: torch.Generator) -> Tensor:
    n = len(image)

    def each(values: Tensor) -> Tensor:
        return values.to(image.device).view(n, 1, 1, 1)

    image = image.clamp(0, 1) ** each(GAMMA ** _between(n, random)) * each(CONTRAST ** _between(n, random))
    image = image + each(_between(n, random) * BRIGHTNESS)
    blur = torch.rand(n, generator=random) * BLUR_PIXELS * (torch.rand(n, generator=random) < BLURRED)
    image = _blurred(image, blur.to(image.device))
    noise = torch.rand(n, generator=random) * NOISE * (torch.rand(n, generator=random) < NOISY)
    return (image + each(noise) * torch.randn(image.shape, generator=random).to(image.device)).clamp(0, 1)


def _blurred(image: Tensor, pixels: Tensor) -> Tensor:
    """Smooth each slice [n, 1, X, Y] by a Gaussian of its own standard deviation in pixels [n]; 0 leaves it."""
    n = len(image)
    offsets = torch.arange(-REACH, REACH + 1, device=image.device)
    kernel = torch.exp(-0.5 * (offsets / pixels.clamp(min=1e-3)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).view(n, 1, -1, 1)  # [n, 1, length, 1]
    channels = image.transpose(0, 1)  # [1, n, X, Y]
    channels = functional.conv2d(channels, kernel, padding=(REACH, 0), groups=n)
    channels = functional.conv2d(channels, kernel.transpose(2, 3), padding=(0, REACH), groups=n)
    return channels.transpose(0, 1)


def _between(size: int | tuple[int, ...], random: torch.Generator) -> Tensor:
    """Draw from -1 to 1."""
    return 2 * torch.rand(size, generator=random) - 1
