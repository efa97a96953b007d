"""Each sequence has one mean and one standard deviation: those of all images, or of an earlier dataset."""

import json

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.z_scores import cohort_numbers, numbers_of, scored
from brainlab.errors import InputError, IntensityError

CHANNELS = ("FLAIR", "T1w")
RECIPE = {"name": "flair-synthesis", "channels": list(CHANNELS), "shape": [4, 4, 4], "affine": np.eye(4).tolist()}


def images():
    """Two visits whose sequences differ in scale, by a thousand and more."""
    random = np.random.default_rng(0)
    scale = np.array([1, 1000]).reshape(2, 1, 1, 1)
    return [(random.normal(5, 2, (2, 4, 4, 4)) * scale + scale * visit).astype(np.float32) for visit in range(2)]


def test_numbers_are_those_of_all_voxels_of_a_sequence():
    both = np.stack(images())
    numbers = cohort_numbers(iter(images()), CHANNELS)
    for place, name in enumerate(CHANNELS):
        assert numbers[name]["mean"] == pytest.approx(both[:, place].mean(), rel=1e-5)
        assert numbers[name]["sd"] == pytest.approx(both[:, place].std(), rel=1e-5)
    scores = np.stack([scored(image, numbers) for image in images()])
    np.testing.assert_allclose(scores.mean(axis=(0, 2, 3, 4)), 0, atol=1e-5)
    np.testing.assert_allclose(scores.std(axis=(0, 2, 3, 4)), 1, atol=1e-5)
    with pytest.raises(IntensityError, match="T1w: no contrast"):
        cohort_numbers([np.stack([images()[0][0], np.ones((4, 4, 4), np.float32)])], CHANNELS)


def test_numbers_of_an_earlier_dataset_are_for_the_same_recipe_and_sequences(tmp_path):
    numbers = cohort_numbers(images(), CHANNELS)
    table = pd.DataFrame({"participant": ["a", "b"], "class": "x", "split": "train"})
    record = {**RECIPE, "intensity": "z-score", "z_scores": numbers}
    write_prepared(tmp_path / "old", [scored(image, numbers) for image in images()], table, record, "float16")
    assert numbers_of(tmp_path / "old", RECIPE) == numbers
    with pytest.raises(InputError, match="needs channels FLAIR, T2w, got FLAIR, T1w"):
        numbers_of(tmp_path / "old", {**RECIPE, "channels": ["FLAIR", "T2w"]})
    with pytest.raises(InputError, match="needs name pet-synthesis, got flair-synthesis"):
        numbers_of(tmp_path / "old", {**RECIPE, "name": "pet-synthesis"})
    path = tmp_path / "old" / "recipe.json"
    path.write_text(
        json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"z_scores": {"FLAIR": {"mean": 0, "sd": 1}}}),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="needs a mean and an sd of each channel"):
        numbers_of(tmp_path / "old", RECIPE)
    path.write_text(
        json.dumps(
            {key: value for key, value in json.loads(path.read_text(encoding="utf-8")).items() if key != "z_scores"}
        ),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="needs a dataset of z-scores"):
        numbers_of(tmp_path / "old", RECIPE)
