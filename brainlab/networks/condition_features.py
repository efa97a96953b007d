"""Conditions that a network is told, as features to be added to those of the time."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class ConditionFeatures(nn.Module):
    """Words and numbers of images to features [n, width]: a learnt vector of each word, two layers for a number.

    Features of several conditions are summed. Those of what is not told are 0, so that a network that is told nothing
    is the network without conditions.
    sizes: number of words of each condition by its name; 0 of numbers.
    """

    def __init__(self, sizes: Mapping[str, int], width: int) -> None:
        super().__init__()
        self.words = nn.ModuleDict({name: nn.Embedding(size, width) for name, size in sizes.items() if size})
        self.numbers = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(1, width), nn.SiLU(), nn.Linear(width, width))
                for name, size in sizes.items()
                if not size
            }
        )

    def forward(self, condition: Mapping[str, Tensor]) -> Tensor:
        """condition: each [n]; the place of a word from 1 on, 0 not told; a scaled number, NaN not told."""
        found = []
        for name, layer in self.words.items():
            place = condition[name]
            found.append(layer((place - 1).clamp(min=0)) * (place > 0)[:, None])
        for name, layer in self.numbers.items():
            value = condition[name][:, None]  # [n, 1]
            found.append(layer(value.nan_to_num()) * value.isfinite())
        return torch.stack(found).sum(0)


def drop_conditions(condition: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return conditions of which images are told less: with this probability nothing, and else each but by chance.

    An image is told nothing with probability `share` (classifier-free guidance; Ho and Salimans 2022, algorithm 1).
    Of the others each condition is left out by itself with the same probability, so that some can be told alone.
    """
    first = next(iter(condition.values()))
    nothing = torch.rand(len(first), device=first.device) < share
    return {
        name: value.masked_fill(
            nothing | (torch.rand(len(value), device=value.device) < share),
            torch.nan if value.is_floating_point() else 0,
        )
        for name, value in condition.items()
    }
