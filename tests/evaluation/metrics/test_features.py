import shutil

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from brainlab.errors import InputError
from brainlab.evaluation import images as blocks
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import coverage, features
from brainlab.evaluation.network_features import network_features
from brainlab.evaluation.registry import measure_all
from brainlab.networks.perceptual.find import find_features

METRICS = (*features.METRICS, *coverage.METRICS[4:])
NAMES = [
    *("frechet_distance", "kernel_distance"),
    *("precision_features", "recall_features", "density_features", "coverage_features"),
]


def gaussian(n, mean, covariance, seed):
    return np.random.default_rng(seed).multivariate_normal(mean, covariance, n)


@pytest.fixture
def covariances():
    random = np.random.default_rng(0)
    return [a @ a.T / 5 for a in (random.normal(size=(4, 5)), random.normal(size=(4, 5)))]


def test_the_frechet_distance_of_two_gaussians_is_its_closed_form(covariances):
    """Dowson and Landau 1982, with scipy's root of the product."""
    first, second = covariances
    a, b = gaussian(200_000, [0, 1, 2, 3], first, 1), gaussian(200_000, [1, 1, 1, 1], second, 2)
    expected = (1 + 0 + 1 + 4) + np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    assert features.frechet_distance(a, b) == pytest.approx(expected, rel=0.01)
    assert features.frechet_distance(a, b) == pytest.approx(features.frechet_distance(b, a))
    assert features.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)


def test_it_is_monai_s_where_monai_has_one():
    from monai.metrics.fid import FIDMetric

    a, b = gaussian(40, [0, 0, 0], np.diag([1, 2, 3]), 1), gaussian(50, [0, 1, 0], np.eye(3), 2)
    expected = float(FIDMetric()(torch.as_tensor(a), torch.as_tensor(b)))
    assert features.frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_features_that_are_constant_change_nothing():
    a, b = gaussian(50, [0, 0], np.eye(2), 1), gaussian(50, [1, 0], 2 * np.eye(2), 2)
    dead = [np.hstack([part, np.zeros((50, 3))]) for part in (a, b)]
    assert features.frechet_distance(*dead) == pytest.approx(features.frechet_distance(a, b))


def test_a_frechet_distance_needs_twice_as_many_images_as_features():
    a = np.random.default_rng(0).normal(size=(20, 10))
    assert features.frechet_distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)
    with pytest.raises(InputError, match="on 10 features needs 20 images of each kind, got 20 and 19"):
        features.frechet_distance(a, a[:19])


def test_the_kernel_distance_is_that_of_all_pairs(monkeypatch):
    """Binkowski et al. 2018, equation 4, by loops; the subsets are those that the seed draws."""
    monkeypatch.setattr(features, "SUBSETS", 2)
    a, b = gaussian(10, [0, 0, 0], np.eye(3), 1), gaussian(12, [1, 0, 0], np.eye(3), 2)
    random, expected = np.random.default_rng(3), []
    for _ in range(2):
        x, y = (part[random.choice(len(part), 5, replace=False)] for part in (a, b))
        value = 0.0
        for i in range(5):
            for j in range(5):
                if i != j:
                    value += ((x[i] @ x[j] / 3 + 1) ** 3 + (y[i] @ y[j] / 3 + 1) ** 3) / 20
                value -= 2 * (x[i] @ y[j] / 3 + 1) ** 3 / 25
        expected.append(value)
    assert features.kernel_distances(a, b, seed=3) == pytest.approx(expected)


def test_two_halves_of_one_set_are_near_and_another_set_is_not():
    points = gaussian(400, np.zeros(8), np.eye(8), 1)
    halves = features.kernel_distances(points[::2], points[1::2])
    apart = features.kernel_distances(points[::2], points[1::2] + 0.5)
    assert abs(halves.mean()) < 0.2 * apart.mean()
    assert halves.min() < 0 < halves.std()
    with pytest.raises(InputError, match="needs 4 images of each kind, got 3 and 400"):
        features.kernel_distances(points[:3], points)


@pytest.fixture
def network(tissue_workspace):
    return find_features()


def images(n, seed, shape=(12, 10)):
    return np.random.default_rng(seed).random((n, *shape)).astype(np.float32)


def test_without_a_network_all_are_undefined_and_say_what_to_do(tissue_workspace):
    shutil.rmtree(tissue_workspace)
    found = measure_all(ImageSets(images(20, 0), images(20, 1)), METRICS, {})
    assert list(found) == NAMES
    for entry in found.values():
        assert entry["value"] is None
        assert "train one with 'brainlab train-tissue'" in entry["settings"]["undefined"]


@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 6)])
def test_images_are_compared_by_the_network_s_features_which_are_named(network, shape):
    sets = ImageSets(images(24, 0, shape), images(30, 1, shape) ** 2)
    found = measure_all(sets, METRICS, {"value_range": [0, 1]})
    parts = (torch.from_numpy(part)[:, None] for part in (sets.real, sets.generated))
    real, generated = (network.vector(part).numpy().astype(float) for part in parts)
    assert found["frechet_distance"]["value"] == pytest.approx(features.frechet_distance(generated, real), rel=1e-4)
    assert found["kernel_distance"]["value"] == pytest.approx(
        features.kernel_distances(generated, real).mean(), rel=1e-4
    )
    assert found["kernel_distance"]["settings"]["images_a_subset"] == 12
    ways = {name: entry["better"] for name, entry in found.items()}
    assert {name for name, way in ways.items() if way == "lower"} == set(NAMES[:2])
    assert {name for name, way in ways.items() if way == "higher"} == set(NAMES[2:])
    assert all(0 <= found[name]["value"] <= 5 for name in NAMES[2:])
    for entry in found.values():
        settings = entry["settings"]
        assert (settings["features_sha256"], settings["feature_length"]) == (network.sha256, 8)
        assert settings["features"].startswith("mean over positions of 8 maps of tissue-slices (sha256")
        assert settings["value_range"] == [0, 1]
    assert measure_all(ImageSets(sets.real[:15], sets.generated), METRICS, {})["frechet_distance"]["value"] is None


def test_shares_on_features_are_not_those_on_voxels(network):
    sets = ImageSets(images(40, 0), images(40, 1) ** 3)
    found = measure_all(sets, coverage.METRICS, {})
    assert found["precision"]["settings"]["features"] != found["precision_features"]["settings"]["features"]
    assert [found[name]["value"] for name in NAMES[2:]] != [found[name[:-9]]["value"] for name in NAMES[2:]]


def test_how_many_images_are_read_at_once_does_not_matter(network, monkeypatch):
    sets = [ImageSets(images(24, 0), images(24, 1)) for _ in range(2)]
    whole = network_features(sets[0])
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 1)
    assert np.allclose(network_features(sets[1]).generated, whole.generated, atol=1e-5)
    assert len(np.unique(whole.generated, axis=0)) == 24
