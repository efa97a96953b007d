"""Each index has its own denominator, and none where no voxel is at risk."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.myelin.indices import INDICES, Index, MyelinMaps, mean_index


def maps(lesion, t0, t1):
    return MyelinMaps.within(*(np.array(list(text)) == "1" for text in (lesion, t0, t1)))


def test_indices_of_a_hand_made_person():
    # ten lesion voxels: four bare at baseline, of which three come back; six normal, of which two are lost
    found = maps("111111111100", "111100000011", "100011000001").indices()
    assert found == {
        "demyelinated_t0": Index(0.4, 10),
        "demyelinated_t1": Index(0.3, 10),
        "global_change": Index(-0.1, 10),
        "dynamic_demyelination": Index(2 / 6, 6),
        "dynamic_remyelination": Index(3 / 4, 4),
    }
    assert set(found) == set(INDICES)


def test_the_global_change_is_what_is_lost_less_what_comes_back():
    random = np.random.default_rng(0)
    made = MyelinMaps.within(*(random.random((6, 7, 8)) < share for share in (0.5, 0.6, 0.4)))
    found = made.indices()
    bare, load = found["demyelinated_t0"].value, made.lesion.sum()
    lost = found["dynamic_demyelination"].value * (1 - bare)
    back = found["dynamic_remyelination"].value * bare
    assert found["global_change"].value == pytest.approx(lost - back)
    assert found["global_change"].value == pytest.approx(
        (made.demyelinating.sum() - made.remyelinating.sum()) / load, abs=1e-12
    )
    swapped = MyelinMaps.within(made.lesion, made.t1, made.t0)
    np.testing.assert_array_equal(swapped.demyelinating, made.remyelinating)


@pytest.mark.parametrize(
    ("words", "undefined"),
    [
        (("0000", "1111", "1111"), dict.fromkeys(INDICES, "no lesion voxel at baseline")),
        (("1100", "0000", "1100"), {"dynamic_remyelination": "no lesion voxel is demyelinated at baseline"}),
        (("1100", "1100", "0000"), {"dynamic_demyelination": "no lesion voxel is normal at baseline"}),
    ],
)
def test_without_a_voxel_at_risk_an_index_is_none_and_says_why(words, undefined):
    found = maps(*words).indices()
    assert {name: index.reason for name, index in found.items() if index.value is None} == {
        name: f"undefined: {reason}" for name, reason in undefined.items()
    }
    assert all(found[name].voxels == 0 for name in undefined)


def test_nothing_changed_is_zero_and_not_undefined():
    found = maps("1111", "1100", "1100").indices()
    assert [found[name].value for name in list(INDICES)[2:]] == [0, 0, 0]


def test_masks_of_other_grids_are_refused():
    with pytest.raises(InputError, match=r"need masks on one grid, got \(2,\), \(2,\) and \(3,\)"):
        MyelinMaps.within(np.ones(2, bool), np.ones(2, bool), np.ones(3, bool))


def test_a_mean_of_no_voxels_is_undefined():
    assert mean_index(np.array([1.0, 2.0], np.float32), "undefined: none") == Index(1.5, 2)
    assert mean_index(np.array([]), "undefined: none") == Index(None, 0, "undefined: none")
