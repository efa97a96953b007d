"""The one training loop. It feeds a `Recipe`, watches it, and can be killed at any moment and resumed."""

import copy
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from brainlab.errors import TrainingStoppedError
from brainlab.training.checkpoint import RESUME, MetricsFile, load_resume, save_resume, save_weights, unusable
from brainlab.training.diagnostics import describe, save_sample_grid
from brainlab.training.recipe import Recipe
from brainlab.types import Float32Array, IntArray

Fetch = Callable[[IntArray], Float32Array]
"""Row numbers -> images [n, *sample_shape] in [0, 1]."""


PREPARED_SCANS = 2048
"""Training scans that a recipe may look at before its first step; more would hardly change their mean and first
components, and take more than 0.6 GB."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how to train.

    epochs, batch_size: one epoch sees each training scan once (the last incomplete batch is left out).
    ema_decay: of the moving average of weights; the average is what is shipped.
    seed: of the order of scans and of all noise.
    checkpoint_steps: steps between two checkpoints, so the most that a crash can lose; each epoch's end has one too.
    log_steps: steps between two lines of losses.
    half_weights: ship the weights with 16 bits each; checkpoints keep all 32.
    after_divergence: what a user can do once a loss is not finite, the end of the message that says so.
    grids: about how many sample grids are kept over the whole training.
    grid_samples, watched: codes in the sample grid, and scans and samples that the diagnostics look at.
    """

    epochs: int
    batch_size: int
    ema_decay: float
    seed: int = 0
    checkpoint_steps: int = 100
    log_steps: int = 20
    grid_samples: int = 8
    grids: int = 10
    watched: int = 64
    half_weights: bool = False
    after_divergence: str = "a lower learning rate"


@dataclass
class Progress:
    """Where training stands; `sums` holds the sum of each loss in the present epoch and the number of steps in it."""

    step: int = 0
    seconds: float = 0.0
    sums: dict[str, list[float]] = field(default_factory=dict)
    last_epoch: dict[str, Any] = field(default_factory=dict)


class Loop:
    """Train a recipe on the rows `train` that `fetch` reads, into a run folder that exists.

    held_out: rows of scans that the diagnostics look at; training rows are taken where it is empty.
    resume: go on from the folder's last checkpoint, which raises InputError where it is damaged or of another network.
    On one CPU device a run that was killed and resumed is bit for bit the run that was not: the order of scans follows
    from the seed and the epoch, and each checkpoint holds the state of torch's random numbers.
    """

    def __init__(
        self,
        recipe: Recipe,
        fetch: Fetch,
        train: IntArray,
        held_out: IntArray,
        schedule: Schedule,
        folder: Path,
        fabric: Fabric,
        *,
        resume: bool = False,
    ) -> None:
        self.recipe, self.fetch, self.train_rows, self.schedule = recipe, fetch, train, schedule
        self.folder, self.fabric = folder, fabric
        self.batch_size = min(schedule.batch_size, len(train))
        self.steps_per_epoch = len(train) // self.batch_size
        self.progress = Progress()
        self.metrics = MetricsFile(folder)
        self._stop = False
        self._gradient_norm = 0.0
        if recipe.looks_first and not resume:
            recipe.prepare(torch.from_numpy(fetch(_thinned(train, PREPARED_SCANS))))
        for network in recipe.networks.values():
            network.to(fabric.device)
        self.average: nn.Module = copy.deepcopy(recipe.generator).requires_grad_(False)
        for name, optimiser in recipe.optimisers.items():
            optimiser.register_step_pre_hook(self._before_step(name))
        noise = torch.Generator().manual_seed(schedule.seed)
        codes = torch.randn(max(schedule.watched, schedule.grid_samples), recipe.generator.latent_dim, generator=noise)
        self.codes = codes.to(fabric.device)
        rows = held_out if len(held_out) else train
        self.watched = torch.from_numpy(fetch(_thinned(rows, schedule.watched))).to(fabric.device)
        torch.manual_seed(schedule.seed + 1 + 1_000_003 * fabric.global_rank)
        if resume:
            self._resume()

    @property
    def total_steps(self) -> int:
        return self.steps_per_epoch * self.schedule.epochs

    def _resume(self) -> None:
        state = load_resume(self.folder)
        try:
            self._take_up(state)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise unusable(self.folder / RESUME, error) from error

    def _take_up(self, state: dict[str, Any]) -> None:
        for name, network in self.recipe.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimiser in self.recipe.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.average.load_state_dict(state["average"])
        self.recipe.load_state_dict(state["recipe"])
        self.progress = Progress(**state["progress"])
        # A GPU and the other processes draw new noise; only the first process on a CPU draws what it would have drawn.
        torch.manual_seed(self.schedule.seed + self.progress.step + 1_000_003 * self.fabric.global_rank)
        if self.fabric.global_rank == 0:
            self.metrics.cut(int(state["metrics_bytes"]))
            torch.set_rng_state(state["random"])

    def run(self, show: Callable[[Iterator[int], int], Any] | None = None) -> dict[str, Any]:
        """Train to the end and return the last epoch's line.

        show: wraps the iterator of remaining steps, given their number, to draw a progress bar.
        Raises TrainingStoppedError on a loss or gradient that is not finite; KeyboardInterrupt, after a checkpoint,
        when the process was asked to stop.
        """
        remaining = iter(range(self.progress.step, self.total_steps))
        if self.progress.step == 0:
            self._checkpoint()
        with self._stoppable():
            for step in show(remaining, self.total_steps - self.progress.step) if show else remaining:
                self._one_step(step)
                at_epoch_end = self.progress.step % self.steps_per_epoch == 0
                if at_epoch_end:
                    self._end_epoch()
                if at_epoch_end or self._stop or self.progress.step % self.schedule.checkpoint_steps == 0:
                    self._checkpoint()
                if self._stop:
                    raise KeyboardInterrupt
        return self.progress.last_epoch

    def _one_step(self, step: int) -> None:
        started = time.perf_counter()
        epoch, position = divmod(step, self.steps_per_epoch)
        rows = self._order(epoch)[position * self.batch_size : (position + 1) * self.batch_size]
        rows = rows[self.fabric.global_rank :: self.fabric.world_size]
        batch = torch.from_numpy(self.fetch(np.sort(rows))).to(self.fabric.device)
        self.recipe.generator.train()
        with self.fabric.autocast():
            losses = self.recipe.step(batch)
        if bad := [name for name, value in losses.items() if not math.isfinite(value)]:
            raise TrainingStoppedError(self._not_finite(f"{', '.join(bad)}"))
        self._update_average(step)
        losses["gradient_norm"] = self._gradient_norm
        progress = self.progress
        for name, value in losses.items():
            total, count = progress.sums.get(name, (0.0, 0))
            progress.sums[name] = [total + value, count + 1]
        progress.step = step + 1
        progress.seconds += time.perf_counter() - started
        if progress.step % self.schedule.log_steps == 0:
            self._write({"kind": "step", "epoch": epoch, "step": progress.step, **_rounded(losses)})

    def _end_epoch(self) -> None:
        """Write the epoch's mean losses and diagnostics, the sample grid and the averaged weights."""
        progress = self.progress
        epoch = progress.step // self.steps_per_epoch
        means = {name: total / count for name, (total, count) in progress.sums.items()}
        line = {
            "kind": "epoch",
            "epoch": epoch,
            "step": progress.step,
            "seconds": round(progress.seconds, 1),
            "samples_per_second": round(progress.step * self.batch_size / progress.seconds, 2),
            **_rounded(means),
        }
        if self.fabric.global_rank == 0:
            line |= _rounded(describe(self.average, self.watched, self.codes[: self.schedule.watched]))
            save_weights(self.folder, self.average, torch.float16 if self.schedule.half_weights else torch.float32)
            if epoch % max(1, self.schedule.epochs // self.schedule.grids) == 0 or epoch == self.schedule.epochs:
                (self.folder / "samples").mkdir(exist_ok=True)
                grid = self.folder / "samples" / f"epoch-{epoch:04d}.png"
                save_sample_grid(self.average, self.codes[: self.schedule.grid_samples], grid)
        self._write(line)
        progress.sums, progress.last_epoch = {}, line

    def _checkpoint(self) -> None:
        if self.fabric.global_rank == 0:
            self._refuse_broken_networks()
            state = {
                "networks": {name: network.state_dict() for name, network in self.recipe.networks.items()},
                "optimisers": {name: optimiser.state_dict() for name, optimiser in self.recipe.optimisers.items()},
                "average": self.average.state_dict(),
                "recipe": dict(self.recipe.state_dict()),
                "progress": vars(self.progress),
                "metrics_bytes": self.metrics.size(),
                "random": torch.get_rng_state(),
            }
            save_resume(self.folder, state)
        self.fabric.barrier()

    def _refuse_broken_networks(self) -> None:
        """Keep the checkpoint before where weights are not finite any more, although no loss has shown it yet."""
        for name, network in {**self.recipe.networks, "moving average": self.average}.items():
            if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
                raise TrainingStoppedError(self._not_finite(f"a weight of the {name}"))

    def _order(self, epoch: int) -> IntArray:
        """Return the training rows in the order of one epoch, the same whenever it is asked."""
        random = torch.Generator().manual_seed(self.schedule.seed * 1_000_003 + epoch)
        return self.train_rows[torch.randperm(len(self.train_rows), generator=random).numpy()]

    def _update_average(self, step: int) -> None:
        """Move the average towards the weights, faster at first; buffers such as batch-norm statistics are copied."""
        decay = min(self.schedule.ema_decay, (1 + step) / (10 + step))
        with torch.no_grad():
            live = self.recipe.generator
            torch._foreach_lerp_(list(self.average.parameters()), list(live.parameters()), 1 - decay)
            for kept, buffer in zip(self.average.buffers(), live.buffers(), strict=True):
                kept.copy_(buffer)

    def _before_step(self, name: str) -> Callable[..., None]:
        """Return the hook before an optimiser's step: average over devices, measure, refuse what is not finite."""

        def hook(optimiser: torch.optim.Optimizer, *_: Any) -> None:
            gradients = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
            if self.fabric.world_size > 1:
                flat = cast(Tensor, self.fabric.all_reduce(torch.cat([g.flatten() for g in gradients])))
                for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
                    gradient.copy_(part.view_as(gradient))
            self._gradient_norm = float(nn.utils.get_total_norm(gradients))
            if not math.isfinite(self._gradient_norm):
                raise TrainingStoppedError(self._not_finite(f"gradient of the {name}"))

        return hook

    def _not_finite(self, what: str) -> str:
        return (
            f"step {self.progress.step}: {what} is not finite; the last good checkpoint is kept, go on from it with "
            f"{self.schedule.after_divergence}"
        )

    def _write(self, line: dict[str, Any]) -> None:
        if self.fabric.global_rank == 0:
            self.metrics.append(line)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Let the first SIGINT or SIGTERM finish the step and write a checkpoint; the second stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, _: Any) -> None:
            self._stop = True
            signal.signal(number, before[signal.Signals(number)])

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _thinned(rows: IntArray, count: int) -> IntArray:
    """Return at most `count` rows, evenly taken."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int)]


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Shorten floats to six significant digits for the log."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in values.items()}
