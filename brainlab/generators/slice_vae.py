"""Volumes by a VAE of slices and a Gaussian over the slices' codes (Volokitin et al. 2020, section 2.1).

Objective of the VAE, per slice and then averaged over the slices of a batch:

    L = |x - G(z)|^2 + kl_weight * KL(E(x))        z ~ E(x)

With a `linear_rank` encoder and decoder add to what the slices' first principal components say, as those of the VAE of
whole volumes do (`networks/linear/principal.py`): of a few hundred volumes there are tens of thousands of slices to
find components in, and training starts from probabilistic PCA.

When it is trained, the slices of training volumes are encoded, and `SliceGaussian` learns how each dimension of their
codes runs through a volume: draws from it decode to slices that fit together.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from brainlab.cohort.views import Batch, View, Volumes
from brainlab.errors import InputError
from brainlab.images.grid import normal_axis
from brainlab.methods.generator import Posterior, Stacked
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import Noise, Prior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.codes.slice_gaussian import SliceGaussian
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.linear.principal import PrincipalPath
from brainlab.networks.losses import kl_to_prior, squared_error
from brainlab.networks.slice_blocks import SliceDecoder, SliceEncoder
from brainlab.ranges import Count, NotNegative, Positive, Several


@dataclass(frozen=True, kw_only=True)
class SliceVAEConfig:
    """Everything that decides a slice VAE and what it learns.

    sample_shape: channel first; the two sides of a slice divide by 2 to the power of `halvings`.
    plane: of the slices that volumes are cut into, and stacked from.
    base_width: channels of the first convolution and of the first block; each further block doubles them.
    halvings: of a slice's sides, each by a block. The paper has one fewer than its code; with 5, 6 and 7 at 64, 128
        and 256 pixels, and widths of 16, 8 and 4, a slice has 256 x 2 x 2 = 1,024 numbers.
    kl_weight: of the KL, beside a squared error with a weight of 1.
    learning_rate: of Adam.
    cosine: let it fall to zero along a half cosine over the whole training; the paper keeps it constant.
    linear_rank: dimensions of a slice's code that also have a linear way in and out; 0, as in the paper, has none.
    gaussian_volumes: training volumes, evenly taken, whose codes the Gaussian is fitted to.
    stack_statistics: decode and encode with the batch norm's statistics of each volume's own slices, as the published
        samples are drawn, and not with those that training kept.
    """

    sample_shape: tuple[Count, Count, Count, Count] = (1, 64, 64, 64)
    plane: Literal["axial", "coronal", "sagittal"] = "coronal"
    base_width: Count = 16
    halvings: Several = 5
    kl_weight: Positive = 0.2
    learning_rate: Positive = 1e-3
    cosine: bool = False
    linear_rank: NotNegative = 0
    gaussian_volumes: Several = 400
    stack_statistics: bool = False


SLICES_AT_ONCE = 64
"""Slices that pass a network together, where each is decoded for itself."""


LINEAR_SLICES = 2048
"""Training slices whose principal components are found, drawn by chance: all places in a volume are among them."""


class SlicePrior(Prior):
    """Codes of all slices of a volume, [T, L], by a `SliceGaussian`."""

    def __init__(self, gaussian: SliceGaussian) -> None:
        self.gaussian = gaussian
        self.code_shape = tuple(gaussian.mean.shape)

    def draw(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        z = truncation * noise.normal(n, *self.code_shape).to(self.gaussian.mean.device)
        return self.gaussian.courses(z).float().cpu()


class SliceVAE(Stacked):
    """A VAE of slices, and a Gaussian over the codes of a volume's slices, which is its prior."""

    mean_slice: Tensor
    ones: Tensor

    def __init__(self, config: SliceVAEConfig) -> None:
        super().__init__()
        if config.sample_shape[0] != 1:
            raise InputError(f"--sample-shape: needs one channel, got {config.sample_shape[0]}")
        self.sample_shape, self.by_stack = config.sample_shape, config.stack_statistics
        self.plane = config.plane
        self.axis = 1 + normal_axis(config.plane)  # of [1, X, Y, Z]
        sides = [side for axis, side in enumerate(config.sample_shape) if axis not in (0, self.axis)]
        factor = 2**config.halvings
        if any(side % factor for side in sides):
            got = " x ".join(map(str, sides))
            raise InputError(f"--halvings: needs slices whose sides divide by {factor}, got {got}; give fewer")
        widths = (config.base_width, *(config.base_width * 2**block for block in range(config.halvings)))
        bottom = (widths[-1], sides[0] // factor, sides[1] // factor)
        self.encoder = SliceEncoder(widths, by_stack=self.by_stack)
        self.decoder = SliceDecoder(widths, bottom, by_stack=self.by_stack)
        self.gaussian = SliceGaussian(config.sample_shape[self.axis], math.prod(bottom))
        self.prior = SlicePrior(self.gaussian)
        self.principal: PrincipalPath | None = None
        if config.linear_rank:
            if config.linear_rank > math.prod(bottom):
                needed = f"needs 0 to {math.prod(bottom)}, the length of a slice's code"
                raise InputError(f"--linear-rank: {needed}, got {config.linear_rank}")
            # The objective is that of slices with this variance about what is decoded, but for a factor.
            self.principal = PrincipalPath(config.linear_rank, config.kl_weight / 2)
            self.register_buffer("mean_slice", torch.zeros(1, 1, *sides))
            self.register_buffer("ones", torch.ones(1, 1, *sides), persistent=False)

    def start_linear(self, x: Tensor) -> None:
        """Find the principal components of training volumes' slices, and let the convolutions say nothing at first."""
        if self.principal is None:
            return
        slices = self.slices(x)
        chosen = torch.randperm(len(slices), generator=torch.Generator().manual_seed(0))[:LINEAR_SLICES]
        self.mean_slice.copy_(slices.mean(0, keepdim=True))
        self.principal.fit(slices[chosen] - self.mean_slice, self.ones)
        places = math.prod(self.decoder.bottom[1:])
        self.encoder.silence(-(-len(self.principal.strength) // places))
        self.decoder.silence()

    def gaussian_of(self, slices: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and log-deviation of the codes of slices [n, 1, *sides], each [n, L]."""
        mean, log_deviation = self.encoder(slices)
        if self.principal is None:
            return mean, log_deviation
        linear_mean, linear_log_variance = self.principal.encode(slices - self.mean_slice, self.ones)
        rest = mean.shape[1] - linear_mean.shape[1]
        return mean + pad(linear_mean, (0, rest)), log_deviation + pad(linear_log_variance / 2, (0, rest))

    def slices_of(self, codes: Tensor) -> Tensor:
        """Return the slices of codes [n, L], whatever their range: [n, 1, *sides]."""
        found: Tensor = self.decoder(codes)
        return found if self.principal is None else found + self.mean_slice + self.principal.decode(codes, self.ones)

    def slices(self, x: Tensor) -> Tensor:
        """Return the slices of volumes, one behind the other: [n, 1, X, Y, Z] -> [n * T, 1, *sides]."""
        return x.movedim(1 + self.axis, 1).flatten(0, 1)

    def stack(self, slices: Tensor) -> Tensor:
        """Return the volumes of their slices: [n * T, 1, *sides] -> [n, 1, X, Y, Z]."""
        return slices.unflatten(0, (-1, self.sample_shape[self.axis])).movedim(1, 1 + self.axis)

    def encode(self, x: Tensor) -> Posterior:
        """Return mean and log-variance of the slices' codes, each [n, T, L]."""
        means, log_deviations = zip(*(self.gaussian_of(part) for part in self._parts(self.slices(x))), strict=True)
        shape = (-1, self.sample_shape[self.axis])
        return Posterior(torch.cat(means).unflatten(0, shape), 2 * torch.cat(log_deviations).unflatten(0, shape))

    def decode(self, z: Tensor) -> Tensor:
        parts = [self.slices_of(part) for part in self._parts(z.flatten(0, 1))]
        return self.stack(torch.cat(parts)).clamp(0, 1)

    def _parts(self, slices: Tensor) -> tuple[Tensor, ...]:
        """Cut slices, or their codes, into what passes a network together: volumes, where each has its statistics."""
        return slices.split(self.sample_shape[self.axis] if self.by_stack else SLICES_AT_ONCE)


class SliceVAERecipe(Recipe):
    """One optimiser over encoder and decoder; the Gaussian is fitted whenever the run is looked at."""

    generator: SliceVAE

    def __init__(self, config: SliceVAEConfig) -> None:
        self.config = config
        self.generator = SliceVAE(config)
        self.networks = {"autoencoder": self.generator}
        self.settles_on, self.looks_first = config.gaussian_volumes, config.linear_rank > 0

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        network = self.generator
        weights = [*network.encoder.parameters(), *network.decoder.parameters()]
        return {"autoencoder": torch.optim.Adam(weights, lr=self.config.learning_rate, fused=True)}

    def prepare(self, batch: Batch) -> None:
        """Find the principal components of slices."""
        self.generator.start_linear(batch.image)

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config, network = self.optimisers["autoencoder"], self.config, self.generator
        set_learning_rate(
            optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine, warm_up=1
        )
        x = network.slices(batch.image)
        mean, log_deviation = network.gaussian_of(x)
        noise = torch.randn_like(mean.unflatten(0, (len(batch.image), -1))).flatten(0, 1)  # of volumes, then slices
        z = mean + log_deviation.exp() * noise
        error = squared_error(network.slices_of(z), x).mean()
        kl = kl_to_prior(mean, 2 * log_deviation).mean()
        loss = error + config.kl_weight * kl
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item()}

    def settle(self, generator: SliceVAE, batches: Iterator[Batch]) -> None:  # type: ignore[override]
        """Fit the Gaussian to the codes of training volumes."""
        generator.gaussian.fit(generator.encode(batch.image).mean for batch in batches)


def view(config: SliceVAEConfig) -> View:
    """Return what a slice VAE reads: whole volumes, of which each gives all its slices to a batch, as published."""
    return Volumes()


PAPER = "slice VAE paper, sections 2.1 and 3.1"
BUDGET = "960 volumes, batches of {}; the epochs are not printed (the authors' code loads those of epoch 155 at 64)"
_TINY: dict[str, Any] = {"base_width": 4, "halvings": 2, "gaussian_volumes": 8}

# A batch is of whole volumes: 128 slices are two volumes at 64 and one at 128, as the authors' code reads them.
METHOD = Method(
    name="slice-vae",
    title="Slice VAE",
    config=SliceVAEConfig,
    network=SliceVAE,
    recipe=SliceVAERecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "stack"}),
    small=(
        SliceVAEConfig(sample_shape=(1, 8, 6, 12), **_TINY),
        SliceVAEConfig(sample_shape=(1, 8, 8, 6), plane="axial", linear_rank=5, stack_statistics=True, **_TINY),
    ),
    presets={
        "slice-vae-64": Preset(
            config=SliceVAEConfig(stack_statistics=True),
            schedule=Schedule(epochs=155, batch_size=2, ema_decay=0.0),
            recipe="t1-cube-64",
            source=PAPER,
            budget=BUDGET.format("128 slices"),
        ),
        "slice-vae-64-small": Preset(
            config=SliceVAEConfig(base_width=8, linear_rank=256, cosine=True, stack_statistics=True),
            schedule=Schedule(epochs=12, batch_size=1, ema_decay=0.998, look_every=4),
            recipe="t1-cube-64",
            source=PAPER + "; the linear way is brainlab's own",
            budget=BUDGET.format("128 slices"),
        ),
        "slice-vae-128": Preset(
            config=SliceVAEConfig(sample_shape=(1, 128, 128, 128), base_width=8, halvings=6, stack_statistics=True),
            schedule=Schedule(epochs=155, batch_size=1, ema_decay=0.0),
            recipe="t1-cube-128",
            source=PAPER,
            budget=BUDGET.format("128 slices"),
        ),
        "slice-vae-256": Preset(
            config=SliceVAEConfig(sample_shape=(1, 256, 256, 256), base_width=4, halvings=7, stack_statistics=True),
            schedule=Schedule(epochs=155, batch_size=1, ema_decay=0.0),
            recipe="t1-cube-256",
            source=PAPER,
        ),
    },
)
