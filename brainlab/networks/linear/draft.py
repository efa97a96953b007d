"""A first draft of an image: what of it is linear, drawn from a part of the noise that a flow starts from."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from brainlab.networks.linear.conditional_gaussian import ConditionalGaussian
from brainlab.networks.linear.principal import PrincipalPath

NOISE_VARIANCE = 1e-6
"""Far below any component's variance: an image's own share of each component is taken as it is."""

Condition = Mapping[str, Tensor] | None


class LinearDraft(nn.Module):
    """Mean image and first principal components, whose scores are Gaussian given what the image shows.

    Which draft an image has is written into noise: the noise's own share of each component, standard normal as all
    shares of white noise are, says how far the draft's scores lie from what the condition lets expect. So noise of an
    image's own size is all that it takes to draw one, and the same noise under another condition is the same person.

    shape: of images, channel first.  rank: components.  sizes: words of each condition, 0 of numbers.
    """

    mean: Tensor
    ones: Tensor

    def __init__(self, shape: tuple[int, ...], rank: int, sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.components = PrincipalPath(rank, NOISE_VARIANCE)
        self.scores = ConditionalGaussian(sizes, rank)
        self.register_buffer("mean", torch.zeros(1, *shape))
        self.register_buffer("ones", torch.ones(1, *shape), persistent=False)

    def fit(self, images: Tensor, condition: Condition) -> None:
        """Find mean, components and their scores given conditions from training scans [n, *shape]."""
        self.mean.copy_(images.mean(0, keepdim=True))
        self.components.fit(images - self.mean, self.ones)
        self.scores.fit(self.read(images), condition)

    def read(self, images: Tensor) -> Tensor:
        """Return the scores of images in units of their spread: [n, *shape] -> [n, rank]."""
        return self.components.encode(images - self.mean, self.ones)[0]

    def draw(self, scores: Tensor) -> Tensor:
        """Return the drafts of scores: [n, rank] -> [n, *shape]."""
        return self.mean + self.components.decode(scores, self.ones)

    def beside(self, images: Tensor) -> Tensor:
        """Return images [n, *shape] less what they hold of the components, as a scan less its draft is.

        What a network draws beside a draft does hold some. Left in, it takes back a tenth of what a condition asks for,
        and scans come back from their codes with four times the error (`flow-40`).
        """
        return images - self._holding(self.components.project(images, self.ones))

    def read_noise(
        self, noise: Tensor, condition: Condition, guidance: float = 1.0, away_from: Condition = None
    ) -> Tensor:
        """Return the scores that noise stands for under a condition: [n, *shape] -> [n, rank].

        guidance: how many times as far from the scores under `away_from`, or where nothing is told, as it would be.
        """
        shares = self.components.project(noise, self.ones)
        scores = self._given(shares, condition)
        if guidance == 1:
            return scores
        other = self._given(shares, away_from or None)
        return other + guidance * (scores - other)

    def of_noise(
        self, noise: Tensor, condition: Condition, guidance: float = 1.0, away_from: Condition = None
    ) -> Tensor:
        """Return the drafts that noise stands for, guided as its scores are: [n, *shape] -> the same."""
        return self.draw(self.read_noise(noise, condition, guidance, away_from))

    def write_noise(self, noise: Tensor, scores: Tensor, condition: Condition) -> Tensor:
        """Return noise [n, *shape] that stands for these scores under a condition, and else is as it was."""
        mean, root = self.scores.given(condition, len(noise))
        wanted = torch.linalg.solve_triangular(root, (scores - mean)[..., None], upper=False)[..., 0]
        return noise + self._holding(wanted - self.components.project(noise, self.ones))

    def _given(self, shares: Tensor, condition: Condition) -> Tensor:
        mean, root = self.scores.given(condition, len(shares))
        return mean + torch.einsum("nij,nj->ni", root, shares)

    def _holding(self, shares: Tensor) -> Tensor:
        """Return what has these shares of the components, [n, rank], and nothing beside them: [n, *shape]."""
        # Rounded to 8 bits, components are not quite orthogonal; in 64 bits, which mixed precision leaves alone.
        basis = self.components.components.double()
        amounts = shares.double() @ torch.linalg.pinv(basis.T @ basis)
        return self.components.lift(amounts.float(), self.ones)
