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

    def read_noise(self, noise: Tensor, condition: Condition) -> Tensor:
        """Return the scores that noise stands for under a condition: [n, *shape] -> [n, rank]."""
        mean, root = self.scores.given(condition, len(noise))
        return mean + torch.einsum("nij,nj->ni", root, self.components.project(noise, self.ones))

    def write_noise(self, noise: Tensor, scores: Tensor, condition: Condition) -> Tensor:
        """Return noise [n, *shape] that stands for these scores under a condition, and else is as it was."""
        mean, root = self.scores.given(condition, len(noise))
        wanted = torch.linalg.solve_triangular(root, (scores - mean)[..., None], upper=False)[..., 0]
        # Rounded to 8 bits, components are not quite orthogonal; in 64 bits, which mixed precision leaves alone.
        basis = self.components.components.double()
        change = (wanted - self.components.project(noise, self.ones)).double() @ torch.linalg.pinv(basis.T @ basis)
        return noise + self.components.lift(change.float(), self.ones)
