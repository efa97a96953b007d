"""Train a preset on a prepared dataset into a run folder: the checks before, the files around, the card after."""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from brainlab.cohort.folds import Fold
from brainlab.cohort.prepared import PreparedDataset
from brainlab.errors import InputError
from brainlab.experiments.starting_weights import weights_of_start
from brainlab.experiments.training_plan import PRECISIONS, Machine, Plan, run_settings, settings_of
from brainlab.files.folder_lock import folder_in_use
from brainlab.methods.method import Schedule
from brainlab.ranges import flag, refuse_out_of_range
from brainlab.runs.card import write_card
from brainlab.runs.files import (
    CONFIG,
    EVALUATION,
    RunSettings,
    read_evaluation,
    read_settings,
)
from brainlab.runs.provenance import hashes_of_training
from brainlab.runs.run import Run
from brainlab.training.checkpoint import METRICS, RESUME, MetricsFile, write_atomically
from brainlab.training.loop import Loop
from brainlab.training.state import Watch

CHANGEABLE = ("stop_after", "look_every")
"""Settings that may change when any run is resumed: nothing that was trained depends on them."""


def train(
    preset_name: str,
    data: PreparedDataset,
    folder: Path | str,
    *,
    config: Any = None,
    schedule: Schedule | None = None,
    start: Run | None = None,
    seed: int = 0,
    machine: Machine | None = None,
    checkpoint_steps: int = 100,
    half_weights: bool = False,
    fold: Fold | None = None,
    command: str = "",
    show: Callable[[Iterator[int], int], Any] | None = None,
) -> dict[str, Any]:
    """Train a new run and return its last epoch's line of metrics.

    config, schedule: the preset's own, or changed ones.  checkpoint_steps: steps between two checkpoints.
    start: the run whose averaged weights the generator begins with; networks that a run does not keep, such as the
        critic of a GAN, begin anew. Its people count as people this run was trained on.
    half_weights: keep the trained weights with 16 bits each.  command: what the user typed, for the card.
    fold: the participants that are held out, in place of the data's own split.
    Raises InputError before anything is written where the data does not fit, the training split is empty, or the folder
    is in use; TrainingStoppedError where a loss is no longer finite.
    """
    data = fold.held_out(data) if fold else data
    plan = Plan.of_preset(preset_name, data, config, schedule, start)
    machine, folder = machine or Machine(), Path(folder)
    refuse_out_of_range({"seed": seed, "checkpoint_steps": checkpoint_steps})
    plan.check(machine)
    if is_taken(folder):
        raise InputError(in_use_message(folder))
    fabric = machine.fabric()
    files = {"checkpoint_steps": checkpoint_steps, "half_weights": half_weights}
    held_out = {"fold": str(fold)} if fold else {}
    settings = run_settings(plan, seed, machine, {"command": command, **files, **held_out})
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, fabric):
        if fabric.global_rank == 0 and is_taken(folder):  # by a training that was quicker
            raise InputError(in_use_message(folder))
        _write_settings(settings, folder, fabric)
        return _run(make_loop(plan, folder, fabric, seed, files), folder, show)


Change = Callable[[str, Any, Schedule], tuple[Any, Schedule]]
"""What a user asks for upon resume: (preset, config, schedule) to the changed config and schedule."""


def resume(
    folder: Path | str,
    data: PreparedDataset,
    *,
    machine: Machine | None = None,
    seed: int | None = None,
    checkpoint_steps: int | None = None,
    half_weights: bool | None = None,
    fold: Fold | None = None,
    change: Change | None = None,
    show: Callable[[Iterator[int], int], Any] | None = None,
) -> dict[str, Any]:
    """Continue a run from its last checkpoint to the end it was planned for, as if it had never stopped.

    machine, seed, checkpoint_steps, half_weights, fold: as the run was started with, or None to take them from the run.
    change: what the user asks for; only settings that the method calls changeable, and after how many epochs of its
        schedule it stops, may come out changed. `config.json` then lists the change and its step under `resumed`.
    Raises InputError where the folder holds no checkpoint, another process trains the run, or data or settings are not
    what the run was started with.
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file() or not (folder / RESUME).is_file():
        raise InputError(f"{folder}: nothing to resume (needs {CONFIG} and {RESUME}); train it without --resume")
    kept = read_settings(folder, to_resume=True)
    settings = kept.values
    own = {"seed": settings["seed"], **settings["training"]}
    _refuse_out_of_range_in(folder / CONFIG, own)
    if settings["data"]["sha256"] != data.sha256:
        raise InputError(f"{data.folder}: is not the data this run was started with; resume needs the very same scans")
    config, schedule = kept.config, kept.schedule
    if change:
        config, schedule = change(settings["preset"], config, schedule)
    _refuse_other_settings(folder, kept, config, schedule)
    machine = machine or Machine()
    asked = {
        "seed": seed,
        "precision": machine.precision,
        "checkpoint_steps": checkpoint_steps,
        "half_weights": half_weights,
        "fold": None if fold is None else str(fold),
    }
    for name, value in asked.items():
        if value not in (None, own.get(name)):
            before = "none" if own.get(name) is None else own[name]
            raise InputError(
                f"{flag(name)}: {folder} was started with {before}, got {value}; resume it without {flag(name)}"
            )
    data = Fold.parse(own["fold"]).held_out(data) if "fold" in own else data
    plan = Plan(preset=settings["preset"], method=kept.method, config=config, schedule=schedule, data=data)
    plan.check(machine)
    fabric = dataclasses.replace(machine, precision=own["precision"]).fabric()
    with _alone(folder, fabric):
        loop = make_loop(plan, folder, fabric, own["seed"], own, resume=True)
        _refuse_damaged_reports(folder)
        settings = _with_changes(settings, kept, plan, loop.state.step)
        # A run of an older version holds plain hashes of people's names.
        settings["data"] = settings["data"] | ({} if "key" in settings["data"] else hashes_of_training(data))
        _write_settings(settings, folder, fabric)
        return _run(loop, folder, show)


def _refuse_other_settings(folder: Path, kept: RunSettings, config: Any, schedule: Schedule) -> None:
    changeable = (*kept.method.changeable, *CHANGEABLE)
    differences = {**_differences(kept.config, config), **_differences(kept.schedule, schedule)}
    others = [name for name in differences if name not in changeable]
    if type(kept.config) is not type(config) or others:
        flags = ", ".join(map(flag, others))
        may = " and ".join(map(flag, changeable))
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


def _with_changes(settings: dict[str, Any], kept: RunSettings, plan: Plan, step: int) -> dict[str, Any]:
    """Return a run's settings with the changed config in them, and what changed at which step under `resumed`."""
    differences = {**_differences(kept.config, plan.config), **_differences(kept.schedule, plan.schedule)}
    if not differences:
        return dict(settings)
    entry = {"step": step, "changes": {name: list(values) for name, values in differences.items()}}
    return {**settings, **settings_of(plan), "resumed": [*settings.get("resumed", []), entry]}


def _differences(config: Any, changed: Any) -> dict[str, tuple[Any, Any]]:
    """Return the settings in which two configs differ, with the value before and after."""
    before, after = vars(config), vars(changed)
    return {name: (before[name], after[name]) for name in before if before[name] != after.get(name)}


def _write_settings(settings: dict[str, Any], folder: Path, fabric: Fabric) -> None:
    if fabric.global_rank == 0:
        text = json.dumps(settings, indent=2) + "\n"
        write_atomically(folder / CONFIG, lambda path: path.write_text(text, encoding="utf-8"))
    fabric.barrier()


@contextlib.contextmanager
def _alone(folder: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other trainings out of a run folder; of several processes of one training the first does it for all."""
    if fabric.global_rank:
        yield
        return
    with folder_in_use(folder, "brainlab train"):
        yield


def in_use_message(folder: Path) -> str:
    """Return what to say of a folder that `is_taken`."""
    return f"{folder}: exists and is not empty; continue it with --resume or choose another folder"


def is_taken(folder: Path) -> bool:
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


def make_loop(
    plan: Plan, folder: Path, fabric: Fabric, seed: int, files: Mapping[str, Any], *, resume: bool = False
) -> Loop:
    """Return the loop of a plan, with weights drawn from its seed or those of the checkpoint.

    files: `checkpoint_steps` and `half_weights`, as `train` takes them.
    """
    torch.manual_seed(seed)
    recipe = plan.method.recipe(plan.config)
    seen = plan.seen
    watch = Watch(
        seed=seed,
        checkpoint_steps=files["checkpoint_steps"],
        half_weights=files["half_weights"],
        after_divergence=_after_divergence(plan),
    )
    return Loop(
        recipe,
        plan.read,
        seen.indices("train"),
        seen.indices("test"),
        plan.schedule,
        watch,
        folder,
        fabric,
        resume=resume,
        start=weights_of_start(plan.start) if plan.start and not resume else None,
    )


def _after_divergence(plan: Plan) -> str:
    """Name the flags with which a run that diverged may be resumed."""
    values = vars(plan.config)
    idle = plan.method.without_effect(plan.config)
    useful = [name for name in plan.method.changeable if name in values and name not in idle]
    lower = [f"{flag(name)} below {values[name]:g}" for name in useful]
    return f"--resume and {' or '.join(lower)}" if lower else "other settings, into a new folder"


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
    if loop.fabric.global_rank == 0 and loop.state.last_epoch:
        write_card(folder)
