"""What is read from noisy channels, and how each sequence is prescribed and named."""

import numpy as np
import pytest

from brainlab.cohort.sources.bids import SEQUENCES as PREPARED
from brainlab.simulation.sequences.registry import SEQUENCES
from brainlab.simulation.sequences.scanners import BIASED_SCANNER, SCANNERS
from brainlab.simulation.sequences.techniques import (
    GradientEcho,
    Mprage,
    SpinEcho,
    TensorDiffusion,
    TraceDiffusion,
    double_null_inversion_times,
    fluid_null_inversion_time,
)
from brainlab.simulation.sequences.tissue import properties

TISSUES = ["white", "cortical_grey", "fluid"]
TENSOR = TensorDiffusion(field_strength_t=3.0, echo_time_s=0.08, repetition_time_s=8.0, b_value_s_mm2=1000.0)


def read(name, technique):
    """What a sequence reads of pure tissue without noise."""
    tissue = properties(TISSUES, 3.0)
    signals = technique.signals(tissue)
    relative = (signals / signals[0, 0]).astype(np.float32).reshape(len(signals), -1, 1, 1)
    return SEQUENCES[name].reading(relative, technique, float(signals[0, 0])).ravel(), tissue


def test_the_sequences_that_the_papers_need_are_there():
    assert " ".join(SEQUENCES) == "FLAIR T1w T1SE T2w PDw DIR DWI ADC MTR FA RD AD DVR"


def test_maps_give_the_tables_values_back():
    trace = TraceDiffusion(field_strength_t=3.0, echo_time_s=0.06, repetition_time_s=6.0, b_value_s_mm2=1000.0)
    adc, tissue = read("ADC", trace)
    assert adc == pytest.approx(1e6 * tissue.diffusivity_mm2_s, rel=1e-4)
    assert read("AD", TENSOR)[0] == pytest.approx(1e6 * tissue.axial_mm2_s, rel=1e-4)
    assert read("RD", TENSOR)[0] == pytest.approx(1e6 * tissue.radial_mm2_s, rel=1e-4)
    assert read("FA", TENSOR)[0] == pytest.approx(tissue.anisotropy, abs=1e-3)
    protocol = SEQUENCES["MTR"].protocol(np.random.default_rng(0), SCANNERS[3])
    assert read("MTR", protocol.technique)[0] == pytest.approx(100 * tissue.mtr, rel=1e-3)
    protocol = SEQUENCES["DVR"].protocol(np.random.default_rng(0), SCANNERS[3])
    assert read("DVR", protocol.technique)[0] == pytest.approx(tissue.dvr, rel=1e-5)


@pytest.mark.parametrize("name", ["ADC", "AD", "RD", "FA", "MTR", "DVR"])
def test_noise_in_air_is_no_map(name):
    noise = np.abs(np.random.default_rng(0).normal(0, 0.03, (3, 8, 8, 8))).astype(np.float32)
    channels = noise[: {"ADC": 2, "MTR": 2, "DVR": 1}.get(name, 3)]
    assert not SEQUENCES[name].reading(channels, TENSOR, 1.0).any()


def test_noise_leaves_maps_in_their_range():
    rng = np.random.default_rng(0)
    channels = np.abs(1 + rng.normal(0, 0.6, (3, 12, 12, 12))).astype(np.float32)
    for name, count in (("FA", 3), ("RD", 3), ("AD", 3), ("ADC", 2), ("MTR", 2)):
        image = SEQUENCES[name].reading(channels[:count], TENSOR, 1.0)
        assert np.isfinite(image).all()
        assert image.min() >= 0
        assert image.max() <= {"FA": 1, "MTR": 100}.get(name, np.inf)
    axial, radial = (SEQUENCES[name].reading(channels, TENSOR, 1.0) for name in ("AD", "RD"))
    assert (axial >= radial).all()  # eigenvalues are sorted


@pytest.mark.parametrize("scanner", [*SCANNERS, BIASED_SCANNER], ids=lambda scanner: scanner.name)
@pytest.mark.parametrize("name", list(SEQUENCES))
def test_prescriptions_differ_from_scan_to_scan_around_plausible_values(name, scanner):
    protocols = [SEQUENCES[name].protocol(np.random.default_rng(seed), scanner) for seed in range(4)]
    assert len(set(protocols)) == 4
    for protocol in protocols:
        assert 0.7 <= protocol.pixel_mm < 3.5
        assert 0.9 <= protocol.thickness_mm <= 5.0
        if name != "DVR":
            assert protocol.technique.field_strength_t == scanner.field_strength_t
            assert 0.002 < protocol.technique.echo_time_s < 0.18


def test_t1w_is_another_image_from_site_to_site():
    kinds = [type(SEQUENCES["T1w"].protocol(np.random.default_rng(0), scanner).technique) for scanner in SCANNERS]
    assert {SpinEcho, GradientEcho, Mprage} == set(kinds)


def test_inversion_times_stay_close_to_the_nulls():
    for seed, scanner in enumerate([*SCANNERS, BIASED_SCANNER] * 3):
        flair = SEQUENCES["FLAIR"].protocol(np.random.default_rng(seed), scanner).technique
        assert flair.inversion_time_s == pytest.approx(fluid_null_inversion_time(flair.repetition_time_s), rel=0.12)
        double = SEQUENCES["DIR"].protocol(np.random.default_rng(seed), scanner).technique
        white_t1_s = float(properties(["white"], scanner.field_strength_t).t1_s[0])
        expected = double_null_inversion_times(double.repetition_time_s, white_t1_s)
        assert (double.inversion_time_s, double.second_inversion_time_s) == pytest.approx(expected, rel=0.05)


def test_fluid_is_not_quite_black_in_flair():
    rng = np.random.default_rng(0)
    drawn = [SEQUENCES["FLAIR"].protocol(rng, SCANNERS[number % 5]).technique for number in range(200)]
    ratio = [one.inversion_time_s / fluid_null_inversion_time(one.repetition_time_s) for one in drawn]
    assert np.mean(ratio) == pytest.approx(1.068, abs=0.005)


def test_files_are_named_as_bids_has_them():
    stems = {name: f"{s.folder}/{s.stem('sub-1_ses-01')}" for name, s in SEQUENCES.items()}
    assert stems["FLAIR"] == "anat/sub-1_ses-01_FLAIR"
    assert stems["T1SE"] == "anat/sub-1_ses-01_acq-SE_T1w"
    assert stems["MTR"] == "anat/sub-1_ses-01_MTRmap"
    assert stems["DWI"] == "dwi/sub-1_ses-01_dwi"
    assert stems["ADC"] == "dwi/sub-1_ses-01_ADC"
    assert stems["DVR"] == "pet/sub-1_ses-01_trc-PIB_DVR"
    assert len(set(stems.values())) == len(stems)


def test_preparation_knows_every_suffix():
    assert {sequence.suffix or sequence.name for sequence in SEQUENCES.values()} <= set(PREPARED)
