"""Segmentations of a prepared dataset open with it, are cut with it, and are refused where they do not fit it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.cohort.segmentations import SEGMENTATIONS
from brainlab.cohort.views import Slices
from brainlab.errors import InputError
from brainlab.images.grid import PLANES, normal_axis

SIDES = (4, 6, 8)
NAMES = {"1": "grey", "255": "white"}


def write(folder: Path, channels: int = 1) -> PreparedDataset:
    scans = pd.DataFrame({"participant": ["a", "b", "c"], "class": "ms", "split": ["train", "test", "train"]})
    names = {"channels": ["T1w", "FLAIR"]} if channels == 2 else {}
    recipe = {"name": "made", "shape": list(SIDES), "affine": np.eye(4).tolist(), "labels": NAMES, **names}
    random = np.random.default_rng(0)
    shape = (3, *SIDES) if channels == 1 else (3, 2, *SIDES)
    labels = random.choice(np.array([0, 1, 255], np.uint8), (3, *SIDES))
    return write_prepared(folder, random.random(shape, np.float32), scans, recipe, segmentations=labels)


@pytest.mark.parametrize("channels", [1, 2])
def test_labels_are_kept_as_they_are(tmp_path: Path, channels: int) -> None:
    write(tmp_path / "set", channels)
    data = PreparedDataset.open(tmp_path / "set")
    assert data.label_names == {1: "grey", 255: "white"}
    assert isinstance(data.segmentations, np.memmap)
    assert data.segmentations.shape == (3, *SIDES)
    assert np.unique(data.segmentations).tolist() == [0, 1, 255]


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("channels", [1, 2])
def test_slices_have_the_labels_of_their_volumes(tmp_path: Path, plane: str, channels: int) -> None:
    data = write(tmp_path / "set", channels)
    seen = Slices(plane, 0.25, 0.75).of(data)
    assert len(seen.segmentations) == len(seen)
    for row, (number, scan) in enumerate(zip(seen.scans["slice"], seen.scans["participant"], strict=True)):
        whole = data.segmentations["abc".index(scan)]
        np.testing.assert_array_equal(seen.segmentations[row], np.take(whole, number, axis=normal_axis(plane)))
    assert seen.label_names == data.label_names


def test_what_does_not_fit_is_damaged(tmp_path: Path) -> None:
    folder = write(tmp_path / "set").folder
    whole, recipe = (
        (folder / SEGMENTATIONS).read_bytes(),
        json.loads((folder / "recipe.json").read_text(encoding="utf-8")),
    )
    for labels in (np.zeros((2, *SIDES), np.uint8), np.zeros((3, *SIDES), np.int16)):
        np.save(folder / SEGMENTATIONS, labels)
        with pytest.raises(
            InputError, match=r"damaged prepared dataset \(segmentations.npy needs uint8 of \[3, 4, 6, 8\]"
        ):
            PreparedDataset.open(folder)
    (folder / SEGMENTATIONS).write_bytes(whole)
    for names in ({"0": "none"}, {"x": "grey"}, ["grey"], {"1": 5}):
        (folder / "recipe.json").write_text(json.dumps({**recipe, "labels": names}), encoding="utf-8")
        with pytest.raises(InputError, match="needs a name for each number from 1 to 255"):
            PreparedDataset.open(folder)
    del recipe["labels"]
    (folder / "recipe.json").write_text(json.dumps(recipe), encoding="utf-8")
    with pytest.raises(InputError, match="npy without labels in recipe"):
        PreparedDataset.open(folder)
