"""Weights with eight bits each: a quarter of the room of float32, for dense layers, which hold most of a small run.

A row of a dense layer, or of a stack of matrices, is kept as whole numbers from -127 to 127 and one scale, the largest
magnitude in the row over 127. Rounding leaves each weight within half a scale of what it was; a row sums hundreds of
them, whose errors cancel.
"""

import torch
from torch import Tensor

SCALE = ":scale"
"""Ends the name of a packed weight's scales, and no name of a network's own."""

PACKED_FROM = 2**19
"""Weights in a dense layer from which packing saves half a megabyte or more of float16."""


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a network's tensors by name with those of large dense layers packed.

    A packed weight [..., rows, columns] keeps its name, as int8; its scales [..., rows, 1] stand beside it as float32.
    """
    packed = dict(state)
    for name, weight in state.items():
        if weight.is_floating_point() and weight.ndim in (2, 3) and weight.numel() >= PACKED_FROM:
            weight = weight.float()
            scale = (weight.abs().amax(-1, keepdim=True) / 127).clamp(min=torch.finfo(torch.float32).tiny)
            packed[name], packed[name + SCALE] = (weight / scale).round().to(torch.int8), scale
    return packed


def unpack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what `pack` was given, float32 where it is packed, within half a scale of what it was."""
    scales = {name: state[name + SCALE] for name in state if name + SCALE in state}
    kept = {name: value for name, value in state.items() if name.removesuffix(SCALE) not in scales or name in scales}
    return kept | {name: state[name].float() * scale for name, scale in scales.items()}
