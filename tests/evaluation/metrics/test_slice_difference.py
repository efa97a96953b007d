import numpy as np
import pytest
from scipy import ndimage

from brainlab.evaluation.images import ImageSets
from brainlab.evaluation.metrics import slice_difference
from brainlab.evaluation.metrics.slice_difference import slice_differences
from brainlab.evaluation.registry import measure_all

ALL = np.ones((10, 12, 9), bool)


def volumes(n, seed):
    noise = np.random.default_rng(seed).random((n, 10, 12, 9))
    return (0.3 + 3 * (ndimage.gaussian_filter(noise, (0, 1.5, 1.5, 1.5)) - 0.5)).clip(0.05, 1).astype(np.float32)


def ratios(generated, real):
    found = measure_all(ImageSets(real, generated), slice_difference.METRICS, {})
    return {name.removeprefix("slice_difference_"): entry["value"] for name, entry in found.items()}


def test_a_ramp_differs_along_its_axis_alone():
    ramp = np.broadcast_to(0.01 * np.arange(12)[:, None], (10, 12, 9))
    assert slice_differences(np.stack([ramp, 2 * ramp]), ALL) == pytest.approx(np.array([[0, 0.01, 0], [0, 0.02, 0]]))


def test_only_pairs_within_the_brain_count():
    brain = np.zeros((10, 12, 9), bool)
    brain[2:6, 3:8, 2:7] = True
    edge = brain.astype(np.float32)[None]
    assert not slice_differences(edge, brain).any()
    assert (slice_differences(edge, ALL) > 0).all()


@pytest.mark.parametrize(("axis", "plane"), [(0, "sagittal"), (1, "coronal"), (2, "axial")])
def test_shuffled_slices_jump_along_their_own_axis_alone(axis, plane):
    real = volumes(6, 0)
    order = np.random.default_rng(1).permutation(real.shape[axis + 1])
    found = ratios(np.take(real, order, axis + 1), real)
    assert found.pop(plane) > 1.8
    assert list(found.values()) == pytest.approx([1, 1], rel=0.02)


def test_real_volumes_of_others_are_as_even_and_blurred_ones_more():
    real = volumes(6, 0)
    assert list(ratios(volumes(6, 5), real).values()) == pytest.approx([1, 1, 1], abs=0.1)
    assert max(ratios(ndimage.gaussian_filter(real, (0, 2, 2, 2)), real).values()) < 0.8


def test_the_values_stand_beside_the_ratio_and_empty_scans_have_none():
    real = volumes(4, 0)
    found = measure_all(ImageSets(real, real), slice_difference.METRICS, {})["slice_difference_coronal"]
    expected = np.abs(np.diff(real, axis=2)).mean()
    assert found["settings"]["real"] == found["settings"]["generated"] == pytest.approx(expected)
    assert (found["value"], found["n"], found["better"]) == (pytest.approx(1), 4, "none")
    for entry in measure_all(ImageSets(0 * real, real), slice_difference.METRICS, {}).values():
        assert "the real scans are empty" in entry["settings"]["undefined"]
