import numpy as np
import torch

from brainlab.evaluation.image_classifier import ImageClassifier


def test_brighter_images_get_higher_odds_whatever_their_sides_and_no_other_draw_is_touched() -> None:
    levels = np.random.default_rng(0).integers(0, 200, (40, 7, 9), np.uint8)
    bright = np.arange(40) % 2 == 0
    levels[bright] += np.uint8(55)
    before = torch.random.get_rng_state()
    found = ImageClassifier(seed=1).fit(levels, bright).decision_function(levels)
    assert found[bright].min() > found[~bright].max()
    assert torch.equal(before, torch.random.get_rng_state())
