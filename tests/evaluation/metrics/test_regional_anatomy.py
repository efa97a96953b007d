"""Regional volumes are compared as distributions, region by region and together."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import regional_anatomy
from brainlab.evaluation.metrics.regional_anatomy import regional_distance, within_range
from brainlab.evaluation.region_volumes import region_volumes
from brainlab.evaluation.registry import measure_all

RANDOM = np.random.default_rng(0)


def test_the_distance_in_one_dimension_is_its_closed_form():
    """Of N(m, s) and N(n, t): (m - n)^2 + (s - t)^2; in deviations of the second."""
    first, second = RANDOM.normal(30, 4, (100_000, 1)), RANDOM.normal(24, 8, (100_000, 1))
    assert regional_distance(first, second) == pytest.approx(np.hypot(30 - 24, 4 - 8) / 8, rel=0.01)


def test_the_distance_sees_regions_that_do_not_go_together_and_no_units():
    covariance = np.array([[1, 0.9], [0.9, 1]])
    together, apart = (RANDOM.multivariate_normal([0, 0], each, 20_000) for each in (covariance, np.eye(2)))
    again = RANDOM.multivariate_normal([0, 0], covariance, 20_000)
    assert regional_distance(apart, together) > 0.4 > 0.05 > regional_distance(again, together)
    scaled = regional_distance(apart * [1, 1000] + 5, together * [1, 1000] + 5)
    assert scaled == pytest.approx(regional_distance(apart, together))


def test_one_region_outside_the_range_of_people_is_enough():
    real = np.stack([np.arange(101.0), np.arange(101.0)], axis=1)
    volumes = np.array([[1.0, 99], [0.5, 50], [50, 99.5], [50, 50]])
    assert within_range(volumes, real).tolist() == [True, False, False, True]


def scaled(body, n, seed, spread=0.08, middle=1.0):
    """Bodies of other sizes."""
    sizes = np.random.default_rng(seed).normal(middle, spread, n).clip(0.7, 1.4)
    return np.stack([body(np.diag([size, size, size, 1])) for size in sizes])


def test_volumes_are_in_ml_of_the_network_s_grid(body, segmenter):
    volumes = scaled(body, 3, 0)
    found = region_volumes(volumes, segmenter)
    labels = np.stack([segmenter.segment(volume) for volume in volumes])
    expected = [[(labels[i] == k).sum() * 0.064 for k in (1, 2, 3)] for i in range(3)]
    assert found == pytest.approx(np.array(expected))
    assert region_volumes(volumes, segmenter, np.array([2])) == pytest.approx(np.array(expected[2:]))
    assert region_volumes(volumes[:0], segmenter).shape == (0, 3)


@pytest.mark.parametrize("training", [True, False])
def test_people_are_near_people_and_larger_heads_are_not(body, segmenter, training):
    real, others = scaled(body, 60, 1), scaled(body, 40, 2)
    parts = {"training": scaled(body, 50, 3)} if training else {}
    near, far = (
        measure_all(ImageSets(real, each, **parts), regional_anatomy.METRICS, {})
        for each in (others, scaled(body, 40, 4, middle=0.8))
    )
    distance, share = (near[name] for name in ("regional_distance", "regional_share_within"))
    assert distance["value"] < 0.6 < 2 < far["regional_distance"]["value"]
    assert not training or distance["settings"]["real"] < 0.6
    assert share["value"] > 0.8 > 0.5 > far["regional_share_within"]["value"]
    assert share["low"] < share["value"] < share["high"]
    assert not training or share["settings"]["real"] > 0.8
    assert (share["better"], distance["better"], share["n"]) == ("none", "lower", 40)
    settings = distance["settings"]
    assert settings["regions"] == ["mantle", "core"]
    assert settings["left_out"] == ["lesion: of one size in all real scans"]
    assert ("real" in settings) == training
    assert training or settings["real_undefined"] == "needs 40 training scans, as many as generated volumes"
    expected = region_volumes(real, segmenter)[:, :2].mean(axis=0)
    assert settings["mean_ml_real"] == pytest.approx(expected)


def test_few_volumes_are_refused_and_so_are_fewer_than_twice_the_regions(body, segmenter):
    sets = ImageSets(scaled(body, 29, 1), scaled(body, 40, 2))
    for entry in measure_all(sets, regional_anatomy.METRICS, {}).values():
        assert entry["settings"]["undefined"] == "needs 30 volumes of each kind, got 40 generated and 29 real"
    with pytest.raises(InputError, match="on 20 features needs 40"):
        regional_distance(RANDOM.random((39, 20)), RANDOM.random((50, 20)))
    alike = ImageSets(np.stack([body()] * 30), np.stack([body()] * 30))
    said = measure_all(alike, regional_anatomy.METRICS, {})["regional_distance"]["settings"]["undefined"]
    assert said == "needs a region whose volume varies among real scans, got none"
