"""How long a training would take on this machine, from a few of its steps; nothing is written."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from brainlab.cohort.folds import Fold
from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.experiments.training import in_use_message, is_taken, make_loop
from brainlab.experiments.training_plan import Machine, Plan
from brainlab.methods.method import Schedule
from brainlab.methods.recipe import Network
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.run import Run
from brainlab.training.diagnostics import look_at


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """seconds: of the whole training.  images: in each of its epochs, called `noun`.  rate: images a second."""

    seconds: float
    epochs: int
    images: int
    noun: str
    rate: float

    def __str__(self) -> str:
        rate = f"{self.rate:,.0f}" if self.rate >= 10 else f"{self.rate:.2g}"
        return (
            f"about {in_words(self.seconds)} for {counted(self.epochs, 'epoch')} of {self.images:,} {self.noun} "
            "on this machine "
            f"({rate} {self.noun}/s)"
        )


def estimate(
    preset_name: str,
    data: PreparedDataset,
    folder: Path | str,
    *,
    config: Any = None,
    schedule: Schedule | None = None,
    start: Run | None = None,
    seed: int = 0,
    fold: Fold | None = None,
    machine: Machine | None = None,
) -> Estimate:
    """Check what `train` with the same arguments would check, and time some steps and one look at the diagnostics.

    Raises InputError where `train` would refuse.
    """
    data = fold.held_out(data) if fold else data
    plan = Plan.of_preset(preset_name, data, config, schedule, start)
    machine = machine or Machine()
    refuse_out_of_range({"seed": seed})
    plan.check(machine)
    if is_taken(Path(folder)):
        raise InputError(in_use_message(Path(folder)))
    started = time.perf_counter()
    nowhere = Path(os.devnull)
    loop = make_loop(plan, nowhere, machine.fabric(), seed, {"checkpoint_steps": 1, "half_weights": False})
    to_begin = time.perf_counter() - started
    a_step = loop.time_steps()
    started = time.perf_counter()
    look_at(cast(Network, loop.average.module), loop.watched, loop.shown, loop.watch.watched)
    a_look = time.perf_counter() - started
    images = loop.steps_per_epoch * loop.batch_size
    return Estimate(
        seconds=to_begin + loop.total_steps * a_step + len(loop.looks) * a_look,
        epochs=loop.epochs,
        images=images,
        noun=plan.seen.noun,
        rate=loop.batch_size / a_step,
    )


def in_words(seconds: float) -> str:
    """Return a length of time as people say it: 40 s, 12 min, 2 h 10 min, 3 days 4 h.

    >>> [in_words(seconds) for seconds in (0.2, 40, 719, 7799, 273_600)]
    ['1 s', '40 s', '12 min', '2 h 10 min', '3 days 4 h']
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} days {hours % 24} h"
