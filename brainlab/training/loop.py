"""The one training loop. It feeds a `Recipe`, watches it, and can be killed at any moment and resumed."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from brainlab.cohort.views import Batch
from brainlab.errors import StoppedBySignalError, TrainingStoppedError
from brainlab.methods.method import Schedule
from brainlab.methods.prior import SeededNoise
from brainlab.methods.processes import (
    as_one,
    average_over_processes,
    ending_together,
    largest_of_processes,
    sum_over_processes,
)
from brainlab.methods.recipe import Network, Progress, Recipe, to_device
from brainlab.methods.translator import Translator
from brainlab.training.checkpoint import RESUME, MetricsFile, load_resume, save_resume, save_weights, unusable
from brainlab.training.diagnostics import HELD_OUT_ERROR, look_at, save_look
from brainlab.training.freed_memory import keep_freed_memory
from brainlab.training.state import State, Watch, has_risen
from brainlab.training.weight_layout import lay_out_as_weights, put_channels_last
from brainlab.types import IntArray

Fetch = Callable[[IntArray], Batch]
"""Row numbers -> a batch of arrays."""


class Loop:
    """Train a recipe on the rows `train` that `fetch` reads, into a run folder that exists.

    held_out: rows of scans that the diagnostics look at; training rows are taken where it is empty.
    resume: go on from the folder's last checkpoint, which raises InputError where it is damaged or of another network.
    start: weights and buffers that the generator begins with, in place of what was drawn and measured for it.
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
        watch: Watch,
        folder: Path,
        fabric: Fabric,
        *,
        resume: bool = False,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.recipe, self.fetch, self.train_rows = recipe, fetch, train
        self.schedule, self.watch = schedule, watch
        self.folder, self.fabric = folder, fabric
        self.batch_size = min(schedule.batch_size, len(train))
        self.steps_per_epoch = len(train) // self.batch_size
        self.state = State()
        self.metrics = MetricsFile(folder)
        self._asked_to_stop = self._stop = 0  # number of the signal that asks to
        self._gradient_norm = 0.0
        if recipe.looks_first and not resume:
            recipe.prepare(to_device(fetch(_thinned(train, recipe.looks_at)), torch.device("cpu")))
        if start is not None:
            recipe.generator.load_state_dict(start)
        for network in recipe.networks.values():
            network.to(fabric.device)
            put_channels_last(network)
        self.average = AveragedModel(recipe.generator, multi_avg_fn=_moving_average(schedule.ema_decay))
        self._reader, self._ahead = ThreadPoolExecutor(1, "brainlab-reader"), dict[int, Future[Batch]]()
        for name, optimiser in recipe.optimisers.items():
            optimiser.register_step_pre_hook(self._before_step(name))
        rows = held_out if len(held_out) else train
        self.watched = to_device(fetch(_thinned(rows, watch.watched)), fabric.device)
        torch.manual_seed(watch.seed + 1)
        if resume:
            self._resume()

    @property
    def total_steps(self) -> int:
        """Steps until training ends."""
        return self.steps_per_epoch * self.epochs

    @property
    def epochs(self) -> int:
        """Epochs until training ends."""
        return min(self.schedule.epochs, self.schedule.stop_after or self.schedule.epochs)

    @property
    def looks(self) -> list[int]:
        """Epochs at whose end the diagnostics look at the averaged weights, which are kept as the run's.

        The first, then one every `look_every` epochs, and less often once these are less than a tenth of the training
        so far, and the last: of few images an epoch takes less time than to look. Where training may stop early, the
        first, the end of each strip, and the last.
        """
        if self.schedule.early_stopping:
            return sorted({1, *range(self.schedule.strip, self.epochs + 1, self.schedule.strip), self.epochs})
        found = [1]
        while found[-1] < self.epochs:
            found.append(min(found[-1] + max(self.schedule.look_every, found[-1] // 10), self.epochs))
        return found

    @property
    def shown(self) -> Batch | Tensor:
        """What the trained network is watched by: the watched patches of a translator, or codes of a generator.

        Codes are drawn from one and the same noise: the same codes, unless the prior itself is learnt.
        """
        network = cast(Network, self.average.module)
        if isinstance(network, Translator):
            return self.watched
        count = max(self.watch.watched, self.watch.grid_samples)
        return network.prior.draw(count, SeededNoise(self.watch.seed)).to(self.fabric.device)

    @property
    def stopped_early(self) -> bool:
        """Whether the held-out error has risen from strip to strip as often as the schedule waits for."""
        return has_risen(self.state.strips, self.schedule.early_stopping)

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
            lay_out_as_weights(optimiser)
        self.average.load_state_dict(state["average"])
        self.recipe.load_state_dict(state["recipe"])
        self.state = State(**state["progress"])
        # A GPU draws new noise; a CPU what it would have drawn.
        torch.manual_seed(self.watch.seed + self.state.step)
        torch.set_rng_state(state["random"])
        if self.fabric.global_rank == 0:
            self.metrics.cut(int(state["metrics_bytes"]))

    def run(self, show: Callable[[Iterator[int], int], Any] | None = None) -> dict[str, Any]:
        """Train to the end and return the last line of an epoch: losses since the one before, and diagnostics.

        show: wraps the iterator of remaining steps, given their number, to draw a progress bar.
        Raises TrainingStoppedError on a loss or gradient that is not finite; KeyboardInterrupt, after a checkpoint,
        when the process was asked to stop (StoppedBySignalError where not by Ctrl-C).
        """
        keep_freed_memory()
        first = self.total_steps if self.stopped_early else self.state.step
        remaining, looks = iter(range(first, self.total_steps)), set(self.looks)
        if self.state.step == 0:
            self._checkpoint()
        with self._stoppable(), self._reader, ending_together():
            for step in show(remaining, self.total_steps - first) if show else remaining:
                self._one_step(step)
                epoch, within = divmod(self.state.step, self.steps_per_epoch)
                at_epoch_end = within == 0
                if at_epoch_end and epoch in looks:
                    self._look(epoch)
                if at_epoch_end or self._stop or self.state.step % self.watch.checkpoint_steps == 0:
                    self._checkpoint()
                if self._stop:
                    if epoch > self.state.last_epoch.get("epoch", 0):
                        self._look(epoch)  # after the checkpoint, so that a resumed run is as if it had not been
                    raise StoppedBySignalError(self._stop) if self._stop != signal.SIGINT else KeyboardInterrupt
                if at_epoch_end and self.stopped_early:
                    break
        return self.state.last_epoch

    def time_steps(self, places: int = 5) -> float:
        """Return the seconds that one step takes: the mean of steps at so many even places of the training.

        Later steps may cost more than the first, as where an adversary joins in. One step before each that is timed
        warms it up. Nothing is written, and the loop cannot be run afterwards.
        """
        keep_freed_memory()
        self.watch = replace(self.watch, log_steps=self.total_steps + 2)  # beyond any step that is taken here
        seconds: list[float] = []
        with self._reader:
            for step in (int((place + 0.5) / places * self.total_steps) for place in range(places)):
                try:
                    self._one_step(step)
                    before = self.state.seconds
                    self._one_step(step + 1)
                except Exception:
                    # A step out of its order may not be possible; the steps of the first place are the training's own.
                    if not seconds:
                        raise
                    break
                seconds.append(self.state.seconds - before)
        return sum(seconds) / len(seconds)

    def _one_step(self, step: int) -> None:
        started = time.perf_counter()
        batch = to_device(self._read_ahead(step), self.fabric.device)
        self.recipe.generator.train()
        planned = self.steps_per_epoch * self.schedule.epochs
        with self.fabric.autocast(), as_one(len(batch.image)):
            losses = self.recipe.step(batch, Progress(step, planned, self.steps_per_epoch))
        losses = self._agree(losses)
        if bad := [name for name, value in losses.items() if not math.isfinite(value)]:
            raise TrainingStoppedError(self._not_finite(f"{', '.join(bad)}"))
        self.average.update_parameters(self.recipe.generator)
        losses["gradient_norm"] = self._gradient_norm
        state = self.state
        for name, value in losses.items():
            total, count = state.sums.get(name, (0.0, 0))
            state.sums[name] = [total + value, count + 1]
        state.step = step + 1
        state.seconds += time.perf_counter() - started
        if state.step % self.watch.log_steps == 0:
            epoch = step // self.steps_per_epoch
            self._write({"kind": "step", "epoch": epoch, "step": state.step, **_rounded(losses)})

    def _read_ahead(self, step: int) -> Batch:
        """Return the batch of a step, which was read while the step before ran, and begin to read the next one."""
        ready = self._ahead.pop(step, None)
        if step + 1 < self.total_steps:
            self._ahead[step + 1] = self._reader.submit(self._read, step + 1)
        return ready.result() if ready else self._read(step)

    def _read(self, step: int) -> Batch:
        epoch, position = divmod(step, self.steps_per_epoch)
        rows = self._order(epoch)[position * self.batch_size : (position + 1) * self.batch_size]
        return self.fetch(np.sort(rows)[self.fabric.global_rank :: self.fabric.world_size])

    def _agree(self, losses: dict[str, float]) -> dict[str, float]:
        """Return the mean losses of all processes, which also share what they counted and the wish to stop."""
        self._stop = self._stop or self._asked_to_stop
        if self.fabric.world_size == 1:
            return losses
        counted = [buffer for network in self.recipe.networks.values() for buffer in network.buffers()]
        average_over_processes([buffer for buffer in counted if buffer.is_floating_point()])
        self._stop = largest_of_processes(self._stop)
        told = torch.tensor([*losses.values()], dtype=torch.float64, device=self.fabric.device)
        return dict(zip(losses, (sum_over_processes(told) / self.fabric.world_size).tolist(), strict=True))

    def _look(self, epoch: int) -> None:
        """Write the mean losses since the last look, the diagnostics, the sample grid and the averaged weights."""
        state = self.state
        means = {name: total / count for name, (total, count) in state.sums.items()}
        line = {
            "kind": "epoch",
            "epoch": epoch,
            "step": state.step,
            "seconds": round(state.seconds, 1),
            "samples_per_second": round(state.step * self.batch_size / state.seconds, 2),
            "losses": [name for name in means if name != "gradient_norm"],
            **_rounded(means),
        }
        if self.fabric.global_rank == 0:
            shipped = cast(Network, self.average.module)
            self._settle(shipped)
            line |= _rounded(look_at(shipped, self.watched, self.shown, self.watch.watched))
            line |= _rounded(self.recipe.diagnostics(self.watched))
            save_weights(self.folder, shipped, torch.float16 if self.watch.half_weights else torch.float32)
            looks = self.looks
            if epoch in (*looks[:: max(1, len(looks) // self.watch.grids)], looks[-1]) or self._stop:
                (self.folder / "samples").mkdir(exist_ok=True)
                grid = self.folder / "samples" / f"epoch-{epoch:04d}.png"
                save_look(shipped, self.shown, self.watch.grid_samples, grid)
        self._write(line)
        state.sums, state.last_epoch = {}, self.fabric.broadcast(line)
        if self.schedule.early_stopping and epoch % self.schedule.strip == 0:
            state.strips.append(state.last_epoch[HELD_OUT_ERROR])
        if self.fabric.world_size > 1:  # to look takes random numbers, in the first process alone
            random = self.fabric.broadcast(torch.get_rng_state())
            torch.manual_seed(self.watch.seed + state.step)  # of GPUs, whose state is not passed on
            torch.set_rng_state(random)

    def _settle(self, generator: Network) -> None:
        """Let the recipe fit what no step learns to training images, a batch at a time."""
        if self.recipe.settles_on:
            rows = _thinned(self.train_rows, self.recipe.settles_on)
            parts = (rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size))
            with torch.inference_mode(), self.fabric.autocast():
                batches = (to_device(self.fetch(part), self.fabric.device) for part in parts)
                self.recipe.settle(generator.eval(), batches)

    def _checkpoint(self) -> None:
        if self.fabric.global_rank == 0:
            self._refuse_broken_networks()
            state = {
                "networks": {name: network.state_dict() for name, network in self.recipe.networks.items()},
                "optimisers": {name: optimiser.state_dict() for name, optimiser in self.recipe.optimisers.items()},
                "average": self.average.state_dict(),
                "recipe": dict(self.recipe.state_dict()),
                "progress": vars(self.state),
                "metrics_bytes": self.metrics.size(),
                "random": torch.get_rng_state(),
            }
            save_resume(self.folder, state)
        self.fabric.barrier()

    def _refuse_broken_networks(self) -> None:
        """Keep the checkpoint before where weights are not finite any more, although no loss has shown it yet."""
        for name, network in {**self.recipe.networks, "moving average": self.average.module}.items():
            if not all(torch.isfinite(value).all() for value in network.state_dict().values()):
                raise TrainingStoppedError(self._not_finite(f"a weight of the {name}"))

    def _order(self, epoch: int) -> IntArray:
        """Return the training rows in the order of one epoch, the same whenever it is asked."""
        random = torch.Generator().manual_seed(self.watch.seed * 1_000_003 + epoch)
        return self.train_rows[torch.randperm(len(self.train_rows), generator=random).numpy()]

    def _before_step(self, name: str) -> Callable[..., None]:
        """Return the hook before an optimiser's step: average over devices, measure, refuse what is not finite."""

        def hook(optimiser: torch.optim.Optimizer, *_: Any) -> None:
            gradients = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
            average_over_processes(gradients)
            self._gradient_norm = float(nn.utils.get_total_norm(gradients))
            if not math.isfinite(self._gradient_norm):
                raise TrainingStoppedError(self._not_finite(f"gradient of the {name}"))

        return hook

    def _not_finite(self, what: str) -> str:
        return (
            f"step {self.state.step}: {what} is not finite; the last good checkpoint is kept, go on from it with "
            f"{self.watch.after_divergence}"
        )

    def _write(self, line: dict[str, Any]) -> None:
        if self.fabric.global_rank == 0:
            self.metrics.append(line)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Let the first SIGINT, SIGTERM or SIGHUP finish the step and write a checkpoint; the second stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ask(number: int, _: Any) -> None:
            self._asked_to_stop = number
            signal.signal(number, before[signal.Signals(number)])

        ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # as by nohup
        asking = (signal.SIGINT, signal.SIGTERM, *(() if ignored else (signal.SIGHUP,)))
        before = {number: signal.signal(number, ask) for number in asking}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _moving_average(decay: float) -> Callable[..., None]:
    """Return how torch moves the average towards the weights: by `decay`, faster at first, when they change most."""

    @torch.no_grad()
    def move(kept: list[Tensor], live: list[Tensor], updates: Tensor) -> None:
        number = int(updates)
        torch._foreach_lerp_(kept, live, 1 - min(decay, (1 + number) / (10 + number)))

    return move


def _thinned(rows: IntArray, count: int) -> IntArray:
    """Return at most `count` rows, evenly taken."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), count)).astype(int)]


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Shorten floats to six significant digits for the log."""
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in values.items()}
