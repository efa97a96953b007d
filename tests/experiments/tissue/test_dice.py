"""Dice is of whole held-out scans, by label."""

import numpy as np
import torch
from monai.metrics import DiceHelper
from torch import nn

from brainlab.cohort.segmentations import IGNORED
from brainlab.experiments.tissue.dice import held_out_dice, mean_dice
from brainlab.experiments.tissue.labelled_slices import TissueData


class Threshold(nn.Module):
    """Says what is brighter than a half is label 2, what is darker than .4 background, which half of label 1 is."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        right, left = (x > 0.5).float(), ((x > 0.4) & (x <= 0.5)).float()
        return torch.cat([1 - right - left, left, right], dim=1)


def test_coefficients_are_those_of_monai_for_whole_scans(volumes):
    data = TissueData.of([volumes])
    (part,) = data.parts
    dice = held_out_dice(Threshold(), part, data.labels)
    images, labels = (torch.from_numpy(array) for array in part.read(part.held_out))
    guess = Threshold()(images)
    # the scan as one image [1, labels, slices, X, Y]
    expected, _ = DiceHelper(include_background=False, softmax=True, num_classes=3, get_not_nans=True)(
        guess.transpose(0, 1)[None], labels.long()[None, None]
    )
    np.testing.assert_allclose([dice[name]["value"] for name in data.labels[1:]], expected, atol=1e-4)
    assert set(dice) == {"left-tissue", "right-tissue"}
    assert [entry["n"] for entry in dice.values()] == [1, 1]
    assert 0 < dice["left-tissue"]["value"] < dice["right-tissue"]["value"]
    assert mean_dice(dice) == np.mean([entry["value"] for entry in dice.values()])


def test_a_label_that_no_held_out_scan_has_is_undefined(make, volumes):
    numbers = {"1": "left-tissue", "2": "right-tissue"}
    data = TissueData.of([make("set", names=numbers)])
    (part,) = data.parts
    part.numbers[2] = IGNORED
    dice = held_out_dice(Threshold(), part, data.labels)
    assert dice["right-tissue"] == {"value": None, "sd": None, "n": 0}
    assert mean_dice(dice) == dice["left-tissue"]["value"]
    assert mean_dice({"right-tissue": dice["right-tissue"]}) is None


def test_voxels_that_do_not_count_are_left_out(make):
    data = TissueData.of([make("set")])
    (part,) = data.parts
    before = held_out_dice(Threshold(), part, data.labels)["right-tissue"]["value"]
    assert before > 0.9
    part.numbers[0] = IGNORED  # only what lies on the squares counts
    assert held_out_dice(Threshold(), part, data.labels)["right-tissue"]["value"] == 1.0
