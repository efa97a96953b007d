"""Tiny cross-validations for figures of translators: some with runs on made sequences, others by hand without."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.cross_validation.folds import cross_validate
from brainlab.experiments.cross_validation.record import CrossValidation, MeasuredFold, write_record
from brainlab.methods.method import Schedule
from brainlab.translation.linear import LinearConfig

ONE_EPOCH = Schedule(epochs=1, batch_size=8)
PATCH = (8, 8, 8)


def record(
    method: str,
    scans: list[dict[str, Any]],
    *,
    inputs: tuple[str, ...],
    target: str,
    sha256: str = "a",
    epochs: int = 1,
    curves: tuple[tuple[tuple[float, float], ...], ...] = ((), ()),
    **config: Any,
) -> CrossValidation:
    """Return a cross-validation in two folds that measured these scans, whose rows are their places."""
    rows = [{"row": row, "seconds": 1.0, "class": "ms", **scan} for row, scan in enumerate(scans)]
    folds = [
        MeasuredFold(number=number + 1, seconds=1.0, scans=tuple(rows[number::2]), curve=curves[number])
        for number in range(2)
    ]
    return CrossValidation(
        name=method,
        method=method,
        title=method,
        inputs=inputs,
        target=target,
        folds=2,
        config=config,
        schedule={"epochs": epochs},
        parameters=None,
        data={"name": "made", "sha256": sha256, "simulated": True},
        measured=tuple(folds),
        source=f"{method}.json",
    )


def linear_record(data: PreparedDataset, folder: Path, inputs: tuple[str, ...], target: str) -> CrossValidation:
    """Cross-validate the linear model of each voxel in two folds, with its runs."""
    config = LinearConfig(inputs=inputs, target=target, kernel=1, patch=PATCH)
    name = "flair-linear" if target == "FLAIR" else "pet-linear"
    return cross_validate(name, data, folder, folds=2, config=config)


def as_method(made: CrossValidation, folder: Path, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], **changes):
    """Write what was measured as if by another method, without runs. change: of each scan."""
    measured = tuple(dataclasses.replace(one, scans=tuple(change(scan) for scan in one.scans)) for one in made.measured)
    folder.mkdir()
    write_record(dataclasses.replace(made, measured=measured, **changes), folder)


def words(sheet) -> str:
    """Return all text of a sheet beside its axes."""
    return " ".join(text.get_text() for text in sheet.figure.texts)


def shown(sheet) -> list[np.ndarray]:
    """Return the pixels of all tiles."""
    return [np.asarray(axes.images[0].get_array()) for axes in sheet.figure.axes if axes.images]
