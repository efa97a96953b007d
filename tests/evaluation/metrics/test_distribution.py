import math

import numpy as np
import pytest
import torch
from monai.metrics import MMDMetric

from brainlab.errors import InputError
from brainlab.evaluation.metrics import distribution

# A case worked out with MONAI (d388d1c) and with the biased formula of Kwon et al.'s notebook.
X = np.array([[0.1, 0.4, -0.2, 0.9], [0.0, 0.5, 0.3, -0.7], [1.0, -0.3, 0.2, 0.4]], np.float32)
Y = np.array([[0.2, 0.1, -0.4, 0.5], [0.3, 0.9, 0.1, -0.2], [-0.6, 0.2, 0.8, 0.0]], np.float32)


def images(n, seed):
    return np.random.default_rng(seed).random((n, 3, 4))


def test_unbiased_mmd_is_monais_and_can_be_negative():
    assert distribution.mmd_unbiased(X, Y) == pytest.approx(-0.50555563, abs=1e-6)
    assert distribution.mmd_unbiased(X, X) == pytest.approx(-0.82222217, abs=1e-6)


@pytest.mark.parametrize(("n", "m"), [(5, 5), (7, 4)])
def test_unbiased_mmd_is_the_u_statistic_of_all_pairs_whatever_the_sizes(n, m):
    a, b = images(n, 0), images(m, 1)
    products = [x.reshape(len(x), -1) @ y.reshape(len(y), -1).T for x, y in ((a, a), (b, b), (a, b))]
    within = [(product.sum() - np.trace(product)) / (len(product) * (len(product) - 1)) for product in products[:2]]
    assert distribution.mmd_unbiased(a, b) == pytest.approx(sum(within) - 2 * products[2].mean(), rel=1e-9)
    if n == m:
        tensors = (torch.as_tensor(part)[:, None] for part in (b, a))
        assert distribution.mmd_unbiased(a, b) == pytest.approx(float(MMDMetric()(*tensors)), rel=1e-9)


def test_unbiased_mmd_needs_two_images_in_each_set():
    with pytest.raises(InputError, match="at least two"):
        distribution.mmd_unbiased(X[:1], Y)


def test_kwons_mmd_is_the_biased_one_on_twice_the_range():
    # Whole sets as one batch; brought from [0, 1] to [-1, 1], squared differences are four times as large.
    values = distribution.mmd_kwon(X, Y, batch=3, tests=2)
    assert values == pytest.approx(4 * 0.21444447, rel=1e-5)


def test_kwons_mmd_with_batches_of_one_is_the_distance_of_pairs():
    value = distribution.mmd_kwon(X[:1], Y[:1], batch=1, tests=1)[0]
    assert value == pytest.approx(4 * 0.2999999523, rel=1e-5)
    with pytest.raises(InputError, match="batches of 8"):
        distribution.mmd_kwon(X, Y)


def test_batches_and_tests_are_those_of_the_slice_vae_paper():
    """Section 4.2: 100 tests with batches of 8; at 256 voxels a side 10 with batches of 4."""
    assert [distribution.kwon_batches(side**3) for side in (64, 128, 256)] == [(8, 100), (8, 100), (4, 10)]


def test_each_test_of_kwons_mmd_draws_batches_of_its_own():
    assert len(set(distribution.mmd_kwon(images(20, 0), images(20, 1), tests=6))) == 6


def test_feature_mmd_is_the_u_statistic_of_a_gaussian_kernel_with_the_median_distance():
    points = np.concatenate([X, Y]).astype(float)
    apart = [[math.dist(a, b) for b in points] for a in points]
    bandwidth = np.median([apart[i][j] for i in range(6) for j in range(i)])
    kernel = [[math.exp(-((d / bandwidth) ** 2) / 2) for d in row] for row in apart]
    within = [np.mean([kernel[i][j] for i in part for j in part if i != j]) for part in ((0, 1, 2), (3, 4, 5))]
    between = np.mean([kernel[i][j] for i in (0, 1, 2) for j in (3, 4, 5)])
    expected = (pytest.approx(sum(within) - 2 * between), pytest.approx(bandwidth))
    assert distribution.mmd_features(X, Y) == expected


def test_feature_mmd_is_small_for_one_distribution_and_large_for_two():
    rng = np.random.default_rng(0)
    same, bandwidth = distribution.mmd_features(rng.normal(size=(200, 4)), rng.normal(size=(150, 4)))
    apart, _ = distribution.mmd_features(rng.normal(size=(200, 4)) + 2, rng.normal(size=(150, 4)))
    assert abs(same) < 0.01
    assert apart > 0.2
    assert bandwidth == pytest.approx(math.sqrt(2 * 3.36), rel=0.1)  # median of a chi-squared of 4, times 2


def test_feature_mmd_does_not_care_which_set_is_which():
    assert distribution.mmd_features(X, Y[:2])[0] == pytest.approx(distribution.mmd_features(Y[:2], X)[0])


@pytest.mark.parametrize("count", [60, 61])
def test_the_bandwidth_is_the_exact_median_where_not_all_distances_are_held(count, monkeypatch):
    points = np.random.default_rng(0).normal(size=(count, 3))
    value, bandwidth = distribution.mmd_features(points[:25], points[25:])
    monkeypatch.setattr(distribution, "DISTANCES", 50)
    monkeypatch.setattr(distribution, "BINS", 8)
    assert distribution.mmd_features(points[:25], points[25:]) == (pytest.approx(value, rel=1e-9), bandwidth)


def test_the_median_of_many_equal_distances_is_found(monkeypatch):
    monkeypatch.setattr(distribution, "DISTANCES", 50)
    corners = np.eye(40)
    assert distribution.mmd_features(corners[:20], corners[20:])[1] == pytest.approx(math.sqrt(2))
    assert distribution.mmd_features(np.zeros((30, 2)), np.zeros((30, 2)))[1] == 0
