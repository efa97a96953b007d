"""What one file says of its images, and which files are none to import."""

from pathlib import Path

import pytest

from brainlab.cohort.dicom.headers.frames import RefusedFile, frames_of
from tests.dicom_files import save, series


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (["DERIVED", "PRIMARY", "DIFFUSION", "FA", "ND"], "FA"),
        (["DERIVED", "PRIMARY", "DIFFUSION", "TENSOR"], "TENSOR"),
        (["DERIVED", "PRIMARY", "M", "T2 MAP", "ND"], "T2 MAP"),
        (["DERIVED", "PRIMARY", "M", "T1_MAP"], "T1 MAP"),
        (["DERIVED", "PRIMARY", "ASL", "CBF"], "CBF"),
        (["DERIVED", "PRIMARY", "PERFUSION", "RELCBF"], "RELCBF"),
        (["ORIGINAL", "PRIMARY", "M", "ND", "FLIP ANGLE MAP"], "FLIP ANGLE MAP"),
        (["ORIGINAL", "PRIMARY", "B0 MAP", "B0", "UNSPECIFIED"], "B0 MAP"),
    ],
)
def test_maps_of_a_quantity_are_left_out_by_name(kinds: list[str], name: str, tmp_path: Path):
    found = frames_of(save(series(1, ImageType=kinds)[0], tmp_path / "x"))
    assert isinstance(found, RefusedFile)
    assert found.reason == f"a map of a quantity ({name}); the original images are needed"


@pytest.mark.parametrize(
    "kinds",
    [
        ["ORIGINAL", "PRIMARY", "M", "ND"],
        ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "ND"],
        ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW", "ND"],
        ["DERIVED", "PRIMARY", "M", "UNI"],
        ["DERIVED", "PRIMARY", "DIXON", "WATER"],
        ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"],
    ],
)
def test_images_and_adc_maps_are_no_such_maps(kinds: list[str], tmp_path: Path):
    assert isinstance(frames_of(save(series(1, ImageType=kinds)[0], tmp_path / "x")), list)


@pytest.mark.parametrize(
    ("agent", "given"),
    [
        *((no, False) for no in ("NONE", "no", "No contrast", "none given", "n/a", "N", "ohne KM", "0", "0.0 ml", "-")),
        *((yes, True) for yes in ("Gadovist", "NOVARTIS Dotarem", "0.1 mmol/kg Gd", "10 ml", "YES", "Nonionic")),
    ],
)
def test_a_contrast_agent_that_was_not_given_is_none(agent: str, given: bool, tmp_path: Path):
    [frame] = frames_of(save(series(1, ContrastBolusAgent=agent)[0], tmp_path / "x"))
    assert frame.origin.contrast_agent is given
