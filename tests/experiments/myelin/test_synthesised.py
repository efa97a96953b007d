"""A synthesised image is found by the name of its visit, and is DVR on the dataset's grid."""

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.experiments.myelin.synthesised import SynthesisedImages
from brainlab.experiments.myelin.visits import PetVisits, Visit
from brainlab.images.volume import Volume
from tests.experiments.myelin.hand_made import AFFINE, SHAPE, cohort, write


def visit(participant, session="ses-01"):
    return Visit(0, participant, session, "ms", 50.0, "F")


def put(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_names_are_participant_and_session_with_more_after_an_underscore(tmp_path):
    visits = [
        visit("sub-1"),
        visit("sub-1", "ses-010"),
        visit("site/sub-2"),
        visit("anna", None),
        visit("anna_b", None),
    ]
    folder = put(
        tmp_path / "made", "sub-1_ses-01.nii.gz", "sub-1_ses-010_DVR.nii", "site__sub-2_ses-01_pet.nii.gz", "anna.nii",
        "anna_b_x.nii.gz", "other.nii.gz", "notes.txt",
    )  # fmt: skip
    found = SynthesisedImages.find([folder], visits)
    assert {name: path.name for name, path in found.files.items()} == {
        "sub-1_ses-01": "sub-1_ses-01.nii.gz",
        "sub-1_ses-010": "sub-1_ses-010_DVR.nii",
        "site__sub-2_ses-01": "site__sub-2_ses-01_pet.nii.gz",
        "anna": "anna.nii",
        "anna_b": "anna_b_x.nii.gz",
    }
    assert found.has(visits[0])
    assert not found.has(visit("sub-1", "ses-02"))


def test_folds_may_lie_in_folders_of_their_own(tmp_path):
    first, second = put(tmp_path / "a", "sub-1_ses-01.nii.gz"), put(tmp_path / "b", "sub-2_ses-01.nii.gz")
    visits = [visit("sub-1"), visit("sub-2")]
    assert set(SynthesisedImages.find([first, second], visits).files) == {"sub-1_ses-01", "sub-2_ses-01"}
    (second / "sub-1_ses-01.nii.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"needs one image of sub-1_ses-01, got .*a/sub-1.* and .*b/sub-1"):
        SynthesisedImages.find([first, second], visits)


@pytest.mark.parametrize(
    ("names", "part"),
    [
        (["sub-1_ses-01.nii.gz", "sub-1_ses-01_DVR.nii"], "needs one image of sub-1_ses-01, got"),
        (["sub-3_ses-01.nii.gz"], "such as sub-1_ses-01.nii.gz, got 1 image of other names"),
        ([], "got 0 images of other names"),
        (None, "needs a folder of synthesised images"),
    ],
)
def test_folders_without_or_with_two_images_of_a_visit_are_refused(names, part, tmp_path):
    folder = tmp_path / "made" if names is None else put(tmp_path / "made", *names)
    with pytest.raises(InputError, match=part):
        SynthesisedImages.find([folder], [visit("sub-1")])


@pytest.mark.parametrize(
    ("data", "affine", "part"),
    [
        (
            np.ones((9, 10, 8)),
            AFFINE,
            r"needs the grid of the prepared dataset \(12x10x8, its affine\), got another \(9x",
        ),
        (np.ones(SHAPE), np.eye(4), "needs the grid of the prepared dataset"),
        (np.full(SHAPE, -1.0), AFFINE, "needs DVR, which is not negative, got -1"),
        (np.where(np.arange(SHAPE[2]) == 3, np.nan, 1.0) * np.ones(SHAPE), AFFINE, "got 120 voxels without"),
    ],
)
def test_images_of_another_grid_or_unit_are_refused(data, affine, part, tmp_path):
    write(tmp_path / "data", cohort()[:1])
    folder = put(tmp_path / "made")
    Volume(data.astype(np.float32), affine).save(folder / "sub-h0_ses-01.nii.gz")
    found = SynthesisedImages.find([folder], [visit("sub-h0")])
    with pytest.raises(InputError, match=part):
        found.dvr(visit("sub-h0"), PetVisits.open(tmp_path / "data"))
