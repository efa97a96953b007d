"""Scores of images as a Gaussian that depends on what the images show."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

LEAST_VARIANCE = 1e-3
"""Added to every variance, so that what does not vary or depends on the rest can be divided by; also more than what
16 bits round off."""

POWERS = 2
"""Of a number that scores depend on: ventricles grow ever faster with age."""


class ConditionalGaussian(nn.Module):
    """A joint Gaussian of conditions and scores; of what is not told, the scores keep the spread.

    A word counts as one of several places, 0 or 1, a number with its square. Given those that are told, the scores are
    Gaussian with (Bishop 2006, "Pattern Recognition and Machine Learning", equations 2.81 and 2.82)

        mean m_s + C_st C_tt^-1 (t - m_t)   covariance C_ss - C_st C_tt^-1 C_ts

    sizes: number of words of each condition by its name; 0 of numbers.  rank: number of scores.
    Buffers: `mean` [conditions' features + rank], `covariance` [the same, the same]; standard normal before `fit`.
    """

    mean: Tensor
    covariance: Tensor

    def __init__(self, sizes: Mapping[str, int], rank: int) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        self.width = sum(size or POWERS for size in self.sizes.values())
        self.register_buffer("mean", torch.zeros(self.width + rank))
        self.register_buffer("covariance", torch.zeros(self.width + rank, self.width + rank))
        # `torch.eye` would load PyTorch's compiler where a preset is only outlined.
        self.covariance.diagonal().fill_(1)

    def fit(self, scores: Tensor, condition: Mapping[str, Tensor] | None) -> None:
        """Take mean and covariance of scores [n, rank] and of conditions; one that is not told counts as the mean."""
        features, told = self._features(condition, len(scores))
        means = (features * told).sum(0) / told.sum(0).clamp(min=1)
        both = torch.cat((torch.where(told, features, means), scores.double()), dim=1)
        departures = both - both.mean(0)
        self.mean.copy_(both.mean(0))
        self.covariance.copy_(departures.T @ departures / len(both))

    def given(self, condition: Mapping[str, Tensor] | None, n: int) -> tuple[Tensor, Tensor]:
        """Return the scores' mean, [n, rank], and a lower root of their covariance, [n, rank, rank].

        condition: each [n]; the place of a word from 1 on, 0 not told; a scaled number, NaN not told.
        """
        features, told = self._features(condition, n)
        # In 64 bits, which mixed precision leaves alone.
        mean, covariance = self.mean.double(), self.covariance.double()
        covariance = covariance + LEAST_VARIANCE * torch.eye(len(mean), dtype=torch.double, device=mean.device)
        own = slice(self.width, None)
        means, roots = mean[own].repeat(n, 1), covariance.new_empty(n, len(mean) - self.width, len(mean) - self.width)
        for pattern in told.unique(dim=0) if self.width else told[:1]:
            rows, known = (told == pattern).all(1), pattern.nonzero()[:, 0]
            shared = covariance[own][:, known]  # [rank, k]
            slopes = torch.linalg.solve(covariance[known][:, known], shared.T).T
            means[rows] += (features[rows][:, known] - mean[known]) @ slopes.T
            roots[rows] = torch.linalg.cholesky(covariance[own, own] - slopes @ shared.T)
        return means.float(), roots.float()

    def _features(self, condition: Mapping[str, Tensor] | None, n: int) -> tuple[Tensor, Tensor]:
        """Return what conditions count as, and where they are told, both [n, width]."""
        device = self.mean.device
        features, told = [torch.zeros(n, 0, device=device)], [torch.zeros(n, 0, dtype=torch.bool, device=device)]
        for name, size in self.sizes.items():
            if condition is None:
                value = torch.zeros(n, size or POWERS, device=device)
                known = torch.zeros(n, dtype=torch.bool, device=device)
            elif size:
                known = condition[name] > 0
                value = one_hot((condition[name] - 1).clamp(min=0), size)
            else:
                known = condition[name].isfinite()
                number = condition[name].nan_to_num()
                value = torch.stack([number**power for power in range(1, POWERS + 1)], dim=1)
            features.append(value)
            told.append(known[:, None].expand_as(value))
        return torch.cat([each.double() for each in features], dim=1), torch.cat(told, dim=1)
