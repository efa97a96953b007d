"""Self-attention over the maps of an image, on a pooled grid so that its map fits into memory.

Wei's thesis, section 4.2.2 and figure 4.1, after SAGAN (Zhang et al. 2018, arXiv:1805.08318).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from brainlab.errors import InputError
from brainlab.networks.blocks import CONV

REDUCTION = 8
"""How many times fewer maps keys, queries and values have than the input."""

_MAX_POOL: dict[int, type[nn.Module]] = {2: nn.MaxPool2d, 3: nn.MaxPool3d}


class FlexibleSelfAttention(nn.Module):
    """y = gamma * o + x, where o looks at every location of the image: [n, channels, *sides] -> the same shape.

    The maps are max-pooled in blocks of `pool` voxels a side, which leaves N places. From them come keys f, queries g
    and values h of channels / 8 maps by convolutions of kernel 1 without bias. Then (equations 4.1 to 4.3)

        beta[j, i] = softmax over i of f(x_i) . g(x_j),    o_j = sum over i of beta[j, i] h(x_i).

    A convolution of kernel 1 brings o back to `channels` maps, which the thesis does not mention but its sum with x
    needs (SAGAN, section 3, has it), and each block of voxels gets the value of its place. gamma begins at 0, so that
    a fresh layer returns its input.

    pool: voxels a side of a block; the attention map has pool^dims times fewer rows, and columns, than at 1.
        Where a side does not divide by it, the last block is smaller.
    dims: 2 for slices, 3 for volumes.
    Raises InputError where the channels are no multiple of 8 or the pool is below 1.
    """

    def __init__(self, channels: int, pool: int = 1, dims: int = 3) -> None:
        super().__init__()
        if channels < REDUCTION or channels % REDUCTION:
            raise InputError(f"self-attention: needs a multiple of {REDUCTION} maps, got {channels}; change the widths")
        if pool < 1:
            raise InputError(f"self-attention: needs a pool of 1 voxel or more, got {pool}; give 1 to pool nothing")
        inner = channels // REDUCTION
        self.pool = pool
        self.reduce = _MAX_POOL[dims](pool, ceil_mode=True)
        self.keys = CONV[dims](channels, inner, 1, bias=False)
        self.queries = CONV[dims](channels, inner, 1, bias=False)
        self.values = CONV[dims](channels, inner, 1, bias=False)
        self.restore = CONV[dims](inner, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.reduce(x)  # [n, channels, *ceil(sides / pool)]
        keys, queries, values = self._project(pooled)
        # One head and no division by the root of the width: equation 4.1 without storing its map.
        found = scaled_dot_product_attention(queries[:, None], keys[:, None], values[:, None], scale=1.0)
        o = self.restore(found[:, 0].transpose(1, 2).unflatten(2, pooled.shape[2:]))  # [n, channels, *pooled sides]
        return self.gamma * self._spread(o, x.shape[2:]) + x

    def attention_map(self, x: Tensor) -> Tensor:
        """Return beta of equation 4.1, whose rows sum to 1: [n, channels, *sides] -> [n, N, N].

        Row j says how much place j takes from each place; places count the last side fastest. `forward` never stores
        it: at 32^3 places it is 4 GiB.
        """
        keys, queries, _ = self._project(self.reduce(x))
        return torch.softmax(queries @ keys.transpose(1, 2), dim=2)

    def _project(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return keys, queries and values of each place, each [n, N, channels / 8]."""
        # Contiguous, since torch stores the whole map where the maps of a place do not lie side by side.
        keys, queries, values = (
            layer(pooled).flatten(2).transpose(1, 2).contiguous() for layer in (self.keys, self.queries, self.values)
        )
        return keys, queries, values

    def _spread(self, o: Tensor, sides: torch.Size) -> Tensor:
        """Give each voxel what its block has: [n, channels, *pooled sides] -> [n, channels, *sides]."""
        for axis, side in enumerate(sides, start=2):
            o = o.repeat_interleave(self.pool, axis).narrow(axis, 0, side)
        return o
