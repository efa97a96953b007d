"""Datasets are joined by the names of their labels, and read as axial slices of one dataset at a time."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch

from brainlab.cohort.prepared import write_prepared
from brainlab.cohort.segmentations import IGNORED
from brainlab.errors import InputError
from brainlab.experiments.tissue.labelled_slices import TissueData


def test_labels_of_one_name_are_one_whatever_their_number(slices, volumes):
    data = TissueData.of([slices, volumes])
    assert data.labels == ("background", "left-tissue", "right-tissue")
    one, two = data.parts
    assert two.seen.shape == (20, 14)
    images, labels = two.read(np.array([0, 4]))
    assert (images.shape, labels.shape) == ((2, 1, 20, 14), (2, 20, 14))
    np.testing.assert_array_equal(labels[1] == 1, volumes.segmentations[1, :, :, 1] == 7)
    np.testing.assert_array_equal(labels[1] == 2, volumes.segmentations[1, :, :, 1] == 4)
    np.testing.assert_array_equal(one.read(np.array([3]))[1][0], slices.segmentations[3])


def test_a_label_that_another_dataset_lacks_does_not_count(make, slices):
    data = TissueData.of([slices, make("other", names={"1": "left-tissue", "2": "lesion"})])
    assert data.labels == ("background", "left-tissue")
    for part, number in zip(data.parts, (2, 2), strict=True):
        _, labels = part.read(np.array([0]))
        np.testing.assert_array_equal(labels[0] == IGNORED, part.data.segmentations[0] == number)


def test_a_label_that_no_training_scan_has_is_left_out(make, volumes):
    assert TissueData.of([volumes]).labels == ("background", "left-tissue", "right-tissue")
    several = make("several", names={"1": "left-tissue", "2": "right-tissue", "3": "lesion"})
    assert "lesion" not in TissueData.of([several, volumes]).labels


def test_an_epoch_has_each_training_slice_at_most_once_in_batches_of_one_dataset(slices, volumes):
    data = TissueData.of([slices, volumes])
    batches = data.batches(2, torch.Generator().manual_seed(0))
    seen = Counter((part, int(row)) for part, rows in batches for row in rows)
    assert max(seen.values()) == 1
    assert Counter(part for part, _ in batches) == {0: 1, 1: 4}
    assert all(len(rows) == 2 for _, rows in batches)
    for part, row in seen:
        assert data.parts[part].seen.scans["split"][row] == "train"
    again = data.batches(2, torch.Generator().manual_seed(0))
    assert str(again) == str(batches)
    assert str(data.batches(2, torch.Generator().manual_seed(1))) != str(batches)


def test_slices_of_a_volume_belong_to_one_scan(volumes):
    assert TissueData.of([volumes]).parts[0].scan_numbers.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_slices_are_of_the_plane_that_is_wanted(volumes):
    (part,) = TissueData.of([volumes], "coronal").parts
    assert part.seen.shape == (20, 3)
    images, labels = part.read(np.array([5]))
    np.testing.assert_array_equal(labels[0] == 1, volumes.segmentations[0, :, 5] == 7)
    np.testing.assert_allclose(images[0, 0], volumes.batch(np.array([0]))[0, 0, :, 5])


def test_so_many_scans_are_learned_as_wanted_whole_and_of_different_people(make, volumes):
    (part,) = TissueData.of([volumes], scans=2, seed=1).parts
    learned = part.scan_numbers[part.train].tolist()
    assert len(set(learned)) == 2
    assert len(learned) == 6
    assert set(learned) <= {0, 1, 2}
    chosen = {tuple(TissueData.of([volumes], scans=1, seed=seed).parts[0].train.tolist()) for seed in range(8)}
    assert len(chosen) > 1
    visits = make("visits", (20, 14, 3))
    visits.scans["participant"] = ["a", "a", "b", "d"]
    visits.scans["session"] = ["1", "2", "1", "1"]
    for seed in range(6):
        (part,) = TissueData.of([visits], scans=2, seed=seed).parts
        assert set(part.seen.scans["participant"].iloc[part.train]) == {"a", "b"}
    with pytest.raises(InputError, match=r"--scans: needs 4 training scans of .*volumes, got 3; ask for fewer"):
        TissueData.of([volumes], scans=4)


def test_what_cannot_be_learned_from_is_refused(make, slices, tmp_path):
    scans = pd.DataFrame({"participant": ["a"], "class": "ms", "split": ["train"]})
    recipe = {"name": "made", "shape": [16, 12], "affine": np.eye(4).tolist()}
    plain = write_prepared(tmp_path / "plain", np.zeros((1, 16, 12), np.float32), scans, recipe)
    with pytest.raises(InputError, match="plain: needs segmentations, got none; prepare it with --segmentations"):
        TissueData.of([slices, plain])
    labels = np.ones((1, 16, 12), np.uint8)
    scored = write_prepared(
        tmp_path / "scored",
        np.zeros((1, 16, 12), np.float32),
        scans,
        {**recipe, "intensity": "z-score", "labels": {"1": "left-tissue"}},
        "float16",
        segmentations=labels,
    )
    with pytest.raises(InputError, match="scored: needs one sequence with values in"):
        TissueData.of([scored])
    with pytest.raises(InputError, match="needs axial slices, got coronal"):
        TissueData.of([make("coronal", plane="coronal")])
    held_out = write_prepared(
        tmp_path / "held-out",
        np.zeros((1, 16, 12), np.float32),
        scans.assign(split="test"),
        {**recipe, "labels": {"1": "left-tissue"}},
        segmentations=labels,
    )
    with pytest.raises(InputError, match="held-out: needs scans in the split 'train', got none"):
        TissueData.of([held_out])
    with pytest.raises(InputError, match="got none: slices has left-tissue, right-tissue; other has gm, wm; give"):
        TissueData.of([slices, make("other", names={"1": "gm", "2": "wm"})])
