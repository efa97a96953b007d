"""Numbers that count slices do not make people, and numbers that tell people apart stay."""

from pathlib import PurePosixPath

import pytest

from brainlab.cohort.sources.names.slice_names import without_slice_numbers


@pytest.mark.parametrize(
    ("name", "kept", "number"),
    [
        ("p01_slice_012.png", "p01.png", 12),
        ("anna_012.jpg", "anna.jpg", 12),
        ("IXI002-Guys-0828-T1_045.png", "IXI002-Guys-0828-T1.png", 45),
        ("p01z7.tif", "p01.tif", 7),
        ("12/slice_034.png", "12/.png", 34),
        ("2_034.png", "2.png", 34),
        ("patient_12.png", "patient_12.png", None),
        ("patient12.png", "patient12.png", None),
        ("anna12.png", "anna12.png", None),
        ("img_12.png", "img_12.png", None),
        ("12/034.png", "12/034.png", None),
        ("p01_visit_2.png", "p01_visit_2.png", None),
        ("OAS1_0001.png", "OAS1_0001.png", None),
        ("anna.png", "anna.png", None),
        ("anna_20190131.png", "anna_20190131.png", None),
        ("slice010_anna.png", "anna.png", 10),
        ("anna_slice012_flair.png", "anna_flair.png", 12),
        ("anna_axial_012.png", "anna.png", 12),
        ("anna_12_of_100.png", "anna.png", 12),
        ("anna_img012.png", "anna.png", 12),
        ("img12.png", "img12.png", None),
        ("Y1.png", "Y1.png", None),
        ("anna_y1.png", "anna.png", 1),
        ("anna_012_axial.png", "anna_012_axial.png", None),
        ("001_anna.png", "001_anna.png", None),
    ],
)
def test_the_number_of_a_slice(name, kept, number):
    assert without_slice_numbers([PurePosixPath(name)]) == {PurePosixPath(name): (PurePosixPath(kept), number)}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("anna_{:04}.png", "anna.png"),
        ("anna_{:03}_axial.png", "anna_axial.png"),
        ("anna_{:03}_flair.png", "anna_flair.png"),
        ("anna_{:03}_left.png", "anna_left.png"),
        ("{:03}_anna.png", "anna.png"),
        ("01_{:03}_axial.png", "01_axial.png"),
    ],
)
def test_numbers_beside_a_name_in_common_are_slices_however_many(name, kept):
    found = without_slice_numbers(PurePosixPath(name.format(number)) for number in range(600))
    assert set(found.values()) == {(PurePosixPath(kept), number) for number in range(600)}


@pytest.mark.parametrize(
    "name",
    [
        "glioma_{}.png",
        "{} no.png",
        "{:03}_T1.png",
        "{:03}_a.png",
        "{:03}_pre.png",
        "patient_{}_left.png",
        "OAS1_{:04}_left.png",
        "anna_visit_{}_flair.png",
        "BraTS20_Training_{:03}_flair.png",
    ],
)
def test_numbers_of_people_and_visits_are_no_slices(name):
    found = without_slice_numbers(PurePosixPath(name.format(number)) for number in range(1, 20))
    assert all(number is None for _, number in found.values())
