"""A flow from a first guess to the target on Haar bands, solved in one to four steps.

Inputs and target are taken apart into Haar bands (`networks/haar.py`). Between the bands x_0 of a first guess and the
bands x_1 of the target, and at a time t from 0 to 1, a network learns the velocity

    x_t = (1 - t) (x_0 + noise) + t x_1      L = |v(x_t, t | inputs, x_0) - (x_1 - x_0 - noise)|^2

(rectified flow, Liu et al. 2023, equation 1; from the mean of the inputs on wavelet bands, Tur, Stojkovic and Bagci
2026, "WFM: 3D wavelet flow matching for ultrafast multi-modal MRI synthesis"). Solved from 0 to 1, dx/dt = v gives the
target. At t = 0 the velocity that errs least leads to the mean of all targets that the inputs allow, so that one step
is a regression.

More steps are sharper, and err more. Without noise the first guess follows from the inputs, x_t at any t > 0 gives the
target away, x_1 = x_0 + (x_t - x_0) / t, and what is best there is to go straight on, where one step leads: little is
gained. With noise many steps draw one of the targets that the inputs allow. After 600 patches of six simulated people
(FLAIR from five sequences; squared error in the middle of three held-out brains, and their blur ratio):

    steps        1            2            4
    noise 0      .125  .68    .126  .73    .128  .76
    noise 1      .137  .68    .227  1.01   .319  1.48

so that there is none unless it is asked for. Where a scan is translated it is a hash of the inputs, so that the same
scan has the same target, and patches agree where they overlap (`networks/translation/hashed_noise.py`).

States are x_t - x_0 in units of how far x_1 - x_0 spreads in each band. What the network adds to is the best guess of
the velocity from the state alone, for rests that are normal (after Karras et al. 2022, section 5).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from brainlab.cohort.views import Batch
from brainlab.methods.method import Method, Preset, Schedule
from brainlab.methods.recipe import Progress, Recipe
from brainlab.methods.translator import Translator, TranslatorConfig, pairs
from brainlab.networks.haar import SPREAD_FLOOR, from_haar_bands, haar_bands, spread_and_mean
from brainlab.networks.learning_rate import set_learning_rate
from brainlab.networks.ode import SOLVERS, Solver, step_times
from brainlab.networks.translation.hashed_noise import hashed_noise
from brainlab.networks.unet import UNet
from brainlab.ranges import Count, Positive, Share, Weight
from brainlab.translation.cgan import PET
from brainlab.translation.fcn import Kernel
from brainlab.translation.linear import Linear, LinearConfig, LinearRecipe

BANDS = 8
"""Of one sequence: a low one, and seven of differences along one axis or more."""


@dataclass(frozen=True, kw_only=True)
class TranslationFlowConfig(TranslatorConfig):
    """Everything that decides such a flow and what it learns.

    start: the first guess: the `mean` of the inputs, what the linear voxel model makes (`linear`), or `zero`.
    kernel: of the linear voxel model, see there.
    noise: on the first guess, in units of how far the target spreads about it in each band.
    at_start: share of the training at time 0 alone, which one step is made of; the other times are even from 0 to 1.
    widths: maps of the U-Net at half the size of the scans, at a quarter, and so on; multiples of 8.
    time_width: features that the network is told the time by.
    solver, steps: how the equation is solved: by `euler` (one evaluation of the network a step), `adams` (one) or
        `heun` (two).
    learning_rate, weight_decay: of AdamW; the rate is the highest, after a warm-up of 50 steps.
    cosine: let the rate fall to zero along a half cosine over the whole training.
    """

    start: Literal["mean", "linear", "zero"] = "mean"
    kernel: Kernel = 3
    noise: Weight = 0.0
    at_start: Share = 0.5
    widths: tuple[Count, ...] = (32, 64, 128)
    time_width: Count = 64
    solver: Solver = "euler"
    steps: Count = 1
    learning_rate: Positive = 1e-3
    weight_decay: Weight = 0.01
    cosine: bool = True


class TranslationFlow(Translator):
    """The velocity, the first guess, and the way from sequences to bands and back; sides divide by `multiple`.

    However it is trained, the state and what is solved for are float32.
    """

    spread: Tensor
    shown_mean: Tensor
    shown_spread: Tensor

    def __init__(self, config: TranslationFlowConfig) -> None:
        super().__init__()
        self.inputs, self.target, self.multiple = config.inputs, config.target, 2 ** len(config.widths)
        self.start, self.noise = config.start, config.noise
        self.solver, self.steps = SOLVERS[config.solver], config.steps
        shown = BANDS * (len(config.inputs) + 1)
        self.unet = UNet(BANDS, (self.multiple // 2,) * 3, config.widths, config.time_width, beside=shown)
        # Its weights are those of least squares and take no part in the descent.
        self.linear = Linear(_linear_config(config)).requires_grad_(False) if config.start == "linear" else None
        self.register_buffer("spread", torch.ones(1, BANDS, 1, 1, 1))
        self.register_buffer("shown_mean", torch.zeros(1, shown, 1, 1, 1))
        self.register_buffer("shown_spread", torch.ones(1, shown, 1, 1, 1))

    @torch.no_grad()
    def measure(self, x: Tensor, target: Tensor) -> None:
        """Find in training patches [n, C, X, Y, Z], [n, 1, X, Y, Z] how far the bands of what is shown and made spread.

        The target's are measured about the first guess, as a root mean square.
        """
        self.shown_spread, self.shown_mean = spread_and_mean(self._bands_shown(x))
        rest = haar_bands(target) - haar_bands(self.first_guess(x))
        self.spread = rest.square().mean((0, 2, 3, 4), keepdim=True).sqrt().clamp(min=SPREAD_FLOOR)

    def first_guess(self, x: Tensor) -> Tensor:
        """Return what the flow starts from, float32: [n, C, X, Y, Z] -> [n, 1, X, Y, Z]."""
        x = x.float()
        if self.linear is not None:
            with torch.autocast(x.device.type, enabled=False):  # which would round it to 8 bits
                return self.linear.translate(x)
        return x.mean(1, keepdim=True) if self.start == "mean" else torch.zeros_like(x[:, :1])

    def shown(self, x: Tensor) -> Tensor:
        """Return what the network is shown beside the state: scaled bands of inputs and first guess."""
        return (self._bands_shown(x) - self.shown_mean) / self.shown_spread

    def _bands_shown(self, x: Tensor) -> Tensor:
        return haar_bands(torch.cat((x.float(), self.first_guess(x)), dim=1))

    def to_state(self, target: Tensor, x: Tensor) -> Tensor:
        """Return the state that a target is: [n, 1, X, Y, Z], inputs -> [n, BANDS, X / 2, Y / 2, Z / 2]."""
        return (haar_bands(target.float()) - haar_bands(self.first_guess(x))) / self.spread

    def from_state(self, state: Tensor, x: Tensor) -> Tensor:
        """Return the target that a state is; undoes `to_state`."""
        return from_haar_bands(state * self.spread + haar_bands(self.first_guess(x)))

    def velocity(self, state: Tensor, t: Tensor, shown: Tensor) -> Tensor:
        """Return the velocity of states [n, BANDS, ...] at times t [n], float32.

        With e^2 = (1 - t)^2 noise^2 + t^2, the mean square of a state whose rest has unit spread, the best guess from
        the state alone is state (t - (1 - t) noise^2) / e^2, and errs by noise / e.
        """
        if not self.noise:
            return self.unet(torch.cat((state, shown), dim=1), t).float()
        time, variance = t.view(-1, *[1] * (state.ndim - 1)), self.noise**2
        square = (1 - time).square() * variance + time.square()
        found = self.unet(torch.cat((state / square.sqrt(), shown), dim=1), t).float()
        return state * (time - (1 - time) * variance) / square + found * self.noise / square.sqrt()

    def translate(self, x: Tensor) -> Tensor:
        shown = self.shown(x)

        def velocity(state: Tensor, time: float) -> Tensor:
            return self.velocity(state, state.new_full((len(state),), time), shown)

        state = self.solver(velocity, self.noise * hashed_noise(x), step_times(0, 1, self.steps))
        return self.from_state(state, x)


class TranslationFlowRecipe(Recipe):
    """One optimiser over the velocity; the first guess is fitted before the first step."""

    generator: TranslationFlow
    looks_first = True

    def __init__(self, config: TranslationFlowConfig) -> None:
        self.config, self.generator = config, TranslationFlow(config)
        self.networks = {"translator": self.generator}
        self.looks_at = max(FEWEST_PATCHES, MEASURED_VOXELS // math.prod(config.patch))

    @cached_property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        config, weights = self.config, self.generator.unet.parameters()
        return {"flow": torch.optim.AdamW(weights, config.learning_rate, weight_decay=config.weight_decay, fused=True)}

    def prepare(self, batch: Batch) -> None:
        """Fit the linear voxel model, where it is the first guess, to training patches, and measure their bands."""
        network = self.generator
        if network.linear is not None:
            fit = LinearRecipe(_linear_config(self.config))
            for at in range(len(batch.image)):  # one at a time, since neighbourhoods are 27 times the voxels
                fit.add(Batch(batch.image[[at]], target=batch.target[[at]]))
            fit.solve()
            network.linear.load_state_dict(fit.generator.state_dict())
        network.measure(batch.image, batch.target)

    def step(self, batch: Batch, progress: Progress) -> dict[str, float]:
        optimiser, config, network = self.optimisers["flow"], self.config, self.generator
        set_learning_rate(optimiser, config.learning_rate, progress.step, progress.total_steps, cosine=config.cosine)
        data = network.to_state(batch.target, batch.image)
        noise, t = config.noise * torch.randn_like(data), draw_times(len(data), config.at_start, data.device)
        time = t.view(-1, *[1] * (data.ndim - 1))
        found = network.velocity((1 - time) * noise + time * data, t, network.shown(batch.image))
        # Times the spread the errors are those of z-scores: Haar bands keep the sum of squares.
        loss = (network.spread * (found - (data - noise))).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        return {"loss": loss.item()}


MEASURED_VOXELS, FEWEST_PATCHES = 2**22, 4
"""Training patches that the first guess and the bands are found in hold so many voxels, and are no fewer."""


def draw_times(n: int, at_start: float, device: torch.device) -> Tensor:
    """Draw times [n]: 0 with probability `at_start`, and else even from 0 to 1."""
    return torch.rand(n, device=device) * (torch.rand(n, device=device) >= at_start)


def without_effect(config: TranslationFlowConfig) -> Mapping[str, str]:
    """Name the kernel where there is no linear voxel model."""
    return {} if config.start == "linear" else {"kernel": f"with --start {config.start}"}


def _linear_config(config: TranslationFlowConfig) -> LinearConfig:
    return LinearConfig(inputs=config.inputs, target=config.target, kernel=config.kernel)


_PET: dict[str, Any] = {"inputs": PET, "target": "DVR"}
_SMALL: dict[str, Any] = {"widths": (24, 48), "overlap": 0.0}
_TINY: dict[str, Any] = {"inputs": ("channel 0", "channel 1"), "target": "channel 2", "patch": (8, 8, 8)}
_TINY |= {"widths": (8, 8), "time_width": 8}
_SCHEDULE = Schedule(epochs=40, batch_size=2, ema_decay=0.999)

METHOD = Method(
    name="translation_flow",
    title="Translating flow",
    config=TranslationFlowConfig,
    network=TranslationFlow,
    recipe=TranslationFlowRecipe,
    view=pairs,
    abilities=frozenset({"translate"}),
    without_effect=without_effect,
    small=(
        TranslationFlowConfig(noise=1.0, steps=2, **_TINY),
        TranslationFlowConfig(start="linear", solver="heun", **_TINY),
    ),
    presets={
        "flair-flow": Preset(
            config=TranslationFlowConfig(patch=(64, 64, 16)), schedule=_SCHEDULE, recipe="flair-synthesis"
        ),
        "flair-flow-small": Preset(
            config=TranslationFlowConfig(patch=(32, 32, 16), **_SMALL),
            schedule=Schedule(epochs=1, batch_size=1, ema_decay=0.99),
            recipe="flair-synthesis",
        ),
        "pet-flow": Preset(
            config=TranslationFlowConfig(patch=(64, 64, 64), **_PET), schedule=_SCHEDULE, recipe="pet-synthesis"
        ),
        "pet-flow-small": Preset(
            config=TranslationFlowConfig(patch=(32, 32, 32), **_PET, **_SMALL),
            schedule=Schedule(epochs=1, batch_size=1, ema_decay=0.99),
            recipe="pet-synthesis-64",
        ),
    },
)
