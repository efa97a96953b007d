"""What every generator can do: decode a code, draw a sample; some also encode, have styles, or draw what is asked."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from brainlab.methods.conditions import Condition
from brainlab.methods.prior import Noise, Prior
from brainlab.networks.codes.slice_gaussian import SliceGaussian


class Posterior(NamedTuple):
    """What an encoder says of images: mean and log-variance of their codes, each [n, *code_shape].

    log_variance: None where the method knows no spread, as a plain autoencoder or an inverted flow.
    """

    mean: Tensor
    log_variance: Tensor | None = None


class Generator(nn.Module, ABC):
    """A network that turns codes [n, *prior.code_shape] into images [n, *sample_shape] in [0, 1].

    sample_shape: channel first, (1, 40, 48, 40) for volumes and (1, 128, 128) for slices.
    prior: what codes are drawn from.
    """

    sample_shape: tuple[int, ...]
    prior: Prior

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Return images [n, *sample_shape] in [0, 1] of codes [n, *code_shape]; the same codes give the same images."""

    def sample(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        """Draw `n` images: codes from the prior, decoded. Truncation below 1 stays nearer the prior's mean."""
        return self.decode(self.prior.draw(n, noise, truncation).to(next(self.parameters()).device))


class Autoencoder(Generator):
    """A generator that also gives a code to an image it is shown (ability `encode`)."""

    @abstractmethod
    def encode(self, x: Tensor) -> Posterior:
        """Return the posterior of images [n, *sample_shape]."""

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return the decoded posterior mean of images: [n, *sample_shape] -> [n, *sample_shape]."""
        return self.decode(self.encode(x).mean)


class Stacked(Autoencoder):
    """An autoencoder of volumes that codes each slice for itself (ability `stack`); codes are [T slices, L].

    gaussian: of the slices' codes over a volume; the prior draws from it.  plane: of the slices.
    """

    gaussian: SliceGaussian
    plane: str


class StyleBased(Generator):
    """A generator that shows a code by a style at each of its levels, coarse to fine (ability `styles`).

    A code has one style for all levels (W of Karras et al. 2019); each level may also be given one of its own (W+).

    levels: a name for each level, coarsest first: the size of the maps whose look it sets, such as `4x4`.
    mean_style: [style_dim], the style that truncation leads to and that a code of zeros has.
    """

    levels: tuple[str, ...]
    mean_style: Tensor

    @abstractmethod
    def style(self, z: Tensor) -> Tensor:
        """Return the styles [n, style_dim] of codes [n, *code_shape]; truncation is in the code, not here."""

    @abstractmethod
    def from_styles(self, styles: Tensor) -> Tensor:
        """Return images [n, *sample_shape] in [0, 1] of styles [n, levels, style_dim], with gradients to them."""

    def at_all_levels(self, w: Tensor) -> Tensor:
        """Repeat styles for every level: [n, style_dim] -> [n, levels, style_dim]."""
        return w[:, None].expand(-1, len(self.levels), -1)

    def decode(self, z: Tensor) -> Tensor:
        return self.from_styles(self.at_all_levels(self.style(z)))


class Conditional(Generator):
    """A generator that draws what it is asked for (ability `condition`); one that encodes takes a condition there too.

    conditions: what it can be told; none before its training has looked at the scans, or where its config asks for
        none.
    """

    conditions: tuple[Condition, ...]

    @abstractmethod
    def decode(
        self,
        z: Tensor,
        condition: Mapping[str, Tensor] | None = None,
        guidance: float = 1.0,
        away_from: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        """Return images [n, *sample_shape] of codes that show what they are told.

        condition: of each of `conditions` what `Condition.encode` returns, [n]; None tells nothing, as do codes of
            nothing for each.
        guidance: 1 follows the condition as it was learnt, more exaggerates it.
        away_from: the condition that guidance leads away from; None is that of nothing told. Where it is that of a scan
            and `condition` what the scan is to show, only what differs between them is exaggerated.
        """
