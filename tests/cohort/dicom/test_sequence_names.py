"""Which sequence an image is of."""

from pathlib import Path
from typing import Any

import pytest

from brainlab.cohort.dicom.frames import frames_of
from brainlab.cohort.dicom.sequence_names import acquisition_of, is_localiser, sequence_of
from brainlab.cohort.dicom.series import Volume
from brainlab.cohort.dicom.stacking import stack
from tests.dicom_files import save, series

SPIN = {"ScanningSequence": "SE", "InversionTime": None, "FlipAngle": 90.0}
IR = {"ScanningSequence": ["SE", "IR"]}


def volume(folder: Path, words: str = "", protocol: str = "", **tags: Any) -> Volume:
    images = series(3, SeriesDescription=words, ProtocolName=protocol, **tags)
    frames = [frame for number, one in enumerate(images) for frame in frames_of(save(one, folder / str(number)))]
    ordered, affine = stack(frames)
    return Volume((tuple(ordered),), affine)


@pytest.mark.parametrize(
    ("words", "sequence"),
    [
        ("t1_mprage_sag_p2_iso", "T1w"), ("Sag 3D BRAVO", "T1w"), ("FLAIR 3D SAG", "FLAIR"),
        ("t2_spc_dark-fluid", "FLAIR"),
        ("T2 FLAIR tra", "FLAIR"), ("T2* GRE", "T2starw"), ("t2_star_tra", "T2starw"), ("Ax SWAN", "T2starw"),
        ("T2 TSE", "T2w"), ("AX PD FSE", "PDw"), ("TOF_3D_multi-slab", "angio"), ("DIR_3D", "DIR"),
        ("ep2d_diff_3scan_trace", "dwi"), ("DTI 32 dir", "dwi"),
    ],
)  # fmt: skip
def test_by_words(words: str, sequence: str, tmp_path: Path):
    """Whatever the protocol says, which is often another's with a new name."""
    assert sequence_of(volume(tmp_path, words, "t1_localizer_old t2", ScanningSequence="RM")) == sequence


@pytest.mark.parametrize(
    ("tags", "sequence"),
    [
        ({}, "T1w"),  # a gradient echo, TE 2.5 ms
        ({"EchoTime": 20.0, "InversionTime": None}, "T2starw"),
        ({**SPIN, "EchoTime": 12.0, "RepetitionTime": 500.0}, "T1w"),
        ({**SPIN, "EchoTime": 14.0, "RepetitionTime": 3000.0}, "PDw"),
        ({**SPIN, "EchoTime": 95.0, "RepetitionTime": 5000.0}, "T2w"),
        ({**IR, "EchoTime": 120.0, "RepetitionTime": 9000.0, "InversionTime": 2500.0}, "FLAIR"),
        ({**IR, "EchoTime": 60.0, "RepetitionTime": 4000.0, "InversionTime": 160.0}, "MR"),  # STIR
        ({**IR, "EchoTime": 20.0, "RepetitionTime": 2200.0, "InversionTime": 800.0}, "T1w"),
        ({"ScanningSequence": "RM"}, "MR"),
        ({"ScanningSequence": "EP", "EchoTime": 30.0}, "MR"),
        ({"ScanningSequence": "EP", "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "ADC"),
        ({"ScanningSequence": "EP", "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"]}, "dwi"),
        ({"ScanningSequence": "EP", "DiffusionBValue": 1000.0}, "dwi"),
    ],
)  # fmt: skip
def test_by_parameters(tags: dict[str, Any], sequence: str, tmp_path: Path):
    assert sequence_of(volume(tmp_path, **tags)) == sequence


def test_words_that_name_two_sequences_leave_it_to_the_parameters(tmp_path: Path):
    inverted = {**IR, "EchoTime": 20.0, "RepetitionTime": 2200.0, "InversionTime": 800.0}
    assert sequence_of(volume(tmp_path / "a", "T1 FLAIR", **inverted)) == "T1w"
    assert sequence_of(volume(tmp_path / "b", "t1 or t2", "t2", **SPIN, EchoTime=10.0, RepetitionTime=4000.0)) == "PDw"


def test_a_spin_echo_says_so_by_its_acquisition(tmp_path: Path):
    """`prepare` takes T1 spin echoes and gradient echoes for two sequences."""
    assert acquisition_of(volume(tmp_path / "a", "t1_se", **SPIN), "T1w") == "se"
    assert acquisition_of(volume(tmp_path / "b", "t1_fl3d"), "T1w") == ""


@pytest.mark.parametrize("words", ["localizer", "3-plane loc", "AAHead_Scout", "Survey_SHC", "ASSET calibration"])
def test_localisers(words: str, tmp_path: Path):
    assert is_localiser(volume(tmp_path, words).first)


def test_others_are_no_localisers(tmp_path: Path):
    assert not is_localiser(volume(tmp_path, "t1_mprage_block_velocity").first)
