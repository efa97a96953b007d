import math

import pytest
import torch

from brainlab.networks.translation.patch_loss import patch_cross_entropy, smoothed_labels


@pytest.mark.parametrize(("real", "low"), [(True, 0.9), (False, 0.0)])
def test_labels_fill_the_tenth_of_their_side(real, low):
    torch.manual_seed(0)
    labels = smoothed_labels(20, 100, real=real)
    assert labels.min() >= low
    assert labels.max() <= low + 0.1
    assert labels.mean().item() == pytest.approx(low + 0.05, abs=0.003)


def test_the_loss_sums_the_cross_entropy_of_each_image_s_patches():
    logits = [(0.3, -1.2), (2.0, 0.5), (-0.4, 0.1), (0.0, 3.0)]
    labels = [1.0, 0.05, 0.93, 0.0]
    expected = [0.0, 0.0]
    for number, ((fake, real), label) in enumerate(zip(logits, labels, strict=True)):
        total = math.exp(fake) + math.exp(real)
        entropy = -label * math.log(math.exp(real) / total) - (1 - label) * math.log(math.exp(fake) / total)
        expected[number // 2] += entropy
    assert patch_cross_entropy(torch.tensor(logits), torch.tensor(labels), 2).tolist() == pytest.approx(expected)
