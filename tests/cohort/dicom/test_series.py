"""A series becomes as many volumes as a reader of it would expect."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.headers.frames import frames_of
from brainlab.cohort.dicom.series import Sorted, sort_series
from tests.dicom_files import enhanced, save, save_all, series, voxels_of

UID = {"SeriesInstanceUID": "1.2.3"}


def sort(images: list[Dataset], folder: Path) -> Sorted:
    return sort_series([frame for path in save_all(images, folder) for frame in frames_of(path)])  # type: ignore[union-attr]


def test_parameters_of_single_slices_split_nothing(tmp_path: Path):
    images = series(6)
    for number, one in enumerate(images):
        one.EchoTime, one.AcquisitionNumber, one.InversionTime = 2.5 + number / 100, number, 900.0 + number
    assert [len(volume.frames) for volume in sort(images, tmp_path).volumes] == [6]


def test_sizes_are_volumes_of_their_own(tmp_path: Path):
    large = series(5, voxels=voxels_of(5, 30, 30), **UID)
    assert sorted(len(volume.frames) for volume in sort([*series(6, **UID), *large], tmp_path).volumes) == [5, 6]


def test_magnitude_is_taken_and_phase_named(tmp_path: Path):
    phase = series(6, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"], **UID)
    found = sort([*series(6, **UID), *phase], tmp_path)
    assert len(found.volumes) == 1
    assert [reason for _, reason in found.refused] == ["phase of the signal: 6 images; magnitude images are needed"]


def test_repetitions_are_volumes_and_many_are_a_time_series(tmp_path: Path):
    def repeated(count: int) -> list[Dataset]:
        return [one for number in range(count) for one in series(4, AcquisitionNumber=number, **UID)]

    assert len(sort(repeated(2), tmp_path / "a").volumes) == 2
    [(_, reason)] = sort(repeated(5), tmp_path / "b").refused
    assert reason.startswith("a series of 5 time points")


def test_repeated_diffusion_images_are_one_series_in_their_order(tmp_path: Path):
    """However many there are without weighting: a time series they are not."""
    images, b_values = [], [0, 1000, 0, 0, 0, 0, 0]
    for number, b_value in enumerate(b_values):
        tags = {"DiffusionBValue": float(b_value), "AcquisitionNumber": number, **UID}
        images += series(4, InstanceNumber=number, TemporalPositionIdentifier=number + 1, **tags)
    [volume] = sort(images, tmp_path).volumes
    assert [image[0].weighting.b_value for image in volume.images] == b_values


def test_time_points_are_refused(tmp_path: Path):
    images = [one for number in (1, 2) for one in series(4, TemporalPositionIdentifier=number, **UID)]
    [(_, reason)] = sort(images, tmp_path).refused
    assert reason.startswith("a series of 2 time points")


def test_an_echo_with_a_slice_less_is_not_taken_for_whole(tmp_path: Path):
    images = [*series(6, EchoTime=10.0, **UID), *series(6, EchoTime=90.0, **UID)[:5]]
    found = sort(images, tmp_path)
    assert found.volumes == []
    assert found.refused[0][1].startswith("volumes of 5 to 6 slices at unlike places")


def test_a_siemens_b_value_is_read_from_its_private_tag(tmp_path: Path):
    images = []
    for b_value in (0, 1000):
        for one in series(4, **UID):
            block = one.private_block(0x0019, "SIEMENS MR HEADER", create=True)
            block.add_new(0x0C, "IS", str(b_value))
            images.append(one)
    [volume] = sort(images, tmp_path).volumes
    assert [image[0].weighting.b_value for image in volume.images] == [0, 1000]


def test_enhanced_echoes_are_split(tmp_path: Path):
    def change(frame: Dataset, volume: int, place: int) -> None:
        echo = Dataset()
        echo.EffectiveEchoTime = [12.0, 90.0][volume]
        frame.MREchoSequence = [echo]

    path = save(enhanced([voxels_of(4), voxels_of(4, seed=1)], change), tmp_path / "x")
    found = sort_series(frames_of(path))  # type: ignore[arg-type]
    assert [volume.first.settings["EchoTime"] for volume in found.volumes] == pytest.approx([0.012, 0.09])
    assert [volume.part for volume in found.volumes] == ["echo-1", "echo-2"]
