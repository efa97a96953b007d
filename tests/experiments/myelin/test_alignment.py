"""What is found at a follow-up that lies elsewhere is carried onto the baseline, true and synthesised alike."""

import numpy as np
import pytest

from brainlab.cohort.registration import coregistration
from brainlab.errors import RegistrationError
from brainlab.experiments.myelin.report import myelin_report
from brainlab.images.volume import Volume
from tests.experiments.myelin.hand_made import AFFINE, Person, cohort, write

SHIFT = (1, 2, -1)
"""How many voxels of 2 mm the follow-up lies away from the baseline."""


def moved(image):
    return np.roll(image, SHIFT, (0, 1, 2))


@pytest.fixture
def people(monkeypatch):
    """Return two patients and their controls; the first patient's last visit lies elsewhere."""
    people = [one for one in cohort() if one.name in ("sub-h0", "sub-m1", "sub-m2")]
    labels, dvr = Person.labels, Person.dvr
    asked = []

    def labels_of(self):
        asked.append(self.name)
        # one call a visit while rows are written; images ask for none
        return moved(labels(self)) if self.name == "sub-m1" and asked.count("sub-m1") == 2 else labels(self)

    images = {(one.name, visit): dvr(one, bare, visit) for one in people for visit, bare in enumerate(one.bare)}
    images["sub-m1", 1] = moved(images["sub-m1", 1])
    monkeypatch.setattr(Person, "labels", labels_of)
    monkeypatch.setattr(Person, "dvr", lambda self, bare, visit: images[self.name, visit])
    return people, images


def found_by(monkeypatch, matrix):
    """Let the fit find a matrix, or nothing."""
    calls = []

    def coregister(fixed, brain, moving):
        calls.append((fixed, brain, moving))
        if matrix is None:
            raise RegistrationError("cannot be brought onto the visit's other scan: noise")
        return coregistration.Coregistration(matrix, 1.0, 3.0, 1.0)

    monkeypatch.setattr(coregistration, "coregister", coregister)
    return calls


def test_a_follow_up_that_lies_elsewhere_is_carried_back(tmp_path, monkeypatch, people):
    everyone, images = people
    write(tmp_path / "data", everyone)
    made = tmp_path / "made"
    made.mkdir()
    for (name, visit), image in images.items():
        Volume(image, AFFINE).save(made / f"{name}_ses-{visit + 1:02d}.nii.gz")
    matrix = np.eye(4)
    matrix[:3, 3] = 2.0 * np.array(SHIFT)  # from the baseline to the follow-up
    calls = found_by(monkeypatch, matrix)
    report = myelin_report(tmp_path / "data", synthesised=[made])
    rows = {row["participant"]: row for row in report["patients"]}
    assert (rows["sub-m1"]["aligned"], rows["sub-m2"]["aligned"]) == (True, False)
    first, last = (set(next(one for one in everyone if one.name == "sub-m1").bare[visit]) for visit in (0, 1))
    for source in ("true", "synthesised"):
        indices = rows["sub-m1"][source]
        assert indices["dynamic_remyelination"]["value"] == pytest.approx(len(first - last) / len(first))
        assert indices["demyelinated_t1"]["value"] == pytest.approx(len(last) / indices["demyelinated_t1"]["voxels"])
    assert rows["sub-m1"]["dice"]["t1"]["value"] == 1
    ((fixed, brain, moving),) = calls
    np.testing.assert_allclose(fixed.data, images["sub-m1", 0], atol=2e-3)
    np.testing.assert_allclose(moving.data, images["sub-m1", 1], atol=2e-3)
    assert brain.all()  # every voxel of the hand-made people has a label


def test_visits_that_cannot_be_aligned_leave_the_person_out(tmp_path, monkeypatch, people):
    write(tmp_path / "data", people[0])
    found_by(monkeypatch, None)
    report = myelin_report(tmp_path / "data")
    assert report["left_out"] == [
        {
            "participant": "sub-m1",
            "reason": "visits that lie apart: cannot be brought onto the visit's other scan: noise",
        }
    ]
    assert [row["participant"] for row in report["patients"]] == ["sub-m2"]


def test_visits_that_lie_apart_all_the_same_are_warned_of(tmp_path, monkeypatch, people):
    write(tmp_path / "data", people[0])
    wrong = np.eye(4)
    wrong[:3, 3] = (-8.0, 0, 0)
    found_by(monkeypatch, wrong)
    (warning,) = myelin_report(tmp_path / "data")["warnings"]
    assert warning.startswith("the white matter of the two visits of 1 patient overlaps by a Dice below 0.75: sub-m1 (")
