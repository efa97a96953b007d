"""What is to be trained, on what machine, and what `config.json` says of both."""

import dataclasses
import functools
import logging
import os
import platform
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

import brainlab
from brainlab.cohort.origin import STARTED_FROM
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import Batch, View
from brainlab.config import check_ranges, to_dict
from brainlab.errors import InputError
from brainlab.experiments.starting_weights import asked_as, record_of_start, refuse_other_networks
from brainlab.methods.conditions import learn_conditions
from brainlab.methods.generator import Generator
from brainlab.methods.method import Method, Schedule
from brainlab.methods.outline import outlined
from brainlab.methods.translator import Translator
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.calls.devices import computes_in_bfloat16, find_device
from brainlab.runs.matching.own_recipe import refuse_other_channels
from brainlab.runs.methods import find_preset
from brainlab.runs.provenance import hashes_of_training
from brainlab.runs.run import Run
from brainlab.types import Float32Array, IntArray

PRECISIONS = {"bf16-mixed": "bf16-mixed", "32": "32-true"}
"""Name of `--precision` to Fabric's."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """Where to train. device: auto, cpu or cuda; devices and nodes: how many; precision: a key of PRECISIONS.

    A precision of None is that of the run where one is resumed. Otherwise it is the quicker one, `bf16-mixed` where the
    device computes in bfloat16 by itself: with a processor that emulates it a step of `slice-vae-64` takes five times
    as long as in float32.
    """

    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str | None = None

    @property
    def own_precision(self) -> str:
        """What a run that is not resumed is trained in, a key of PRECISIONS."""
        return self.precision or ("bf16-mixed" if computes_in_bfloat16(find_device(self.device)) else "32")

    def fabric(self) -> Fabric:
        """Return the launched Fabric of this machine. Raises InputError where it has no such device."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device: needs a GPU for cuda, found none; use --device cpu")
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        # Which of several processes has died, before it ends the others.
        logging.getLogger("lightning_fabric.strategies.launchers").setLevel(logging.INFO)
        warnings.filterwarnings("ignore", module="lightning_fabric")
        several = self.devices * self.nodes > 1
        fabric = Fabric(
            accelerator=self.device,
            devices=self.devices,
            num_nodes=self.nodes,
            strategy="ddp" if several else "auto",
            precision=PRECISIONS[self.own_precision],  # type: ignore[arg-type]
        )
        fabric.launch()
        return fabric


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained: a method's settings under a preset's name, its schedule, and the data as the method sees it."""

    preset: str
    method: Method[Any]
    config: Any
    schedule: Schedule
    data: PreparedDataset
    """On disk; `seen` is what the method reads of it."""
    start: Run | None = None
    """The run whose weights the training begins with; with drawn ones where there is none."""

    @classmethod
    def of_preset(
        cls,
        name: str,
        data: PreparedDataset,
        config: Any = None,
        schedule: Schedule | None = None,
        start: Run | None = None,
    ) -> "Plan":
        """Plan a preset on some data. config, schedule: the preset's own where None.

        What images can be asked for is taken from the training scans, and kept in the config; where the training starts
        from a run, it is what that run can be asked for, for its weights know it on that scale.
        Raises InputError on its name, and where the data does not tell the conditions that are to be learnt.
        """
        method, preset = find_preset(name)
        config = preset.config if config is None else config
        if "condition" in method.abilities_of(config):
            known = learn_conditions(config.conditions, method.view(config).of(data))
            config = dataclasses.replace(config, known=known)
            config = config if start is None else asked_as(start, config)
        return cls(
            preset=name, method=method, config=config, schedule=schedule or preset.schedule, data=data, start=start
        )

    @property
    def view(self) -> View:
        return self.method.view(self.config)

    @functools.cached_property
    def seen(self) -> PreparedDataset:
        return self.view.of(self.data)

    def read(self, rows: IntArray) -> Batch:
        """Return rows of `seen`, with what they show of the conditions that the method learns."""
        batch = self.view.batch(self.seen, rows)
        if not self._told:
            return batch
        return dataclasses.replace(batch, condition={name: told[rows] for name, told in self._told.items()})

    @functools.cached_property
    def _told(self) -> dict[str, IntArray | Float32Array]:
        """What all of `seen` show, by condition."""
        scans, known = self.seen.scans, getattr(self.config, "known", ())
        return {one.name: one.encode(scans[one.name]) for one in known}

    @property
    def batch_size(self) -> int:
        return min(self.schedule.batch_size, len(self.seen.indices("train")))

    def check(self, machine: Machine) -> None:
        """Refuse settings and data that do not fit, before anything starts."""
        refuse_out_of_range(vars(machine))
        check_ranges(self.config)
        check_ranges(self.schedule)
        epochs, stop_after = self.schedule.epochs, self.schedule.stop_after
        if stop_after is not None and stop_after > epochs:
            raise InputError(f"--stop-after: needs at most {epochs}, as there are --epochs, got {stop_after}")
        if schedule_error := self._early_stopping_error():
            raise InputError(f"--early-stopping: {schedule_error}")
        with outlined():
            network = self.method.network(self.config)
        if self.start is not None:
            refuse_other_networks(self.start, self.preset, self.method, self.config)
        if isinstance(network, Translator):
            refuse_undivided(self.seen.shape, network.multiple)
        else:
            self._refuse_other_images(network)
        images = len(self.seen.indices("train"))
        if images < 2:
            raise InputError(
                f"{self.data.folder}: needs 2 {self.seen.grid.noun}s or more in the split 'train', got {images}; add "
                "participants"
            )
        devices = machine.devices * machine.nodes
        if self.batch_size % devices:
            raise InputError(
                f"--batch-size: needs as many images for each of {devices} devices, so a multiple of {devices}, got "
                f"{self.batch_size}; give another"
            )
        self.method.check_batch(self.config, self.batch_size // devices)

    def _refuse_other_images(self, generator: Generator) -> None:
        channels, *sides = generator.sample_shape
        if self.seen.shape != tuple(sides):
            raise InputError(
                f"{self.data.folder}: needs {self.seen.noun} of {tuple(sides)} {self.seen.grid.element}s, got "
                f"{self.seen.shape}; prepare them with a recipe for that size ('brainlab prepare --help' lists recipes)"
            )
        refuse_other_channels(self.seen, channels, self.preset)

    def _early_stopping_error(self) -> str:
        """Say why training cannot stop by the error on held-out images; empty where it can, or is not to."""
        if self.schedule.early_stopping is None:
            return ""
        if not {"translate", "reconstruct"} & self.method.abilities_of(self.config):
            return f"needs a method that makes held-out images again, got {self.preset}; leave it out"
        if not len(self.data.indices("test")):
            return "needs held-out people, got none in the split 'test'; leave it out with none, or add participants"
        return ""


def refuse_undivided(sides: Sequence[int], multiple: int) -> None:
    """Raise InputError where a network that halves its images cannot halve patches of these sides."""
    if any(side % multiple for side in sides):
        got = " x ".join(map(str, sides))
        raise InputError(f"--patch: needs sides that divide by {multiple}, got {got}; choose other sides")


def settings_of(plan: Plan) -> dict[str, Any]:
    """Return what `config.json` keeps of the method."""
    return {
        "preset": plan.preset,
        "method": plan.method.name,
        "config": to_dict(plan.config),
        "schedule": dataclasses.asdict(plan.schedule),
    }


def run_settings(plan: Plan, seed: int, machine: Machine, training: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `config.json`: everything that is needed to train the run again."""
    data, seen = plan.data, plan.seen
    classes = data.scans["class"].iloc[data.indices("train")].value_counts()
    return {
        **settings_of(plan),
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "simulated": data.simulated,
            **data.origin.record,
            **hashes_of_training(data),
            "scans": len(data.indices("train")),
            "classes": {str(name): int(count) for name, count in classes.items()},
            "watched_split": "test" if len(data.indices("test")) else "train",
        },
        **({STARTED_FROM: record_of_start(plan.start)} if plan.start else {}),
        "shape": list(data.shape if "translate" in plan.method.abilities else seen.shape),
        "affine": np.asarray(data.affine).tolist(),
        **({"plane": seen.grid.plane} if seen.grid.plane else {}),
        "recipe": data.recipe,
        "seed": seed,
        "training": {
            **training,
            "precision": machine.own_precision,
            "device": machine.device,
            "devices": machine.devices * machine.nodes,
            "threads": torch.get_num_threads(),
            "hardware": hardware(),
        },
        "versions": {
            "brainlab": brainlab.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }


def hardware() -> str:
    """Name the processor, or the GPU where there is one, with the number of cores."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
