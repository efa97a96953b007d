"""A codebook: the vectors that a VQ-VAE's encodings are replaced by (van den Oord et al. 2017, section 3.1)."""

import torch
from torch import Tensor, nn


class Codebook(nn.Module):
    """Learnt vectors [entries, channels]; an encoding is replaced by the nearest of them."""

    def __init__(self, entries: int, channels: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.empty(entries, channels))
        nn.init.uniform_(self.vectors, -1 / entries, 1 / entries)

    def nearest(self, z: Tensor) -> Tensor:
        """Return the index of the vector nearest to each encoding (equation 1): [n, channels, *size] -> [n, *size]."""
        encodings = z.detach().float().movedim(1, -1)  # [n, *size, channels]
        # Distances as they are defined: the expansion |z|^2 + |e|^2 - 2 z.e is faster and mistakes close neighbours.
        distances = torch.cdist(
            encodings.flatten(0, -2), self.vectors.detach().float(), compute_mode="donot_use_mm_for_euclid_dist"
        )
        return distances.argmin(1).view(encodings.shape[:-1])

    def vectors_of(self, indices: Tensor) -> Tensor:
        """Return the vectors of indices: [n, *size] -> [n, channels, *size]."""
        return nn.functional.embedding(indices, self.vectors).movedim(-1, 1)

    def quantise(self, z: Tensor) -> Tensor:
        """Replace each encoding by the vector nearest to it: [n, channels, *size] -> the same."""
        return self.vectors_of(self.nearest(z))


def straight_through(z: Tensor, quantised: Tensor) -> Tensor:
    """Return the value of `quantised` with the gradient handed on to `z` unchanged (figure 1 and section 3.2)."""
    return z + (quantised - z).detach()


def perplexity(counts: Tensor) -> float:
    """Return the number of entries, all used alike, that would be as hard to guess: exp(-sum p log p).

    counts: how often each entry was used, [entries]; 1 where only one was, or none.
    """
    shares = counts.double() / counts.sum().clamp(min=1)
    return float(torch.special.entr(shares).sum().exp())
