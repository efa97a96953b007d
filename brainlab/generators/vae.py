"""The variational autoencoder of the FLAIR IntroVAE paper (sections 3.1 and 4.4), for volumes and for slices.

Objective, per sample and then averaged over the batch:

    L = reconstruction_weight * |x - G(z)|^2 + KL(E(x))        z ~ E(x)
"""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from brainlab.cohort.views import Batch, Slices, View, Volumes
from brainlab.errors import InputError
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.blocks import ConvDecoder, ConvEncoder
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.linear.principal import PrincipalPath
from brainlab.networks.losses import draw_posterior, kl_to_prior, squared_error
from brainlab.ranges import Count, NotNegative, Positive, ShareBelow1, Weight


@dataclass(frozen=True, kw_only=True)
class VAEConfig:
    """Everything that decides a VAE and what it learns.

    latent_dim: length of a code.
    sample_shape: channel first.
    plane: which slices are read, where `sample_shape` is that of slices.
    widths: channels after each halving of the sides that follows the folding of 2 x 2 x 2 voxels into channels.
    dense_width: features of the one dense layer between the convolutions and the code; the paper prints none.
    residual_blocks: blocks at the smallest size, in the encoder and in the decoder.
    norm: `group`, `batch` or `none`.
    dropout: share of dense features dropped while training; never at encoding or sampling.
    reconstruction_weight: nats for one unit of summed squared error, that is 1 / (2 sigma^2) of a Gaussian likelihood
        over intensities in [0, 1]. 4 equals a weight of 4 * 76,800 on the mean squared error of 40 x 48 x 40 voxels.
    even_voxels: divide each voxel's squared error by that voxel's variance over training scans (scaled so that the
        whole keeps its size): a Gaussian likelihood with a sigma per voxel, in which a lesion in even white matter
        weighs more than one more fold of cortex.
    bright_weight: what is added to the weight of a voxel's squared error for each standard deviation, from the second
        to the fifth, by which it is brighter than it usually is. A lesion on FLAIR is a few bright voxels, which the
        error of all others drowns: codes learnt with 10 tell multiple sclerosis better from what resembles it, for a
        fifth more squared error.
    learning_rate: of Adam with betas (0.9, 0.99).
    cosine: let the learning rate fall to zero along a half cosine over the whole training.
    flip: mirror each training scan left to right with probability 1/2.
    linear_rank: dimensions of the code that also have a linear way in and out: the training scans' first principal
        components, found before the first step and then fixed (`networks/linear/principal.py`). 0 has none.
    paper_exact: the paper's layers: batch norm, convolution and pooling from the full resolution down.
    """

    latent_dim: Count = 8
    sample_shape: tuple[int, ...] = (1, 40, 48, 40)
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    widths: tuple[Count, ...] = (64, 64)
    dense_width: Count = 256
    residual_blocks: NotNegative = 0
    norm: Literal["group", "batch", "none"] = "batch"
    dropout: ShareBelow1 = 0.0
    reconstruction_weight: Positive = 4.0
    even_voxels: bool = False
    bright_weight: Weight = 0.0
    learning_rate: Positive = 1e-3
    cosine: bool = True
    flip: bool = False
    linear_rank: NotNegative = 0
    paper_exact: bool = False


PAPER_WIDTHS = (16, 32, 64)
"""Channels of the paper's three pooled blocks; only the last is printed."""


FULL_SCALE = 1 - 1 / 512
"""What is stored as 1 in 8 bits lies above."""
SPREAD_FLOOR = 0.05
"""Smallest standard deviation by which a voxel is divided before it is encoded; background has none of its own."""


USUAL_SDS, BRIGHT_SDS = 1.0, 4.0
"""Standard deviations above its mean from which a voxel counts as bright, and how many more count."""


class GaussianAutoencoder(Autoencoder):
    """An autoencoder whose posterior is a Gaussian without correlations: what VAEs and IntroVAEs train.

    encoder, decoder: the two players of an IntroVAE.
    """

    encoder: nn.Module
    decoder: nn.Module

    @abstractmethod
    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the posterior, each [n, latent_dim], of images [n, *sample_shape]."""

    def encode(self, x: Tensor) -> Posterior:
        return Posterior(*self.gaussian(x))

    def error(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        """Return the error of each image that training minimises, both [n, *sample_shape]: [n]."""
        return squared_error(reconstruction, x)


class VAE(GaussianAutoencoder):
    """Convolutional autoencoder with a Gaussian code, centred on the mean of its training scans.

    The encoder sees each voxel's departure from that mean in units of its spread; the decoder adds to the mean's logit.
    So neither has to learn the average brain first, and a lesion in even white matter speaks as loudly as a gyrus.
    With a `linear_rank` encoder and decoder add to what principal components say of the departure, so that training
    starts from probabilistic PCA. Such a sum may leave the range: once trained, an image with more voxels above full
    scale than training scans have at it is scaled down until it has no more, as preparation scales scans. (In training
    this would leave the size of the sum without any limit, and an adversary lets it grow.) Before `centre`, and always
    under `paper_exact`, images go in as they are.
    """

    encoder: ConvEncoder
    decoder: ConvDecoder
    mean: Tensor
    spread: Tensor
    logit: Tensor
    weight: Tensor
    full_share: Tensor

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        if config.flip and len(config.sample_shape) == 3 and config.plane == "sagittal":
            raise InputError("--flip: needs slices that show left and right, got sagittal ones; use --no-flip")
        self.sample_shape, self.latent_dim = config.sample_shape, config.latent_dim
        self.prior = NormalPrior(config.latent_dim)
        shared: dict[str, Any] = {
            "residual_blocks": 0 if config.paper_exact else config.residual_blocks,
            "norm": "batch" if config.paper_exact else config.norm,
            "dropout": config.dropout,
            "folded": not config.paper_exact,
        }
        widths = PAPER_WIDTHS if config.paper_exact else config.widths
        sizes = (config.sample_shape, widths, config.dense_width, config.latent_dim)
        self.encoder = ConvEncoder(*sizes, **shared)
        self.decoder = ConvDecoder(*sizes, **shared)
        self.register_buffer("mean", torch.zeros(1, *config.sample_shape))
        self.register_buffer("spread", torch.ones(1, *config.sample_shape))
        self.register_buffer("logit", torch.zeros(1, *config.sample_shape))
        self.register_buffer("weight", torch.ones(1, *config.sample_shape))
        self.register_buffer("full_share", torch.zeros(()))
        self.register_load_state_dict_pre_hook(_without_full_share)
        self.even_voxels = config.even_voxels
        self.bright_weight = config.bright_weight
        self.principal: PrincipalPath | None = None
        if config.linear_rank and not config.paper_exact:
            if not 0 < config.linear_rank <= config.latent_dim:
                needed = f"needs 0 to {config.latent_dim}, the length of the code"
                raise InputError(f"--linear-rank: {needed}, got {config.linear_rank}")
            self.principal = PrincipalPath(config.linear_rank, 1 / (2 * config.reconstruction_weight))

    def centre(self, images: Tensor) -> None:
        """Take mean and spread of each voxel from training scans [n, *sample_shape]."""
        self.mean.copy_(images.mean(0, keepdim=True))
        variance = images.var(0, correction=0, keepdim=True)
        self.spread.copy_(variance.sqrt().clamp(min=SPREAD_FLOOR))
        if self.even_voxels:
            even = 1 / self.spread.square()
            self.weight.copy_(even * (variance.sum() / (even * variance).sum().clamp(min=1e-12)))
        self.logit.copy_(torch.logit(self.mean, eps=0.01))
        self.full_share.copy_((images > FULL_SCALE).float().mean())
        if self.principal is not None:
            self.principal.fit(images - self.mean, self.weight)
            self._start_linear(self.principal)

    def _start_linear(self, principal: PrincipalPath) -> None:
        """Let the convolutions say nothing at first, so that training starts from the components alone."""
        rank = len(principal.strength)
        last = self.decoder.features[-2]
        with torch.no_grad():
            for name in ("weight", "bias"):
                getattr(last, name).zero_()
                getattr(self.encoder.head, name)[:rank].zero_()
            self.encoder.head.weight[self.latent_dim :][:rank].zero_()
            self.encoder.head.bias[self.latent_dim :][:rank].zero_()

    def error(self, reconstruction: Tensor, x: Tensor) -> Tensor:
        """Return the weighted squared error of each image, both [n, *sample_shape]: [n]."""
        weight = self.weight
        if self.bright_weight:
            brighter = (x - self.mean) / self.spread - USUAL_SDS
            weight = weight * (1 + self.bright_weight * brighter.clamp(0, BRIGHT_SDS))
        return squared_error(reconstruction, x, weight)

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        departures = x - self.mean
        mean, log_variance = self.encoder(departures / self.spread)
        if self.principal is None:
            return mean, log_variance
        linear_mean, linear_log_variance = self.principal.encode(departures, self.weight)
        rest = self.latent_dim - linear_mean.shape[1]
        return mean + pad(linear_mean, (0, rest)), log_variance + pad(linear_log_variance, (0, rest))

    def decode(self, z: Tensor) -> Tensor:
        if self.principal is None:
            return torch.sigmoid(self.decoder(z) + self.logit)
        image = torch.sigmoid(self.decoder(z) + self.logit) + self.principal.decode(z, self.weight)
        return self._within_range(image)

    def _within_range(self, image: Tensor) -> Tensor:
        full = 0 if self.training else round(self.full_share.item() * image[0].numel())
        if full:
            brightest = image.detach().flatten(1).float().topk(full + 1).values[:, -1]
            image = image / brightest.clamp(min=1).view(-1, *[1] * (image.ndim - 1))
        return image.clamp(0, 1)


def _without_full_share(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Let weights of runs trained before `full_share` was measured load."""
    state.setdefault(f"{prefix}full_share", torch.zeros(()))


class VAERecipe(Recipe):
    """One optimiser over encoder and decoder."""

    generator: VAE

    def __init__(self, config: VAEConfig) -> None:
        self.config = config
        self.looks_first = not config.paper_exact
        self.generator = VAE(config)
        self.networks = {"autoencoder": self.generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"autoencoder": adam(self.generator, self.config.learning_rate)}

    def prepare(self, batch: Batch) -> None:
        """Centre the network on some training scans."""
        centre(self.generator, self.config, batch.image)

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config = self.optimisers["autoencoder"], self.config
        set_learning_rate(optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine)
        x = flip_half(batch.image) if config.flip else batch.image
        mean, log_variance = self.generator.gaussian(x)
        reconstruction = self.generator.decode(draw_posterior(mean, log_variance))
        error = self.generator.error(reconstruction, x).mean()
        kl = kl_to_prior(mean, log_variance).mean()
        loss = config.reconstruction_weight * error + kl
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item(), "squared_error": error.item(), "kl_real": kl.item()}


def centre(generator: VAE, config: VAEConfig, images: Tensor) -> None:
    """Centre a network on training scans [n, *sample_shape], every second one mirrored if training mirrors them."""
    if config.flip:
        images = images.clone()
        images[::2] = images[::2].flip(2)
    generator.centre(images)


def adam(network: nn.Module, learning_rate: float) -> torch.optim.Adam:
    """Return Adam over a network's weights; the fused kernel saves a tenth of a step on a CPU."""
    return torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(0.9, 0.99), fused=True)


def flip_half(x: Tensor) -> Tensor:
    """Mirror about half of the images [n, c, X, ...] along their first side, left to right in RAS order."""
    chosen = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) < 0.5
    return torch.where(chosen, x.flip(2), x)


def view(config: VAEConfig) -> View:
    """Return what a VAE reads: volumes or slices, by the sides of its images."""
    return Volumes() if len(config.sample_shape) == 4 else Slices(config.plane)


def volumes_have_no_plane(sample_shape: tuple[int, ...]) -> dict[str, str]:
    """Name the plane as a setting without effect where images are volumes."""
    return {"plane": f"on volumes ({' x '.join(map(str, sample_shape[1:]))})"} if len(sample_shape) == 4 else {}


def without_effect(config: VAEConfig) -> dict[str, str]:
    """Name the settings that the paper's layers overrule, and the plane where volumes are read.

    The weights of voxels come from `centre`, which the paper's version does without.
    """
    found = volumes_have_no_plane(config.sample_shape)
    if config.paper_exact:
        names = ("widths", "residual_blocks", "norm", "even_voxels", "bright_weight", "linear_rank")
        found |= dict.fromkeys(names, "with --paper-exact")
    return found


def check_batch(config: VAEConfig, images: int) -> None:
    """Refuse batches of one image where there is batch norm, for one image has no statistics."""
    if images < 2 and (config.norm == "batch" or config.paper_exact):
        raise InputError(f"--batch-size: needs 2 or more images on each device for batch norm, got {images}")


_START: dict[str, Any] = {"even_voxels": True, "flip": True, "reconstruction_weight": 12.0}
SMALL: dict[str, Any] = {"latent_dim": 4, "widths": (8, 8), "dense_width": 16, "linear_rank": 2, "flip": True}
SMALL_SHAPES = ((1, 8, 8, 8), (1, 16, 8))
FLAIR = "FLAIR IntroVAE paper, section 4.4"

METHOD = Method(
    name="vae",
    title="VAE",
    config=VAEConfig,
    network=VAE,
    recipe=VAERecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "walk"}),
    check_batch=check_batch,
    without_effect=without_effect,
    small=tuple(VAEConfig(sample_shape=shape, **SMALL) for shape in SMALL_SHAPES),
    # Epochs are made for some 4,000 scans. `linear_rank` and `even_voxels` are not of the paper; without them
    # (`--linear-rank 0 --no-even-voxels`) training needs many times the steps to rebuild scans as well. Nor is
    # `bright_weight`, for which few dimensions have no room: with 32 of them the error of all voxels grows by half.
    presets={
        "vae-8": Preset(
            config=VAEConfig(latent_dim=8, linear_rank=8, dense_width=64, **_START),
            schedule=Schedule(epochs=8),
            recipe="flair-40",
            source=FLAIR,
        ),
        "vae-512": Preset(
            config=VAEConfig(latent_dim=512, linear_rank=128, bright_weight=10.0, **_START),
            schedule=Schedule(epochs=12),
            recipe="flair-40",
            source=FLAIR,
        ),
        # Of some 350 scans: 252 steps, a quarter of an hour on one core, and the first 21 do most of it.
        "vae-cube-64": Preset(
            config=VAEConfig(
                sample_shape=(1, 64, 64, 64), latent_dim=512, linear_rank=128, bright_weight=10.0, **_START
            ),
            schedule=Schedule(epochs=12, batch_size=16, ema_decay=0.98, look_every=4),
            recipe="t1-cube-64",
            source="brainlab's own, beside the slice VAE paper's 3D VAE",
        ),
    },
)
