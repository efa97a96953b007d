"""Which sequence an image is of."""

from pathlib import Path
from typing import Any

import pytest

from brainlab.cohort.dicom.headers.frames import frames_of
from brainlab.cohort.dicom.sequence_names import (
    acquisition_of,
    inversion_of,
    is_localiser,
    reconstruction_of,
    sequence_of,
)
from brainlab.cohort.dicom.series import Volume
from brainlab.cohort.dicom.stacking import stack
from tests.dicom_files import save, series

SPIN = {"ScanningSequence": "SE", "InversionTime": None, "FlipAngle": 90.0}
IR = {"ScanningSequence": ["SE", "IR"]}
FLUID = {**IR, "EchoTime": 120.0, "RepetitionTime": 9000.0, "InversionTime": 2500.0}
PLANAR = {"ScanningSequence": ["EP", "SE"], "InversionTime": None, "EchoTime": 80.0}


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
        ("ep2d_diff_3scan_trace", "dwi"), ("DTI 32 dir", "dwi"), ("DTI_64D", "dwi"), ("dwi_tra", "dwi"),
        ("Diffusionsgewichtet", "dwi"), ("ep2d_diff", "dwi"), ("resolve_TRACEW", "dwi"), ("dMRI_dir98_AP", "dwi"),
        ("t2_space_da-fl", "FLAIR"), ("sag dir", "DIR"), ("t2_dir3d", "DIR"), ("DIR_2", "DIR"),
        ("gre_field_mapping", "MR"), ("tfl_b1map", "MR"), ("B0 map T1", "MR"), ("fmap_dir-AP", "MR"),
        ("MAGiC T1 MAP", "MR"), ("t2_stir_cor", "MR"), ("3D ASL", "MR"), ("t1_mp2rage_sag", "T1w"),
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


@pytest.mark.parametrize(
    ("words", "protocol", "tags", "sequence"),
    [
        ("Ax T2 FLAIR", "BRAIN STROKE DWI", FLUID, "FLAIR"),
        ("FLAIR different angle", "brain", FLUID, "FLAIR"),
        ("post T1 difficult patient", "brain", {}, "T1w"),
        ("Ax difficult patient", "t2 tse", {**SPIN, "EchoTime": 95.0}, "T2w"),
        ("t1 mprage", "TRACERX baseline", {}, "T1w"),
        ("t1 mprage", "DTI", {}, "T1w"),
        ("Sag 3D", "BRAIN STROKE DWI", {}, "T1w"),  # a gradient echo
        ("Cor", "BRAIN STROKE DWI", FLUID, "FLAIR"),
        ("Ax T2", "DWI", {**SPIN, "EchoTime": 95.0}, "T2w"),
        ("DWI FLAIR", "", {**PLANAR, "InversionTime": 2500.0}, "dwi"),
        ("Ax", "BRAIN STROKE DWI", PLANAR, "dwi"),
        ("t1 mprage", "", {"DiffusionBValue": 1000.0}, "dwi"),
        ("t1 mprage", "", {"DiffusionBValue": 0.0}, "T1w"),
        ("x", "x", {"DiffusionBValue": 0.0, **PLANAR}, "dwi"),
        ("t1", "", {**PLANAR, "ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]}, "dwi"),
    ],
)  # fmt: skip
def test_diffusion_is_told_by_the_first_text_as_others_are(
    words: str, protocol: str, tags: dict[str, Any], sequence: str, tmp_path: Path
):
    """Some scanners give the exam's protocol to all its series."""
    assert sequence_of(volume(tmp_path, words, protocol, **tags)) == sequence


@pytest.mark.parametrize(
    ("words", "tags", "sequence"),
    [
        ("t2_spc_sag_p2_iso", {**IR, "EchoTime": 390.0, "RepetitionTime": 5000.0, "InversionTime": 1800.0}, "FLAIR"),
        ("t2_tirm_cor", {**IR, "EchoTime": 60.0, "RepetitionTime": 5000.0, "InversionTime": 160.0}, "MR"),  # STIR
        ("Ax FLAIR", {**IR, "EchoTime": 20.0, "RepetitionTime": 2200.0, "InversionTime": 800.0}, "T1w"),
        ("t2_tirm_tra_dark-fluid", FLUID, "FLAIR"),
        ("t2_tse", {**SPIN, "EchoTime": 95.0}, "T2w"),
    ],
)  # fmt: skip
def test_an_inversion_time_that_contradicts_the_words_wins(
    words: str, tags: dict[str, Any], sequence: str, tmp_path: Path
):
    assert sequence_of(volume(tmp_path, words, "x", **tags)) == sequence


@pytest.mark.parametrize(
    "words", ["func_dir-AP_SBRef", "func_dir-PA", "se_dir-LR", "cmrr_dir98_AP", "ep 64 dir", "dir j"]
)
def test_directions_are_no_double_inversion(words: str, tmp_path: Path):
    planar = {"ScanningSequence": ["EP", "GR"], "InversionTime": None}
    assert sequence_of(volume(tmp_path, words, "x", **planar)) == "MR"


def test_perfusion_is_none_of_the_sequences(tmp_path: Path):
    kind = ["ORIGINAL", "PRIMARY", "ASL"]
    assert sequence_of(volume(tmp_path, "x", **SPIN, EchoTime=10.5, RepetitionTime=4800.0, ImageType=kind)) == "MR"


@pytest.mark.parametrize(
    ("words", "kind", "sequence", "inversion"),
    [
        ("mp2rage_INV1", ["ORIGINAL", "PRIMARY", "M", "ND"], "MP2RAGE", "1"),
        ("t1_mp2rage_sag_inv2", ["ORIGINAL", "PRIMARY", "M", "ND"], "MP2RAGE", "2"),
        ("INV1", ["ORIGINAL", "PRIMARY", "M", "ND"], "MP2RAGE", "1"),
        ("mp2rage_UNI_Images", ["DERIVED", "PRIMARY", "M", "UNI"], "T1w", ""),
        ("mp2rage_INV1_INV2_UNI", ["DERIVED", "PRIMARY", "M", "UNI"], "T1w", ""),
    ],
)  # fmt: skip
def test_only_the_combined_image_of_an_mp2rage_is_a_t1w(
    words: str, kind: list[str], sequence: str, inversion: str, tmp_path: Path
):
    image = volume(tmp_path, words, "mp2rage", ImageType=kind)
    assert (sequence_of(image), inversion_of(image)) == (sequence, inversion)


@pytest.mark.parametrize(
    ("words", "kind", "label"),
    [
        ("t1_vibe_dixon", ["DIXON", "FAT"], "fat"), ("t1 mDIXON", ["F", "F", "DERIVED"], "fat"),
        ("t1_vibe_dixon", ["DIXON", "OPP_PHASE"], "opposed"), ("t1_vibe_dixon_F", ["M"], "fat"),
        ("t1_vibe_dixon_opp", ["M"], "opposed"), ("t1_vibe_dixon_W", ["DIXON", "WATER"], ""),
        ("t1_vibe_dixon_in", ["M"], ""), ("t1_mprage_F", ["M"], ""),
        ("FAT: Ax T1", ["M"], "fat"), ("OutPhase: Ax T1", ["M"], "opposed"), ("WATER: Ax T1", ["M"], ""),
    ],
)  # fmt: skip
def test_fat_and_opposed_phase_of_a_dixon_say_so(words: str, kind: list[str], label: str, tmp_path: Path):
    image = volume(tmp_path, words, ImageType=["DERIVED", "PRIMARY", *kind])
    assert (sequence_of(image), reconstruction_of(image)) == ("T1w", label)


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
