"""A rectified flow on Haar bands: noise becomes an image along the solution of an ordinary differential equation.

Images are taken apart into Haar bands (`networks/haar.py`) without any loss, each band centred and scaled. Between
noise and the bands of a scan, and at a time t from 0 to 1, a network learns the velocity

    x_t = (1 - t) noise + t data   L = |v(x_t, t) - (data - noise)|^2   logit(t) ~ N(time_centre, time_spread^2)

(Liu et al. 2023, "Flow Straight and Fast", equation 1; the times as Esser et al. 2024, section 3.1). What it is shown
and what it is to return have unit spread in every band (after Karras et al. 2022, section 5). Solved from 0 to 1 the
equation dx/dt = v(x, t) draws an image; solved from 1 to 0 it finds the noise that an image comes from, its code.

The velocity may be told class, age and more (`conditions`), which scale and shift its maps as the time does (FiLM).
Encoding a scan under what it shows and decoding its code under something else changes that and keeps the rest.

With a `linear_rank` an image is a linear draft, its share of the training scans' first principal components, and the
rest, which alone is solved for; the velocity is shown the draft. The draft has a closed form, while a network needs
very many steps to learn what spans the whole image, such as how ventricles grow with age. What is left is local, as
in image restoration by a prediction and its refinement (Whang et al. 2022, "Deblurring via stochastic refinement").
The noise that the solution starts from also says which draft is meant, so that a code stays noise
(`networks/linear/draft.py`).

Flows trained on a few hundred scans are known to repeat them: look at the copies that `brainlab evaluate` counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from brainlab.cohort.views import Batch, Slices, View, Volumes
from brainlab.errors import InputError
from brainlab.generators.vae import flip_half, volumes_have_no_plane
from brainlab.methods.conditions import ConditionalConfig
from brainlab.methods.generator import Autoencoder, Conditional, Posterior
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.prior import Noise, NormalPrior
from brainlab.methods.recipe import Progress, Recipe
from brainlab.networks.condition_features import ConditionFeatures, drop_conditions
from brainlab.networks.guidance import guided
from brainlab.networks.haar import from_haar_bands, haar_bands, spread_and_mean
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.linear.draft import LinearDraft
from brainlab.networks.losses import squared_error
from brainlab.networks.ode import SOLVERS, Solver, step_times
from brainlab.networks.unet import UNet
from brainlab.ranges import Count, Positive, Range, Share, Weight

RANK = Range(lambda value: 0 <= value <= 1024, "0 to 1,024")
LOGIT = Range(lambda value: -3 <= value <= 3, "-3 to 3")


@dataclass(frozen=True, kw_only=True)
class FlowConfig(ConditionalConfig):
    """Everything that decides a flow and what it learns.

    sample_shape: channel first.
    plane: which slices are read, where `sample_shape` is that of slices.
    levels: times that the sides are halved before the network. Each splits every band again, into 4 (slices) or 8 of
        them: 2 levels make 16 bands of 32 x 32 of a slice of 128 x 128.
    widths: maps of the U-Net at the size of the bands, at half of it, and so on; multiples of 8.
    time_width: features that the network is told the time by.
    linear_rank: principal components that make up the draft; 0 has none, and solves for the whole image.
    rest_truncation: factor on the noise beside the draft's where images are drawn. A network that has not learnt enough
        of the rest draws noise of the right strength in place of fine anatomy; below 1 there is less of both.
    even_voxels: take mean and spread of each voxel of a band, and not of a whole band. Noise then is in proportion to
        how far scans differ at a place, and not as strong in white matter, where they hardly differ, as in the cortex.
    whitening: how far bands are brought to one spread: each is divided by this power of its own, 0 leaves them as they
        are. At 1 a low band ends with as much noise, for its spread, as a high one. With slices of heads, whose lowest
        band spreads sixty times as far as their highest, that was 2 to 4 grey levels of mottle everywhere.
    data_spread: root mean square over the bands after that, in units of the noise's.
    time_centre, time_spread: mean and standard deviation of the logit of the times in training. The more bands spread
        the earlier they are told from noise. A spread of 1 puts two thirds of the times within 1 of the centre.
    solver, steps: how the equation is solved: by `heun` (order 2, two evaluations of the network a step), `adams`
        (order 2, one) or `euler` (order 1, one). Encoding takes the same steps backwards.
    time_shift: how much shorter steps are near noise, where bands that spread far are told from it: 1 is all alike.
        With slices of heads 10 steps at 4 keep more of the variety than 40 at 1 (root mean square about the mean image
        .101 and .099; 10 at 1: .089).
    learning_rate, weight_decay: of AdamW; the rate is the highest, after a warm-up of 50 steps.
    cosine: let the learning rate fall to zero along a half cosine over the whole training.
    flip: mirror each training scan left to right with probability 1/2; it doubles what there is to copy.
    """

    sample_shape: tuple[int, ...] = (1, 128, 128)
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    levels: Count = 2
    widths: tuple[Count, ...] = (64, 128, 128)
    time_width: Count = 256
    linear_rank: Annotated[int, RANK] = 0
    rest_truncation: Share = 1.0
    even_voxels: bool = False
    whitening: Share = 0.5
    data_spread: Positive = 2.0
    time_centre: Annotated[float, LOGIT] = -0.7
    time_spread: Positive = 1.0
    solver: Solver = "heun"
    steps: Count = 10
    time_shift: Positive = 4.0
    learning_rate: Positive = 3e-4
    weight_decay: Weight = 0.01
    cosine: bool = True
    flip: bool = True


MEASURED_SCANS = 256
"""Training scans that a band's mean and spread are taken from; each has thousands of values of a band."""


class DraftedPrior(NormalPrior):
    """Noise of which the share that says which draft is meant is standard normal, and the rest quieter."""

    def __init__(self, flow: "Flow", code_shape: tuple[int, ...], rest_truncation: float) -> None:
        super().__init__(*code_shape)
        self.flow, self.rest_truncation = flow, rest_truncation

    def draw(self, n: int, noise: Noise, truncation: float = 1.0) -> Tensor:
        codes = super().draw(n, noise, truncation)
        return codes if self.rest_truncation == 1 else self.flow.with_quiet_rest(codes, self.rest_truncation)


class Flow(Autoencoder, Conditional):
    """The velocity of the flow, and the way from images to scaled bands and back.

    A code is the noise itself, [bands, *size], with a number for each voxel. Codes are no vectors to walk along: on the
    straight way between two of them noise has less than its spread, and no single number means anything by itself.
    """

    centre: Tensor
    divisor: Tensor
    spread: Tensor
    draft_centre: Tensor
    draft_divisor: Tensor

    def __init__(self, config: FlowConfig) -> None:
        super().__init__()
        channels, *sides = config.sample_shape
        factor = 2**config.levels
        if len(sides) not in (2, 3) or any(side % factor or side < factor for side in sides):
            needed = f"needs 2 or 3 sides that divide by {factor}"
            raise InputError(f"--levels {config.levels}: {needed}, got {sides}; give fewer levels")
        if config.flip and len(sides) == 2 and config.plane == "sagittal":
            raise InputError("--flip: needs slices that show left and right, got sagittal ones; use --no-flip")
        self.sample_shape, self.levels = config.sample_shape, config.levels
        self.solver, self.steps, self.time_shift = SOLVERS[config.solver], config.steps, config.time_shift
        bands, size = channels * factor ** len(sides), tuple(side // factor for side in sides)
        drafted = bands if config.linear_rank else 0
        self.prior = NormalPrior(bands, *size)
        if drafted:
            self.prior = DraftedPrior(self, self.prior.code_shape, config.rest_truncation)
        self.unet = UNet(bands, size, config.widths, config.time_width, drafted)
        self.conditions = config.known
        words = {each.name: len(each.words) for each in config.known}
        self.told = ConditionFeatures(words, config.time_width)
        self.draft = LinearDraft(config.sample_shape, config.linear_rank, words) if drafted else None
        self.whitening, self.data_spread, self.even_voxels = config.whitening, config.data_spread, config.even_voxels
        of_rest = (1, bands, *(size if config.even_voxels else [1] * len(size)))
        shapes = {"centre": of_rest, "divisor": of_rest, "spread": of_rest}
        if drafted:
            shapes |= dict.fromkeys(("draft_centre", "draft_divisor"), (1, bands, *[1] * len(size)))
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(shape) if "centre" in name else torch.ones(shape))

    def measure(self, images: Tensor, condition: Mapping[str, Tensor] | None = None) -> None:
        """Find the draft in training scans [n, *sample_shape], and of MEASURED_SCANS of them how the rest is scaled.

        That is the mean of each band, or of each of its voxels, what it is divided by, and its spread then.
        condition: what the scans show.
        """
        if self.draft is not None:
            self.draft.fit(images, condition)
        images = images[:: -(-len(images) // MEASURED_SCANS)]
        bands, drafted = self._haar(images), None
        if self.draft is not None:
            drafted = self._haar(self.draft.draw(self.draft.read(images)))
            bands = bands - drafted
            self.draft_divisor, self.draft_centre = spread_and_mean(drafted)
        spread, self.centre = spread_and_mean(bands, even_voxels=self.even_voxels)
        scaled = spread / spread**self.whitening
        scaled = scaled * (self.data_spread / scaled.square().mean().sqrt())
        self.divisor, self.spread = spread / scaled, scaled

    def to_bands(self, x: Tensor, drafted: Tensor | None = None) -> Tensor:
        """Return the scaled bands of images less those of their drafts: [n, *sample_shape] -> [n, bands, *size]."""
        bands = self._haar(x)
        return ((bands if drafted is None else bands - drafted) - self.centre) / self.divisor

    def from_bands(self, bands: Tensor, drafted: Tensor | None = None) -> Tensor:
        """Return the images of scaled bands, whatever their range; undoes `to_bands`."""
        rest = self._image(bands * self.divisor + self.centre)
        return rest if self.draft is None or drafted is None else self.draft.beside(rest) + self._image(drafted)

    def draft_of(self, x: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return the scores of images' drafts, [n, rank], and the drafts' bands, [n, bands, *size]."""
        if self.draft is None:
            return None, None
        scores = self.draft.read(x)
        return scores, self._haar(self.draft.draw(scores))

    def _haar(self, x: Tensor) -> Tensor:
        for _ in range(self.levels):
            x = haar_bands(x)
        return x

    def _image(self, bands: Tensor) -> Tensor:
        for _ in range(self.levels):
            bands = from_haar_bands(bands)
        return bands

    def velocity(self, state: Tensor, t: Tensor, told: Tensor | None = None, drafted: Tensor | None = None) -> Tensor:
        """Return the velocity of states at times t [n]: [n, bands, *size].

        told: features of conditions, [n, width].  drafted: bands of the drafts, as `draft_of` returns them.
        """
        time = t.view(-1, *[1] * (state.ndim - 1))
        expected = ((1 - time).square() + (time * self.spread).square()).sqrt()
        shown = state / expected
        if drafted is not None:
            shown = torch.cat((shown, (drafted - self.draft_centre) / self.draft_divisor), dim=1)
        return self.unet(shown, t, told) * (1 + self.spread.square()).sqrt()

    def band_errors(
        self,
        data: Tensor,
        noise: Tensor,
        t: Tensor,
        condition: Mapping[str, Tensor] | None = None,
        drafted: Tensor | None = None,
    ) -> Tensor:
        """Return the squared error of the velocity in each band, summed over its positions: [n, bands].

        data, noise: scaled bands of images, and noise, both [n, bands, *size].  t: [n], 0 noise and 1 data.
        condition: what the velocity is told, as in `decode`.  drafted: bands of the drafts.
        """
        time = t.view(-1, *[1] * (data.ndim - 1))
        told = self.told(condition) if condition else None
        velocity = self.velocity((1 - time) * noise + time * data, t, told, drafted)
        return squared_error(velocity.flatten(0, 1), (data - noise).flatten(0, 1)).view(data.shape[:2])

    def decode(
        self,
        z: Tensor,
        condition: Mapping[str, Tensor] | None = None,
        guidance: float = 1.0,
        away_from: Mapping[str, Tensor] | None = None,
    ) -> Tensor:
        drafted = None
        if self.draft is not None:
            drafted = self._haar(self.draft.of_noise(self._image(z), condition, guidance, away_from))
        return self.from_bands(self._solve(z, 0, 1, condition, guidance, away_from, drafted), drafted).clamp(0, 1)

    def encode(self, x: Tensor, condition: Mapping[str, Tensor] | None = None) -> Posterior:
        """Return the noise that images come from under a condition; with a draft, its share of that is its scores."""
        scores, drafted = self.draft_of(x)
        noise = self._solve(self.to_bands(x, drafted), 1, 0, condition, drafted=drafted)
        return Posterior(self.with_draft(noise, scores, condition))

    def with_draft(self, noise: Tensor, scores: Tensor | None, condition: Mapping[str, Tensor] | None) -> Tensor:
        """Return noise [n, bands, *size] that stands for a draft of these scores under a condition."""
        if self.draft is None or scores is None:
            return noise
        return self._haar(self.draft.write_noise(self._image(noise), scores, condition))

    @torch.no_grad()
    def with_quiet_rest(self, noise: Tensor, factor: float) -> Tensor:
        """Return noise [n, bands, *size] that stands for the same drafts, with so much of the rest."""
        if self.draft is None:
            return noise * factor
        image = self._image(noise.to(self.draft.mean.device))
        return self._haar(self.draft.write_noise(image * factor, self.draft.read_noise(image, None), None)).cpu()

    def _solve(
        self,
        state: Tensor,
        start: float,
        end: float,
        condition: Mapping[str, Tensor] | None = None,
        guidance: float = 1.0,
        away_from: Mapping[str, Tensor] | None = None,
        drafted: Tensor | None = None,
    ) -> Tensor:
        told = self.told(condition) if condition else None
        other = self.told(away_from) if away_from else None if told is None else torch.zeros_like(told)

        def velocity(state: Tensor, time: float) -> Tensor:
            t = state.new_full((len(state),), time)
            if told is None or other is None or guidance == 1:
                return self.velocity(state, t, told, drafted)
            each = torch.stack((told, other), dim=1).flatten(0, 1)  # [2 n, width], told and other by turns
            twice = None if drafted is None else drafted.repeat_interleave(2, 0)
            both = self.velocity(state.repeat_interleave(2, 0), t.repeat(2), each, twice)
            return guided(both[::2], both[1::2], guidance)

        return self.solver(velocity, state, step_times(start, end, self.steps, self.time_shift))


class FlowRecipe(Recipe):
    """One optimiser over the velocity."""

    generator: Flow
    looks_first = True

    def __init__(self, config: FlowConfig) -> None:
        self.config = config
        self.generator = Flow(config)
        self.networks = {"flow": self.generator}

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config, weights = self.config, self.generator.parameters()
        return {"flow": torch.optim.AdamW(weights, config.learning_rate, weight_decay=config.weight_decay, fused=True)}

    def prepare(self, batch: Batch) -> None:
        """Find the draft in training scans, and in their mirror images where training sees them; measure the rest."""
        image, condition = batch.image, batch.condition
        if self.config.flip and self.config.linear_rank:
            image = torch.cat((image, image.flip(2)))
            condition = condition and {name: value.repeat(2) for name, value in condition.items()}
        self.generator.measure(image, condition)

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        """Return the loss and its part of each band, `band_00` the low one (`networks/haar.py` has their order)."""
        optimiser, config = self.optimisers["flow"], self.config
        set_learning_rate(optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine)
        image = flip_half(batch.image) if config.flip else batch.image
        scores, drafted = self.generator.draft_of(image)
        data = self.generator.to_bands(image, drafted)
        noise, t = torch.randn_like(data), draw_times(len(data), config.time_centre, config.time_spread, data.device)
        told = drop_conditions(batch.condition, config.dropped) if batch.condition else None
        noise = self.generator.with_draft(noise, scores, told)
        errors = self.generator.band_errors(data, noise, t, told, drafted).mean(0)  # [bands]
        loss = errors.sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item(), **{f"band_{band:02d}": error for band, error in enumerate(errors.tolist())}}


def draw_times(n: int, centre: float, spread: float, device: torch.device) -> Tensor:
    """Draw times [n] whose logit is normal with this mean and spread: few near noise (0) or data (1)."""
    return torch.sigmoid(centre + spread * torch.randn(n, device=device))


def view(config: FlowConfig) -> View:
    """Return what a flow reads: volumes or slices, by the sides of its images."""
    return Volumes() if len(config.sample_shape) == 4 else Slices(config.plane)


def without_effect(config: FlowConfig) -> dict[str, str]:
    """Name the plane where volumes are read, and what needs conditions or a draft where there are none."""
    found = volumes_have_no_plane(config.sample_shape)
    found |= {} if config.conditions else {"dropped": "without --conditions"}
    return found if config.linear_rank else found | {"rest_truncation": "without --linear-rank"}


_SMALL: dict[str, Any] = {"levels": 1, "widths": (8, 8), "time_width": 8, "steps": 2}
SOURCE = "rectified flow (Liu et al. 2023); bands, network and schedule are brainlab's own"

METHOD = Method(
    name="flow",
    title="Rectified flow",
    config=FlowConfig,
    network=Flow,
    recipe=FlowRecipe,
    view=view,
    abilities=frozenset({"encode", "reconstruct", "condition"}),
    without_effect=without_effect,
    small=(
        FlowConfig(sample_shape=(1, 8, 8, 8), **_SMALL),
        FlowConfig(sample_shape=(1, 16, 8), conditions=("class", "age_years"), linear_rank=3, **_SMALL),
    ),
    presets={
        # 88,000 presentations of some 10,000 slices: 32 minutes on one core, and 5 of diagnostics.
        "flow-slices-128": Preset(
            config=FlowConfig(conditions=("slice", "age_years", "sex")),
            schedule=Schedule(epochs=8, batch_size=32, ema_decay=0.999),
            recipe="ixi-slices-128",
            source=SOURCE,
        ),
        # 26,000 presentations of some 650 scans: five hours on one core without mixed precision.
        "flow-40": Preset(
            config=FlowConfig(
                sample_shape=(1, 40, 48, 40),
                levels=1,
                linear_rank=64,
                rest_truncation=0.85,
                even_voxels=True,
                whitening=0.75,
                solver="adams",
                learning_rate=6e-4,
                widths=(32, 64, 64),
                conditions=("class", "age_years", "sex"),
            ),
            schedule=Schedule(epochs=40, batch_size=8, ema_decay=0.998, look_every=8),
            recipe="flair-40",
            source=SOURCE,
        ),
    },
)
