"""The vector-quantised autoencoder of the IXI thesis (section 3.3.2), with a prior of its codes so that it samples.

Objective (van den Oord et al. 2017, equation 3), per sample and then averaged over the batch, e the codebook's vector
nearest to E(x) at each place and sg[] without gradient:

    L = reconstruction_weight * |x - G(e)|^2 + code_weight * (|sg[E(x)] - e|^2 + commitment * |E(x) - sg[e]|^2)

A code is the grid of those vectors as one row of numbers, so that LDA reads it as any other code, and what is drawn
from the prior lies among what scans are encoded to. `decode` takes the nearest vectors first: whatever comes in, the
decoder only sees what it was trained on, and a code kept in 16 bits decodes as before. Moving along one number changes
nothing until another vector is nearer, hence no ability `walk`. The thesis has no prior and draws no samples.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor, nn

from brainlab.cohort.views import Batch, Slices, View, Volumes
from brainlab.errors import InputError
from brainlab.generators.vae import flip_half, volumes_have_no_plane
from brainlab.methods.generator import Autoencoder, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import Noise, Prior
from brainlab.methods.processes import as_first_process, sum_over_processes
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.blocks import (
    CONV,
    LEAK,
    DepthToSpace,
    ResidualBlock,
    SpaceToDepth,
    down_block,
    normalisation,
    up_block,
)
from brainlab.networks.codes.code_transformer import CodeTransformer
from brainlab.networks.codes.codebook import Codebook, perplexity, straight_through
from brainlab.networks.halving import halved
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.losses import squared_error
from brainlab.ranges import Count, NotNegative, Positive, Several


@dataclass(frozen=True, kw_only=True)
class VQVAEConfig:
    """Everything that decides a VQ-VAE and its prior. The defaults are the thesis' where it prints a number.

    sample_shape: channel first.
    plane: which slices are read, where `sample_shape` is that of slices.
    folds: halvings of the sides before the first convolution that fold 2 x 2 pixels into channels, for speed.
    widths: channels after each halving by a convolution of kernel 4 and stride 2 (figure 3.11).
    residual_blocks: blocks at the smallest size, in the encoder and in the decoder.
    norm: `group`, `batch` or `none`.
    code_channels: length of the codebook's vectors.
    entries: vectors in the codebook; with one every image would have the same code.
    commitment: of the encoder to the vectors that it chose, beta of equation 3.
    reconstruction_weight: for one unit of summed squared error.
    code_weight: of codebook and commitment, for one unit of squared error summed over a code. The thesis adds a mean
        over 16,384 pixels to means over the 2 x 2 x 16 numbers of a code, so sums are weighted 1 : 16,384 / 64 = 256.
    restart_after: steps after which an entry that no encoding chose starts again at a random encoding; 0 never does.
        Gradient steps alone follow the encodings too slowly, and most entries are never chosen again.
    learning_rate: of Adam.  flip: mirror each training scan left to right with probability 1/2.
    cosine: let both learning rates rise over the first 50 steps and fall to zero along a half cosine.
    prior_width, prior_layers, prior_heads: features, blocks and attention heads of the transformer over codes.
    prior_learning_rate: of its AdamW.
    paper_exact: the thesis' encoder and training: no folds, no residual blocks, batch norm, a codebook that starts near
        0 (otherwise at encodings of training scans) and has no restarts, one learning rate, no mirroring. The thesis
        prints no slope of its LeakyReLU (0.2 here) and no decoder of this model (here the reverse of the encoder, with
        a last convolution of kernel 3).
    """

    sample_shape: tuple[int, ...] = (1, 128, 128)
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    folds: NotNegative = 0
    widths: tuple[Count, ...] = (32, 32, 64, 64, 64, 64)
    residual_blocks: NotNegative = 0
    norm: Literal["group", "batch", "none"] = "batch"
    code_channels: Count = 16
    entries: Several = 128
    commitment: Positive = 0.25
    reconstruction_weight: Positive = 1.0
    code_weight: Positive = 256.0
    restart_after: NotNegative = 20
    learning_rate: Positive = 1e-3
    cosine: bool = False
    flip: bool = False
    prior_width: Count = 64
    prior_layers: Count = 2
    prior_heads: Count = 2
    prior_learning_rate: Positive = 1e-3
    paper_exact: bool = False


RESTARTS_UNTIL = 0.75
"""Share of the training after which no entry is restarted, so that the prior learns of all of them."""
START = 64
"""Training scans whose encodings the codebook starts at."""
OVERRULED = ("folds", "residual_blocks", "norm", "restart_after", "cosine", "flip")
"""Settings that the thesis' version does without."""


class CodebookPrior(Prior):
    """Draws a grid of entries and returns their vectors as one row of numbers."""

    def __init__(self, codebook: Codebook, transformer: CodeTransformer, size: tuple[int, ...]) -> None:
        self.codebook, self.transformer, self.size = codebook, transformer, size
        self.code_shape = (codebook.vectors.shape[1] * math.prod(size),)

    def draw(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        """Draw `n` codes [n, channels * places] on the CPU.

        truncation: temperature of each entry's distribution; 0 takes the likeliest entry at each place.
        """
        uniform = noise.uniform(n, math.prod(self.size)).to(self.codebook.vectors.device)
        indices = self.transformer.draw(uniform, truncation).unflatten(1, self.size)
        return self.codebook.vectors_of(indices).detach().flatten(1).float().cpu()


class VQVAE(Autoencoder):
    """Convolutional autoencoder with a codebook between encoder and decoder, and a transformer over its indices."""

    def __init__(self, config: VQVAEConfig) -> None:
        super().__init__()
        if config.flip and not config.paper_exact and len(config.sample_shape) == 3 and config.plane == "sagittal":
            raise InputError("--flip: needs slices that show left and right, got sagittal ones; use --no-flip")
        self.sample_shape = config.sample_shape
        folds = 0 if config.paper_exact else config.folds
        self.code_size = halved(config.sample_shape, len(config.widths), folds=folds)
        self.code_channels = config.code_channels
        self.encoder = _encoder(config, folds)
        self.decoder = _decoder(config, folds)
        self.codebook = Codebook(config.entries, config.code_channels)
        self.transformer = CodeTransformer(
            config.entries,
            math.prod(self.code_size),
            width=config.prior_width,
            layers=config.prior_layers,
            heads=config.prior_heads,
        )
        self.prior = CodebookPrior(self.codebook, self.transformer, self.code_size)

    def encode(self, x: Tensor) -> Posterior:
        """Return the vectors that images [n, *sample_shape] are encoded to: [n, channels * places]."""
        return Posterior(self.codebook.quantise(self.encoder(x)).flatten(1))

    def decode(self, z: Tensor) -> Tensor:
        grid = z.unflatten(1, (self.code_channels, *self.code_size))
        return self.decode_grid(self.codebook.quantise(grid))

    def decode_grid(self, vectors: Tensor) -> Tensor:
        """Return images [n, *sample_shape] of a grid of the codebook's vectors [n, channels, *code_size]."""
        return torch.sigmoid(self.decoder(vectors))


def _encoder(config: VQVAEConfig, folds: int) -> nn.Sequential:
    """Return the encoder: [n, c, *sides] -> [n, code_channels, *code_size]."""
    dims = len(config.sample_shape) - 1
    layers: list[nn.Module] = [SpaceToDepth() for _ in range(folds)]
    channels = config.sample_shape[0] * 2 ** (dims * folds)
    for width in config.widths:
        layers.append(down_block(channels, width, _norm(config), dims))
        channels = width
    if blocks := _residual_blocks(config):
        layers += [ResidualBlock(channels, _norm(config), dims) for _ in range(blocks)]
        # What residual blocks add up has no bound, and encodings that grow leave the codebook behind.
        layers += [normalisation(_norm(config), channels, dims), nn.LeakyReLU(LEAK)]
    return nn.Sequential(*layers, CONV[dims](channels, config.code_channels, 1))


def _decoder(config: VQVAEConfig, folds: int) -> nn.Sequential:
    """Return the decoder, the reverse of the encoder: [n, code_channels, *code_size] -> logits [n, c, *sides]."""
    dims, norm = len(config.sample_shape) - 1, _norm(config)
    layers: list[nn.Module] = []
    channels = config.code_channels
    if blocks := _residual_blocks(config):
        layers.append(CONV[dims](channels, config.widths[-1], 3, padding=1))
        channels = config.widths[-1]
        layers += [ResidualBlock(channels, norm, dims) for _ in range(blocks)]
        layers += [normalisation(norm, channels, dims), nn.LeakyReLU(LEAK)]
    for width in reversed(config.widths):
        layers.append(up_block(channels, width, norm, dims))
        channels = width
    layers.append(CONV[dims](channels, config.sample_shape[0] * 2 ** (dims * folds), 3, padding=1))
    return nn.Sequential(*layers, *(DepthToSpace() for _ in range(folds)))


def _norm(config: VQVAEConfig) -> str:
    return "batch" if config.paper_exact else config.norm


def _residual_blocks(config: VQVAEConfig) -> int:
    return 0 if config.paper_exact else config.residual_blocks


class VQVAERecipe(Recipe):
    """One optimiser over encoder, decoder and codebook, and one over the transformer, which learns their indices.

    counts: how often each entry was chosen since the last diagnostics.  idle: steps since it was chosen last.
    """

    generator: VQVAE

    def __init__(self, config: VQVAEConfig) -> None:
        self.config = config
        self.looks_first = not config.paper_exact
        self.generator = VQVAE(config)
        self.networks = {"vqvae": self.generator}
        self.counts = torch.zeros(config.entries, dtype=torch.int64)
        self.idle = torch.zeros(config.entries, dtype=torch.int64)

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config, prior = self.config, self.generator.transformer.parameters()
        own = [*self.generator.encoder.parameters(), *self.generator.decoder.parameters()]
        own += [*self.generator.codebook.parameters()]
        return {
            "autoencoder": torch.optim.Adam(own, config.learning_rate, fused=True),
            "prior": torch.optim.AdamW(prior, config.prior_learning_rate, fused=True),
        }

    @torch.no_grad()
    def prepare(self, batch: Batch) -> None:
        """Start the codebook at encodings of some training scans, where there are as many, in no order."""
        some = batch.image[torch.randperm(len(batch.image))[:START]]
        encodings = self.generator.encoder(some).movedim(1, -1).flatten(0, -2)
        chosen = encodings[torch.randperm(len(encodings))[: self.config.entries]]
        self.generator.codebook.vectors[: len(chosen)] = chosen

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        config, model = self.config, self.generator
        self._set_learning_rates(progress)
        x = flip_half(batch.image) if config.flip and not config.paper_exact else batch.image
        z = model.encoder(x).float()  # [n, channels, *code_size]
        indices = model.codebook.nearest(z)  # [n, *code_size]
        vectors = model.codebook.vectors_of(indices)
        error = squared_error(model.decode_grid(straight_through(z, vectors)), x).mean()
        codebook = squared_error(vectors, z.detach()).mean()
        commitment = squared_error(z, vectors.detach()).mean()
        code_error = codebook + config.commitment * commitment
        loss = config.reconstruction_weight * error + config.code_weight * code_error
        self._learn("autoencoder", loss)
        nats = model.transformer.nats(indices.flatten(1)).mean()
        self._learn("prior", nats)
        restarted = self._watch_entries(z.detach(), indices, progress)
        return {
            "loss": loss.item(),
            "squared_error": error.item(),
            "code_error": commitment.item(),
            "prior_nats": nats.item(),
            "restarted": float(restarted),
        }

    def diagnostics(self, batch: Batch) -> dict[str, Any]:
        """Return how the entries were used since the last epoch, and the prior's nats for held-out codes."""
        model = self.generator.eval()
        with torch.inference_mode():
            held_out = model.transformer.nats(model.codebook.nearest(model.encoder(batch.image)).flatten(1))
        found = {
            "codebook_perplexity": perplexity(self.counts),
            "codes_used": float((self.counts > 0).double().mean()),
            "held_out_prior_nats": float(held_out.mean()),
        }
        self.counts = torch.zeros_like(self.counts)
        return found

    def state_dict(self) -> dict[str, Any]:
        return {"counts": self.counts, "idle": self.idle}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.counts, self.idle = state["counts"], state["idle"]

    def _set_learning_rates(self, progress: Progress) -> None:
        config = self.config
        cosine = config.cosine and not config.paper_exact
        rates = {"autoencoder": config.learning_rate, "prior": config.prior_learning_rate}
        at = (progress.step, progress.total_steps)
        for name, rate in rates.items():
            set_learning_rate(self.optimisers[name], rate, *at, cosine=cosine, warm_up=50 if cosine else 1)

    def _learn(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[name].step()

    def _watch_entries(self, z: Tensor, indices: Tensor, progress: Progress) -> int:
        """Count the entries that were chosen and restart those that no longer are; return how many restarted."""
        used = sum_over_processes(torch.bincount(indices.flatten(), minlength=self.config.entries))
        self.counts = self.counts.to(used.device) + used
        self.idle = torch.where(used > 0, 0, self.idle.to(used.device) + 1)
        after = 0 if self.config.paper_exact else self.config.restart_after
        if after == 0 or progress.step >= RESTARTS_UNTIL * progress.total_steps:
            return 0
        dead = (self.idle >= after).nonzero()[:, 0]
        return self._restart(dead, z.movedim(1, -1).flatten(0, -2)) if len(dead) else 0

    @torch.no_grad()
    def _restart(self, dead: Tensor, encodings: Tensor) -> int:
        """Put entries [dead] on different random ones of encodings [m, channels], without their old momenta."""
        chosen = encodings[torch.randperm(len(encodings))[: len(dead)].to(encodings.device)]
        dead = dead[: len(chosen)]
        vectors = self.generator.codebook.vectors
        vectors[dead] = chosen
        as_first_process(vectors)
        for moments in self.optimisers["autoencoder"].state[vectors].values():
            if moments.shape == vectors.shape:
                moments[dead] = 0
        self.idle[dead] = 0
        return len(dead)


def view(config: VQVAEConfig) -> View:
    """Return what a VQ-VAE reads: volumes or slices, by the sides of its images."""
    return Volumes() if len(config.sample_shape) == 4 else Slices(config.plane)


def check_batch(config: VQVAEConfig, images: int) -> None:
    """Refuse batches of one image where there is batch norm, for one image has no statistics."""
    if images < 2 and _norm(config) == "batch":
        raise InputError(f"--batch-size: needs 2 or more images on each device for batch norm, got {images}")


def without_effect(config: VQVAEConfig) -> dict[str, str]:
    """Name the settings that the thesis' version overrules, and the plane where volumes are read."""
    found = volumes_have_no_plane(config.sample_shape)
    if config.paper_exact:
        found |= dict.fromkeys(OVERRULED, "with --paper-exact")
    return found


SMALL: dict[str, Any] = {
    "folds": 1,
    "widths": (8,),
    "residual_blocks": 1,
    "code_channels": 2,
    "entries": 8,
    "restart_after": 2,
    "flip": True,
    "prior_width": 8,
    "prior_layers": 1,
}
IXI = "IXI thesis, section 3.3.2"
BUDGET = "500 epochs of 16,268 slices"

METHOD = Method(
    name="vqvae",
    title="VQ-VAE",
    config=VQVAEConfig,
    network=VQVAE,
    recipe=VQVAERecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct"}),
    check_batch=check_batch,
    without_effect=without_effect,
    small=tuple(VQVAEConfig(sample_shape=shape, **SMALL) for shape in ((1, 8, 8, 8), (1, 16, 8))),
    changeable=("learning_rate", "prior_learning_rate"),
    presets={
        # Six halvings leave 2 x 2 places of 128 entries: 28 bits a slice, 7 for each quarter of the head, hence the
        # thesis' blurred reconstructions. It prints 500 epochs and no batch size; 64 is its VAE's.
        "vqvae2d": Preset(
            config=VQVAEConfig(paper_exact=True),
            schedule=Schedule(epochs=500, batch_size=64, ema_decay=0.0),
            recipe="ixi-slices-128",
            source=IXI,
            budget=BUDGET,
        ),
        # The same method with 16 x 16 places of 8 bits (2,048 bits a slice) and nothing at full resolution: for two
        # cores. Vectors of 4 numbers are enough to tell 256 entries apart and make codes of 1,024 numbers. Its weights
        # are those of equation 3, where the thesis' would be 1 : 16,384 / 1,024 = 16. Epochs: for some 4,000 slices.
        "vqvae2d-small": Preset(
            config=VQVAEConfig(
                folds=2,
                widths=(64,),
                residual_blocks=2,
                code_channels=4,
                entries=256,
                code_weight=1.0,
                cosine=True,
                flip=True,
                prior_width=128,
                prior_layers=4,
                prior_heads=4,
            ),
            schedule=Schedule(epochs=6, batch_size=16),
            recipe="ixi-slices-128",
            source=IXI,
            budget=BUDGET,
        ),
    },
)
