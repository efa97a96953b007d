"""Convolution of volumes that learns alike in either precision."""

import torch
from torch import Tensor, nn

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
