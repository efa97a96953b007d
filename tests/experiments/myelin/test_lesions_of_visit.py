"""Lesions of one visit by two PET images: each voxel's place in the agreement map is known from how it was drawn."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.myelin.lesions_of_visit import compare_lesions
from brainlab.experiments.myelin.patients import learn_normal_myelin
from brainlab.experiments.myelin.visits import PetVisits
from brainlab.myelin.normal_myelin import NormalMyelin
from tests.experiments.myelin.hand_made import BARE, LESION, NORMAL, Person, write

PERSON = Person("sub-m0", "ms", (tuple(range(1, 13)),))
"""Voxels 1 to 12 of 40 are demyelinated."""
BLUNDER = (1, 2, 3, 20, 21)
"""Three of them are missed by the second image, and two others added."""


@pytest.fixture
def cohort(tmp_path):
    people = [*(Person(f"sub-h{number}", "healthy", ((),), size=0) for number in range(3)), PERSON]
    write(tmp_path / "pet", people)
    return PetVisits.open(tmp_path / "pet")


def row(cohort, name):
    return int(np.flatnonzero(cohort.dataset.scans["participant"] == name)[0])


def test_each_lesion_voxel_is_neither_both_or_of_one_image(cohort):
    found = compare_lesions(
        cohort, learn_normal_myelin(cohort), row(cohort, "sub-m0"), PERSON.dvr(PERSON.bare[0], blunder=BLUNDER)
    )
    expected = np.where(LESION > 0, 1, 0)
    expected[np.isin(LESION, range(4, 13))] = 2
    expected[np.isin(LESION, (1, 2, 3))] = 3
    expected[np.isin(LESION, (20, 21))] = 4
    np.testing.assert_array_equal(found.agreement, expected)
    assert [share.value for share in found.demyelinated] == [12 / 40, 11 / 40]
    assert found.overlap.value == pytest.approx(2 * 9 / (12 + 11))
    means = [(count * BARE + (40 - count) * NORMAL) / 40 for count in (12, 11)]
    assert [dvr.value for dvr in found.dvr] == pytest.approx(means, abs=0.01)


def test_a_voxel_is_judged_by_controls_at_its_distance_from_fluid(cohort):
    """The lesion lies 8 to 14 mm from the ventricles; the controls' DVR is low up to 10 mm and high beyond."""
    low, high = (np.tile([value, value + 0.1], 100) for value in (0.4, 2.0))
    normal = NormalMyelin().fit([(low, np.full(200, 8.5)), (high, np.full(200, 12.0))])
    found = compare_lesions(cohort, normal, row(cohort, "sub-m0"), PERSON.dvr(PERSON.bare[0]))
    assert [share.value for share in found.demyelinated] == [3 / 4, 3 / 4]
    assert (found.agreement[5][LESION[5] > 0] == 1).all()
    assert (found.agreement[6:9][LESION[6:9] > 0] == 2).all()


def test_a_visit_without_lesion_has_nothing_to_compare_and_other_grids_are_refused(cohort):
    normal = learn_normal_myelin(cohort)
    dvr = PERSON.dvr(())
    assert compare_lesions(cohort, normal, row(cohort, "sub-h0"), dvr) is None
    with pytest.raises(InputError, match="sub-m0"):
        compare_lesions(cohort, normal, row(cohort, "sub-m0"), dvr[:4])


def test_without_controls_there_is_no_normal_myelin(tmp_path):
    write(tmp_path / "pet", [PERSON])
    with pytest.raises(InputError, match="needs people of class healthy as controls, got ms; name theirs"):
        learn_normal_myelin(PetVisits.open(tmp_path / "pet"))
