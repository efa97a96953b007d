"""Folds share no participant, hold everybody once, and have every class alike."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from brainlab.cohort.folds import Fold
from brainlab.cohort.prepared import write_prepared
from brainlab.errors import InputError


@pytest.fixture
def data(tmp_path):
    """Twelve people, the first three healthy, with two visits each."""
    people = np.repeat([f"p{number:02d}" for number in range(12)], 2)
    classes = ["healthy" if name < "p03" else "ms" for name in people]
    scans = pd.DataFrame({"participant": people, "class": classes, "split": "train"})
    recipe = {"name": "made", "shape": [4, 4, 4], "affine": np.eye(4).tolist()}
    return write_prepared(tmp_path / "data", np.zeros((24, 4, 4, 4), np.float32), scans, recipe)


def test_everybody_is_held_out_once_and_nobody_is_on_both_sides(data):
    seen = []
    for number in (1, 2, 3):
        scans = Fold(number, 3).held_out(data).scans
        parts = {split: set(part["participant"]) for split, part in scans.groupby("split")}
        assert not parts["train"] & parts["test"]
        seen += sorted(parts["test"])
        assert (scans[scans["split"] == "test"]["class"] == "healthy").sum() == 2
    assert sorted(seen) == sorted(set(data.scans["participant"]))


def test_a_fold_is_the_same_whenever_it_is_asked_and_the_data_stay_as_they_are(data):
    first, again = (Fold(2, 3).held_out(data).scans["split"].tolist() for _ in range(2))
    assert first == again
    assert set(data.scans["split"]) == {"train"}


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/1", "2", "a/b", "2/5/1", "-1/5"])
def test_what_is_no_fold_is_one_line(text):
    with pytest.raises(InputError, match="--fold: needs a fold and how many there are, such as 2/5"):
        Fold.parse(text)


def test_more_folds_than_people_are_refused(data):
    with pytest.raises(InputError, match="needs a participant for each of 13 folds, got 12"):
        Fold(1, 13).held_out(data)


def test_where_no_class_has_enough_scans_people_are_shared_out_whatever_their_class(data):
    few = dataclasses.replace(data, scans=data.scans.assign(**{"class": [f"c{row // 4}" for row in range(24)]}))
    held_out = [
        set(few.scans["participant"][Fold(number, 6).held_out(few).scans["split"] == "test"]) for number in range(1, 7)
    ]
    assert sorted(name for people in held_out for name in people) == sorted(set(data.scans["participant"]))
