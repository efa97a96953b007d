"""Train a preset on a prepared dataset into a run folder: the checks before, the files around, the card after."""

import contextlib
import dataclasses
import json
import logging
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
from brainlab.files.folder_lock import folder_in_use
from brainlab.generators.introvae import IntroVAEConfig, fake_count
from brainlab.generators.presets import build_generator, build_recipe, preset
from brainlab.generators.vae import VAEConfig
from brainlab.ranges import flag, refuse_out_of_range
from brainlab.runs.card import write_card
from brainlab.runs.files import CONFIG, EVALUATION, read_evaluation, read_settings
from brainlab.runs.provenance import hashes_of_training
from brainlab.training.checkpoint import METRICS, RESUME, MetricsFile, write_atomically
from brainlab.training.loop import Loop, Schedule

PRECISIONS = {"bf16-mixed": "bf16-mixed", "32": "32-true"}
"""Name of `--precision` to Fabric's."""
DEFAULT_PRECISION = "bf16-mixed"

CHANGEABLE = ("learning_rate", "adversarial_learning_rate")
"""Settings that may change when a run is resumed, so that one that diverged can go on; all else makes another run."""


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
    folder: Path | str,
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
    config, machine, folder = config or preset(preset_name), machine or Machine(), Path(folder)
    refuse_out_of_range({"seed": seed, "checkpoint_steps": checkpoint_steps})
    rows = _training_rows(config, data, machine)
    if _in_use(folder):
        raise InputError(_in_use_message(folder))
    fabric = machine.fabric()
    files = {"checkpoint_steps": checkpoint_steps, "half_weights": half_weights}
    settings = _settings(preset_name, config, data, seed, machine, {"command": command, **files})
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, fabric):
        if fabric.global_rank == 0 and _in_use(folder):  # by a training that was quicker
            raise InputError(_in_use_message(folder))
        _write_settings(settings, folder, fabric)
        return _run(_loop(settings, config, data, rows, folder, fabric), folder, show)


def resume(
    folder: Path | str,
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
    change: applies to the run's preset and config what the user asks for; only what is CHANGEABLE may come out changed.
        `config.json` then lists the change and its step under `resumed`.
    Raises InputError where the folder holds no checkpoint, another process trains the run, or data or settings are not
    what the run was started with.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file() or not (folder / RESUME).is_file():
        raise InputError(f"{folder}: nothing to resume (needs {CONFIG} and {RESUME}); train it without --resume")
    settings, config = read_settings(folder, to_resume=True)
    own = {"seed": settings["seed"], **settings["training"]}
    _refuse_out_of_range_in(folder / CONFIG, own)
    if settings["data"]["sha256"] != data.sha256:
        raise InputError(f"{data.folder}: is not the data this run was started with; resume needs the very same scans")
    changed = change(settings["preset"], config) if change else config
    _refuse_other_settings(folder, config, changed)
    machine = machine or Machine()
    asked = {
        "seed": seed,
        "precision": machine.precision,
        "checkpoint_steps": checkpoint_steps,
        "half_weights": half_weights,
    }
    for name, value in asked.items():
        if value not in (None, own[name]):
            raise InputError(
                f"{flag(name)}: {folder} was started with {own[name]}, got {value}; resume it without {flag(name)}"
            )
    rows = _training_rows(changed, data, machine)
    fabric = dataclasses.replace(machine, precision=own["precision"]).fabric()
    with _alone(folder, fabric):
        loop = _loop(settings, changed, data, rows, folder, fabric, resume=True)
        _refuse_damaged_reports(folder)
        settings = _with_changes(settings, config, changed, loop.progress.step)
        # A run of an older version holds plain hashes of people's names.
        settings["data"] = settings["data"] | ({} if "key" in settings["data"] else hashes_of_training(data))
        _write_settings(settings, folder, fabric)
        return _run(loop, folder, show)


def _refuse_other_settings(folder: Path, config: VAEConfig, changed: VAEConfig) -> None:
    others = [name for name in _differences(config, changed) if name not in CHANGEABLE]
    if type(config) is not type(changed) or others:
        flags = ", ".join(map(flag, others))
        may = " and ".join(map(flag, CHANGEABLE))
        raise InputError(
            f"{folder}: was started with other settings ({flags}); resume it without them (only {may} may change), or "
            "train into a new folder"
        )


def _refuse_out_of_range_in(path: Path, values: dict[str, Any]) -> None:
    """Refuse values of a file that are out of range, or a precision that there is not."""
    try:
        refuse_out_of_range(values)
        if values["precision"] not in PRECISIONS:
            raise InputError(f"training.precision: needs {' or '.join(PRECISIONS)}, got {values['precision']!r}")
    except InputError as error:
        raise InputError(f"{path}: damaged: {error}; train into a new folder") from error


def _refuse_damaged_reports(folder: Path) -> None:
    """Read what the card will be written from, so that hours of training do not end in a damaged line."""
    MetricsFile(folder).lines()
    if (folder / EVALUATION).is_file():
        read_evaluation(folder / EVALUATION)


def _with_changes(settings: dict[str, Any], config: VAEConfig, changed: VAEConfig, step: int) -> dict[str, Any]:
    """Return a run's settings with the changed config in them, and what changed at which step under `resumed`."""
    if not (differences := _differences(config, changed)):
        return dict(settings)
    entry = {"step": step, "changes": {name: list(values) for name, values in differences.items()}}
    return {**settings, "config": to_dict(changed), "resumed": [*settings.get("resumed", []), entry]}


def _differences(config: VAEConfig, changed: VAEConfig) -> dict[str, tuple[Any, Any]]:
    """Return the settings in which two configs differ, with the value before and after."""
    before, after = vars(config), vars(changed)
    return {name: (before[name], after[name]) for name in before if before[name] != after.get(name)}


def _write_settings(settings: dict[str, Any], folder: Path, fabric: Fabric) -> None:
    if fabric.global_rank == 0:
        text = json.dumps(settings, indent=2) + "\n"
        write_atomically(folder / CONFIG, lambda path: path.write_text(text))
    fabric.barrier()


@contextlib.contextmanager
def _alone(folder: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other trainings out of a run folder; of several processes of one training the first does it for all."""
    if fabric.global_rank:
        yield
        return
    with folder_in_use(folder, "brainlab train"):
        yield


def _in_use_message(folder: Path) -> str:
    return f"{folder}: exists and is not empty; continue it with --resume or choose another folder"


def _in_use(folder: Path) -> bool:
    """Whether a folder holds more than a run leaves that was killed before its first checkpoint: it cannot be resumed.

    Such a run left its settings, perhaps an empty file of metrics, and hidden files that were being written.
    """
    if not folder.exists():
        return False
    left = {path.name: path for path in folder.iterdir() if not path.name.startswith(".")}
    if CONFIG in left:
        with contextlib.suppress(InputError):
            read_settings(folder, to_resume=True)
            del left[CONFIG]
    return bool({name for name, path in left.items() if name != METRICS or path.stat().st_size})


def _training_rows(config: VAEConfig, data: PreparedDataset, machine: Machine) -> Any:
    """Return the rows to train on; refuse settings and data that do not fit before anything starts."""
    refuse_out_of_range(vars(config) | vars(machine))
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
        after_divergence=_after_divergence(config),
    )
    return Loop(recipe, data.batch, rows, data.indices("test"), schedule, folder, fabric, resume=resume)


def _after_divergence(config: VAEConfig) -> str:
    """Name the flags with which a run that diverged may be resumed."""
    lower = [f"{flag(name)} below {vars(config)[name]:g}" for name in CHANGEABLE if name in vars(config)]
    return f"--resume and {' or '.join(lower)}"


def _run(loop: Loop, folder: Path, show: Callable[[Iterator[int], int], Any] | None) -> dict[str, Any]:
    """Train, and write the card whenever there are weights to speak of, also when training was cut short."""
    try:
        last = loop.run(show)
    except BaseException:
        # On a full disk the card cannot be written either, and what stopped the training is the thing to tell.
        with contextlib.suppress(OSError, InputError):
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
