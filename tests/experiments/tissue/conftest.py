"""Small labelled datasets: two squares beside each other, the right one brighter, in slices or in volumes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset, write_prepared

NAMES = {"1": "left-tissue", "2": "right-tissue"}


def labelled(folder: Path, sides: tuple[int, ...], names: Mapping[str, str] = NAMES, **more: Any) -> PreparedDataset:
    """Write four people, the last held out. names: of the labels of the left and the right square, in this order."""
    random = np.random.default_rng(len(sides))
    left, right = (int(number) for number in list(names)[:2])
    images, labels = [], []
    for _ in range(4):
        shape = np.zeros(sides, np.uint8)
        low = random.integers(2, 4)
        shape[low : sides[0] // 2, 3:9], shape[sides[0] // 2 : sides[0] - low, 3:9] = left, right
        grey = 0.1 + 0.3 * (shape == left) + 0.7 * (shape == right) + random.normal(0, 0.02, sides)
        images.append(np.clip(grey, 0, 1).astype(np.float32))
        labels.append(shape)
    scans = pd.DataFrame(
        {"participant": list("abcd"), "class": "healthy", "split": ["train"] * 3 + ["test"], "modality": "T1w"}
    )
    recipe = {"name": "made", "shape": list(sides), "affine": np.eye(4).tolist(), "labels": dict(names), **more}
    return write_prepared(folder, images, scans, recipe, segmentations=labels)


@pytest.fixture
def slices(tmp_path: Path) -> PreparedDataset:
    return labelled(tmp_path / "slices", (16, 12), simulated=True)


@pytest.fixture
def volumes(tmp_path: Path) -> PreparedDataset:
    """Volumes whose labels have other numbers, and one more."""
    return labelled(tmp_path / "volumes", (20, 14, 3), {"7": "left-tissue", "4": "right-tissue", "9": "lesion"})


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., PreparedDataset]:
    return lambda name, sides=(16, 12), names=NAMES, **more: labelled(tmp_path / name, sides, names, **more)
