"""Numbers that count slices do not make people, and numbers that tell people apart stay."""

from pathlib import PurePosixPath

import pytest

from brainlab.cohort.sources.names.slice_names import MOST_SLICES, without_slice_numbers


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
    ],
)
def test_the_number_of_a_slice(name, kept, number):
    assert without_slice_numbers([PurePosixPath(name)]) == {PurePosixPath(name): (PurePosixPath(kept), number)}


def test_a_number_that_runs_further_than_a_scan_has_slices_counts_people():
    names = [PurePosixPath(f"glioma_{number}.png") for number in range(MOST_SLICES + 1)]
    assert all(number is None for _, number in without_slice_numbers(names).values())
    assert all(number is not None for _, number in without_slice_numbers(names[1:]).values())
