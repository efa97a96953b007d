"""Train and measure each fold of a cross-validation; what is done already is not done again."""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.folds import Fold
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.views import places_of, refuse_unit_range
from brainlab.config import check_ranges, to_dict
from brainlab.errors import InputError
from brainlab.experiments.cross_validation.baselines import BASELINES, BaselineConfig, brain_of, fitted
from brainlab.experiments.cross_validation.record import (
    FILE,
    CrossValidation,
    MeasuredFold,
    read_record,
    run_folder,
    write_record,
)
from brainlab.experiments.synthesis.measure import measure_image, region_measured
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.training import resume, train
from brainlab.experiments.training_plan import Machine
from brainlab.files.folder_lock import folder_in_use
from brainlab.methods.method import Schedule
from brainlab.methods.outline import outlined
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.files import CONFIG
from brainlab.runs.methods import find_preset
from brainlab.runs.run import load_run
from brainlab.training.checkpoint import RESUME
from brainlab.training.diagnostics import HELD_OUT_ERROR
from brainlab.types import Float32Array

Show = Callable[[Iterator[int], int], Any]
Translate = Callable[[Float32Array, int], Float32Array]
"""From the inputs of a scan [C, X, Y, Z] and its row to the target [X, Y, Z]."""


def cross_validate(
    name: str,
    data: PreparedDataset,
    folder: Path,
    *,
    folds: int = 5,
    only: Sequence[int] = (),
    config: Any = None,
    schedule: Schedule | None = None,
    machine: Machine | None = None,
    seed: int = 0,
    command: str = "",
    show: Show | None = None,
) -> CrossValidation:
    """Train a preset once for each fold of the participants, measure every held-out scan, and keep the record.

    name: a preset that translates, or one of `BASELINES`.  only: folds to do, all by default; others may follow later.
    The runs are `fold-1` and so on in the folder; without them, once measured, the record stands for itself.
    A call that was interrupted is gone on with.
    Raises InputError where the method does not translate, a fold does not exist, or the folder holds another
    cross-validation.
    """
    refuse_out_of_range({"seed": seed})
    numbers = list(dict.fromkeys(only)) or list(range(1, folds + 1))
    chosen = [Fold.parse(f"{number}/{folds}") for number in numbers]
    chosen[0].held_out(data)  # refuses too few people
    record = _planned(name, data, folds, config, schedule)
    how = {"config": config, "schedule": schedule, "machine": machine, "seed": seed, "command": command, "show": show}
    folder.mkdir(parents=True, exist_ok=True)
    with folder_in_use(folder, "brainlab cross-validate"):
        record = _begun(record, folder)
        for fold in chosen:
            if fold.number in {one.number for one in record.measured}:
                continue
            if name in BASELINES:
                found = _fitted(name, config or BaselineConfig(), data, fold, seed)
            else:
                found = _trained(name, data, run_folder(folder, fold.number), fold, how)
            done = sorted((*record.measured, found), key=lambda one: one.number)
            record = dataclasses.replace(record, measured=tuple(done))
            write_record(record, folder)
    return record


def _planned(name: str, data: PreparedDataset, folds: int, config: Any, schedule: Schedule | None) -> CrossValidation:
    """Return the record before any fold. Raises InputError where the data or settings do not fit."""
    said = {"name": data.name, "sha256": data.sha256, "simulated": data.simulated, "over": region_measured(data)}
    if name in BASELINES:
        config = config or BaselineConfig()
        method, title, parameters, told = name, BASELINES[name], None, {}
    else:
        found, preset = find_preset(name)
        config, schedule = config or preset.config, schedule or preset.schedule
        if "translate" not in found.abilities_of(config):
            raise InputError(f"{name}: needs a preset that translates, got {found.title}; name another")
        with outlined():
            parameters = sum(weight.numel() for weight in found.network(config).parameters())
        method, title, told = found.name, found.title, dataclasses.asdict(schedule)
    check_ranges(config)
    places_of((*config.inputs, config.target), data)
    refuse_unit_range(data)
    return CrossValidation(
        name=name,
        method=method,
        title=title,
        inputs=tuple(config.inputs),
        target=config.target,
        folds=folds,
        config=json.loads(json.dumps(to_dict(config))),  # as it will be read
        schedule=told,
        parameters=parameters,
        data=said,
    )


def _begun(record: CrossValidation, folder: Path) -> CrossValidation:
    """Return the record with the folds that the folder holds. Raises InputError where it holds another."""
    if not (folder / FILE).is_file():
        return record
    kept = read_record(folder / FILE)
    if not kept.same_work(record):
        raise InputError(
            f"{folder}: holds a cross-validation of {kept.name} with other settings or data; name another folder"
        )
    return kept


def _trained(name: str, data: PreparedDataset, folder: Path, fold: Fold, how: dict[str, Any]) -> MeasuredFold:
    """Train one fold, or go on where an earlier call was interrupted, and measure it.

    data: all participants.  how: arguments of `train`.
    """
    if not (folder / CONFIG).is_file():
        train(name, data, folder, fold=fold, **how)
    elif (folder / RESUME).is_file():
        resume(folder, data, machine=how["machine"], fold=fold, show=how["show"])
    run = load_run(folder)
    looks = run.metrics()
    looks = looks[looks["kind"] == "epoch"]
    curve = [(float(epoch), float(error)) for epoch, error in looks[["epoch", HELD_OUT_ERROR]].dropna().to_numpy()]
    config = run.config
    scans = _measured(fold.held_out(data), config.inputs, config.target, lambda images, _: translate(run, images))
    (folder / RESUME).unlink(missing_ok=True)  # several times the size of the run, and of no use to a finished one
    return MeasuredFold(number=fold.number, seconds=float(looks["seconds"].iloc[-1]), scans=scans, curve=tuple(curve))


def _fitted(name: str, config: BaselineConfig, data: PreparedDataset, fold: Fold, seed: int) -> MeasuredFold:
    """Fit a baseline to the training scans of one fold, and measure it."""
    held_out = fold.held_out(data)
    started = time.perf_counter()
    model = fitted(name, config, held_out, held_out.indices("train"), seed)
    seconds = time.perf_counter() - started
    scans = _measured(
        held_out, config.inputs, config.target, lambda images, row: model.predict(images, brain_of(data, row))
    )
    return MeasuredFold(number=fold.number, seconds=seconds, scans=scans)


def _measured(
    data: PreparedDataset, inputs: Sequence[str], target: str, make: Translate
) -> tuple[Mapping[str, Any], ...]:
    """Return what is kept of each held-out scan."""
    places = places_of(inputs, data)
    scans = []
    for row in map(int, data.indices("test")):
        images = data.batch(np.array([row]))[0, places]
        started = time.perf_counter()
        made = make(images, row)
        seconds = time.perf_counter() - started
        measures = measure_image(data, row, target, made)
        finite = {key: value if value is None or math.isfinite(value) else None for key, value in measures.items()}
        scans.append({"row": row, "class": str(data.scans["class"].iloc[row]), "seconds": round(seconds, 3), **finite})
    return tuple(scans)
