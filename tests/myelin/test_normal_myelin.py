"""A lesion voxel is compared with controls at its own distance from fluid, and strictly below mean - 1 sd."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.myelin.normal_myelin import NormalMyelin


def controls(sizes, distances, seed=0):
    """Two people with so many voxels at each distance, whose myelin grows with the distance and differs in level."""
    random = np.random.default_rng(seed)
    for level in (0.0, 0.1):
        place = np.repeat(distances, sizes)
        yield 1 + level + 0.02 * place + random.normal(0, 0.05, len(place)), place


def test_each_bin_has_the_mean_and_the_spread_of_all_controls_voxels_in_it():
    distances = np.array([0.5, 1.9, 2.0, 3.9, 4.0, 50.0])
    normal = NormalMyelin(bin_mm=2, wide_from_mm=4, fewest_voxels=10).fit(controls([60] * 6, distances))
    np.testing.assert_array_equal(normal.edges_mm_, [0, 2, 4, np.inf])  # a bin holds its lower edge, the last all above
    dvr, place = map(np.concatenate, zip(*controls([60] * 6, distances), strict=True))
    for number, part in enumerate([place < 2, (place >= 2) & (place < 4), place >= 4]):
        assert normal.voxels_[number] == part.sum()
        assert normal.mean_[number] == pytest.approx(dvr[part].mean(), rel=1e-12)
        assert normal.sd_[number] == pytest.approx(dvr[part].std(ddof=1), rel=1e-9)
    assert normal.people_ == 2
    limits = normal.mean_ - normal.sd_
    np.testing.assert_allclose(normal.threshold(np.array([[0.0, 1.99], [2.0, 900.0]])), limits[[[0, 0], [1, 2]]])
    stricter = NormalMyelin(bin_mm=2, wide_from_mm=4, fewest_voxels=10, deviations=2)
    stricter.fit(controls([60] * 6, distances))
    np.testing.assert_allclose(stricter.threshold(np.array([0.5])), normal.mean_[0] - 2 * normal.sd_[0])


@pytest.mark.parametrize(
    ("sizes", "edges"),
    [
        ([3, 3, 30, 30], [0, 6, np.inf]),  # the nearest are merged outwards
        ([30, 3, 30, 3], [0, 2, np.inf]),  # what is left at the end is merged inwards
        ([30, 30, 30, 30], [0, 2, 4, 6, np.inf]),
        ([0, 30, 0, 0], [0, np.inf]),
    ],
)
def test_bins_with_too_few_voxels_are_merged_with_their_neighbours(sizes, edges):
    normal = NormalMyelin(bin_mm=2, wide_from_mm=6, fewest_voxels=40).fit(controls(sizes, np.array([1.0, 3, 5, 7])))
    np.testing.assert_array_equal(normal.edges_mm_, edges)
    assert (normal.voxels_ >= 40).all()
    assert normal.voxels_.sum() == 2 * sum(sizes)


def test_a_lesion_voxel_below_the_threshold_at_its_distance_is_demyelinated():
    near, far = np.full(100, 1.0), np.full(100, 9.0)
    low, high = np.tile([0.9, 1.1], 50), np.tile([1.4, 1.6], 50)
    normal = NormalMyelin(fewest_voxels=50).fit([(low, near), (high, far)])
    limits = normal.threshold(np.array([1.0, 9.0]))
    dvr = np.array([[1.2, 1.2, limits[0], 0.1], [np.nextafter(limits[0], 0), np.nextafter(limits[1], 2), 0.1, 0.1]])
    distance = np.array([[1.0, 9.0, 1.0, 0.0], [1.0, 9.0, 1.0, 9.0]])
    lesion = np.array([[True, True, True, True], [True, True, False, False]])
    found = normal.demyelinated(dvr, distance, lesion)
    # 1.2 is normal near fluid and not far from it; the threshold itself is normal; nothing outside lesions counts
    np.testing.assert_array_equal(found, [[False, True, False, True], [True, False, False, False]])


@pytest.mark.parametrize(
    ("settings", "people", "part"),
    [
        ({}, [], "needs 100 white matter voxels of controls or more, got 0 of 0 controls"),
        ({}, [(np.ones(9), np.ones(9))], "got 9 of 1 control; add controls"),
        ({}, [(np.full(200, np.nan), np.ones(200))], "control 1: needs finite DVR"),
        ({"bin_mm": 0}, [], "need 0 < bin_mm <="),
        ({"bin_mm": 4, "wide_from_mm": 2}, [], "got 4, 2 and 100"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(settings, people, part):
    with pytest.raises(InputError, match=part):
        NormalMyelin(**settings).fit(people)
