"""Train a preset on a prepared dataset into a run folder: the checks before, the files around, the card after."""

import contextlib
import dataclasses
import json
import logging
import math
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

import brainlab
from brainlab.cohort.prepared import PreparedDataset
from brainlab.config import to_dict
from brainlab.errors import InputError
from brainlab.experiments.card import write_card
from brainlab.experiments.recognition import hashes_of_training
from brainlab.experiments.runs import CONFIG
from brainlab.generators.introvae import IntroVAEConfig, fake_count
from brainlab.generators.presets import build_generator, build_recipe, config_from_dict, preset
from brainlab.generators.vae import VAEConfig
from brainlab.training.checkpoint import METRICS, RESUME, unusable, write_atomically
from brainlab.training.loop import Loop, Schedule

PRECISIONS = {"bf16-mixed": "bf16-mixed", "32": "32-true"}
"""Name of `--precision` to Fabric's."""
DEFAULT_PRECISION = "bf16-mixed"

Range = tuple[Callable[[float], bool], str]
"""Whether a value will do, and the values that do in words."""

_AT_LEAST_1: Range = (lambda value: value >= 1, "1 or more")
_AT_LEAST_0: Range = (lambda value: 0 <= value < math.inf, "0 or more")
_ABOVE_0: Range = (lambda value: 0 < value < math.inf, "a number above 0")
_RANGES: dict[str, Range] = {
    "latent_dim": _AT_LEAST_1,
    "dense_width": _AT_LEAST_1,
    "residual_blocks": _AT_LEAST_0,
    "dropout": (lambda value: 0 <= value < 1, "0 to less than 1"),
    "reconstruction_weight": _ABOVE_0,
    "learning_rate": _ABOVE_0,
    "batch_size": _AT_LEAST_1,
    "epochs": _AT_LEAST_1,
    "stop_after": _AT_LEAST_1,
    "ema_decay": (lambda value: 0 <= value <= 1, "0 to 1"),
    "linear_rank": _AT_LEAST_0,
    # Without a warm-up the margin would be 0, and the critic never pushed.
    "warm_up_epochs": _AT_LEAST_1,
    "margin_factor": _ABOVE_0,
    "fake_weight": _AT_LEAST_0,
    "decoder_fake_weight": _AT_LEAST_0,
    "adversarial_reconstruction_weight": _ABOVE_0,
    "fake_share": (lambda value: 0 < value <= 1, "more than 0 and at most 1"),
    "adversarial_learning_rate": _ABOVE_0,
    "seed": (lambda value: 0 <= value < 2**32, "0 to 4294967295"),
    "checkpoint_steps": _AT_LEAST_1,
    "devices": _AT_LEAST_1,
    "nodes": _AT_LEAST_1,
}
"""Setting to the values it may have; None is left to mean that it is not used."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Machine:
    """Where to train. device: auto, cpu or cuda; devices and nodes: how many; precision: a key of PRECISIONS.

    A precision of None is that of the run where one is resumed, and DEFAULT_PRECISION otherwise.
    """

    device: str = "auto"
    devices: int = 1
    nodes: int = 1
    precision: str | None = None

    def fabric(self) -> Fabric:
        """Return the launched Fabric of this machine. Raises InputError where it has no such device."""
        if self.device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device: needs a GPU for cuda, found none; use --device cpu")
        logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module="lightning_fabric")
        several = self.devices * self.nodes > 1
        fabric = Fabric(
            accelerator=self.device,
            devices=self.devices,
            num_nodes=self.nodes,
            strategy="ddp" if several else "auto",
            precision=PRECISIONS[self.precision or DEFAULT_PRECISION],  # type: ignore[arg-type]
        )
        fabric.launch()
        return fabric


def train(
    preset_name: str,
    data: PreparedDataset,
    folder: Path,
    *,
    config: VAEConfig | None = None,
    seed: int = 0,
    machine: Machine | None = None,
    checkpoint_steps: int = 100,
    half_weights: bool = False,
    command: str = "",
    show: Callable[[Iterator[int], int], Any] | None = None,
) -> dict[str, Any]:
    """Train a new run and return its last epoch's line of metrics.

    config: the preset's settings, or changed ones.  checkpoint_steps: steps between two checkpoints.
    half_weights: keep the trained weights with 16 bits each.  command: what the user typed, for the card.
    Raises InputError before anything is written where the data does not fit, the training split is empty, or the folder
    is in use; TrainingStoppedError where a loss is no longer finite.
    """
    config, machine = config or preset(preset_name), machine or Machine()
    _refuse_out_of_range({"seed": seed, "checkpoint_steps": checkpoint_steps})
    rows = _training_rows(config, data, machine)
    if _in_use(folder):
        raise InputError(f"{folder}: exists and is not empty; continue it with --resume or choose another folder")
    fabric = machine.fabric()
    files = {"checkpoint_steps": checkpoint_steps, "half_weights": half_weights}
    settings = _settings(preset_name, config, data, seed, machine, {"command": command, **files})
    if fabric.global_rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / CONFIG, lambda path: path.write_text(json.dumps(settings, indent=2) + "\n"))
    fabric.barrier()
    return _run(_loop(settings, config, data, rows, folder, fabric), folder, show)


def resume(
    folder: Path,
    data: PreparedDataset,
    *,
    machine: Machine | None = None,
    seed: int | None = None,
    checkpoint_steps: int | None = None,
    half_weights: bool | None = None,
    change: Callable[[str, VAEConfig], VAEConfig] | None = None,
    show: Callable[[Iterator[int], int], Any] | None = None,
) -> dict[str, Any]:
    """Continue a run from its last checkpoint to the end it was planned for, as if it had never stopped.

    machine, seed, checkpoint_steps, half_weights: as the run was started with, or None to take them from the run.
    change: applies to the run's preset and config what the user asks for, which must come to no change.
    Raises InputError where the folder holds no checkpoint, or data or settings are not what the run was started with.
    """
    if not (folder / CONFIG).is_file() or not (folder / RESUME).is_file():
        raise InputError(f"{folder}: nothing to resume (needs {CONFIG} and {RESUME}); train it without --resume")
    settings, config = _read_settings(folder / CONFIG)
    if settings["data"]["sha256"] != data.sha256:
        raise InputError(f"{data.folder}: is not the data this run was started with; resume needs the very same scans")
    if change and change(settings["preset"], config) != config:
        raise InputError(
            f"{folder}: was started with other settings; resume it without them or train into a new folder"
        )
    machine = machine or Machine()
    own = {"seed": settings["seed"], **settings["training"]}
    asked = {
        "seed": seed,
        "precision": machine.precision,
        "checkpoint_steps": checkpoint_steps,
        "half_weights": half_weights,
    }
    for name, value in asked.items():
        if value not in (None, own[name]):
            flag = _flag(name)
            raise InputError(f"{flag}: {folder} was started with {own[name]}, got {value}; resume it without {flag}")
    rows = _training_rows(config, data, machine)
    fabric = dataclasses.replace(machine, precision=own["precision"]).fabric()
    return _run(_loop(settings, config, data, rows, folder, fabric, resume=True), folder, show)


def _in_use(folder: Path) -> bool:
    """Whether a folder holds more than a run leaves that was killed before its first checkpoint: it cannot be resumed.

    Such a run left its settings, perhaps an empty file of metrics, and hidden files that were being written.
    """
    if not folder.exists():
        return False
    left = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
    if CONFIG in left:
        with contextlib.suppress(InputError):
            _read_settings(left[CONFIG])
            del left[CONFIG]
    return bool({name for name, path in left.items() if name != METRICS or path.stat().st_size})


def _read_settings(path: Path) -> tuple[dict[str, Any], VAEConfig]:
    """Return a run's `config.json` and the config in it. Raises InputError where anything that resume needs is gone."""
    try:
        settings = json.loads(path.read_text())
        needed = (settings["preset"], settings["seed"], settings["data"]["sha256"])
        needed += tuple(settings["training"][name] for name in ("precision", "checkpoint_steps", "half_weights"))
        if None in needed:
            raise ValueError("a value is missing")
        return settings, config_from_dict(settings["config"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise unusable(path, error) from error


def _refuse_out_of_range(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if name in _RANGES and value is not None and not _RANGES[name][0](value):
            raise InputError(f"{_flag(name)}: needs {_RANGES[name][1]}, got {value}")


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _training_rows(config: VAEConfig, data: PreparedDataset, machine: Machine) -> Any:
    """Return the rows to train on; refuse settings and data that do not fit before anything starts."""
    _refuse_out_of_range(vars(config) | vars(machine))
    build_generator(config)
    wanted = tuple(config.sample_shape[1:])
    if data.shape != wanted:
        raise InputError(
            f"{data.folder}: needs scans of {wanted} voxels, got {data.shape}; prepare them with that recipe"
        )
    rows = data.indices("train")
    if len(rows) < 2:
        raise InputError(
            f"{data.folder}: needs 2 scans or more in the split 'train', got {len(rows)}; add participants"
        )
    _refuse_lone_scans(config, min(config.batch_size, len(rows)), machine.devices * machine.nodes)
    return rows


def _refuse_lone_scans(config: VAEConfig, batch_size: int, devices: int) -> None:
    """Refuse batches of which a network with batch norm would see one scan alone, for one scan has no statistics."""
    if config.norm != "batch" and not config.paper_exact:
        return
    share = batch_size // devices
    if share < 2:
        raise InputError(
            f"--batch-size: needs {2 * devices} or more for batch norm on {devices} device(s), got {batch_size}"
        )
    if config.paper_exact and isinstance(config, IntroVAEConfig):
        # Only the paper's networks go on with batch norm's own statistics when samples are drawn.
        fakes = fake_count(config.fake_share, share)
        if fakes < 2 or share % fakes == 1:
            raise InputError(
                f"--fake-share: needs to cut batches of {share} into parts of 2 or more for batch norm, "
                f"got {config.fake_share}"
            )


def _loop(
    settings: dict[str, Any],
    config: VAEConfig,
    data: PreparedDataset,
    rows: Any,
    folder: Path,
    fabric: Fabric,
    *,
    resume: bool = False,
) -> Loop:
    """Return the loop that `config.json` describes, with weights drawn from its seed or those of the checkpoint."""
    batch_size = min(config.batch_size, len(rows))
    torch.manual_seed(settings["seed"])
    recipe = build_recipe(config, config.epochs * (len(rows) // batch_size))
    schedule = Schedule(
        epochs=min(config.epochs, config.stop_after or config.epochs),
        batch_size=batch_size,
        ema_decay=config.ema_decay,
        seed=settings["seed"],
        checkpoint_steps=settings["training"]["checkpoint_steps"],
        half_weights=settings["training"]["half_weights"],
    )
    return Loop(recipe, data.batch, rows, data.indices("test"), schedule, folder, fabric, resume=resume)


def _run(loop: Loop, folder: Path, show: Callable[[Iterator[int], int], Any] | None) -> dict[str, Any]:
    """Train, and write the card whenever there are weights to speak of, also when training was cut short."""
    try:
        last = loop.run(show)
    except BaseException:
        # On a full disk the card cannot be written either, and what stopped the training is the thing to tell.
        with contextlib.suppress(OSError):
            _write_card(loop, folder)
        raise
    _write_card(loop, folder)
    return last


def _write_card(loop: Loop, folder: Path) -> None:
    if loop.fabric.global_rank == 0 and loop.progress.last_epoch:
        write_card(folder)


def _settings(
    preset_name: str,
    config: VAEConfig,
    data: PreparedDataset,
    seed: int,
    machine: Machine,
    training: dict[str, Any],
) -> dict[str, Any]:
    """Return the content of `config.json`: everything that is needed to train the run again."""
    classes = data.scans["class"].iloc[data.indices("train")].value_counts()
    return {
        "preset": preset_name,
        "config": to_dict(config),
        "data": {
            "name": data.name,
            "sha256": data.sha256,
            "simulated": data.simulated,
            **hashes_of_training(data),
            "scans": len(data.indices("train")),
            "classes": {str(name): int(count) for name, count in classes.items()},
            "watched_split": "test" if len(data.indices("test")) else "train",
        },
        "shape": list(data.shape),
        "affine": np.asarray(data.affine).tolist(),
        "recipe": data.recipe,
        "seed": seed,
        "training": {
            **training,
            "precision": machine.precision or DEFAULT_PRECISION,
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
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores"
