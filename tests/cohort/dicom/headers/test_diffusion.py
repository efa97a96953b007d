"""How images of each maker are weighted by diffusion; directions as dcm2niix v1.0.20260724 finds them in such files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from brainlab.cohort.dicom.headers.diffusion import UNKNOWN_AXES, Weighting
from brainlab.cohort.dicom.headers.frames import frames_of
from brainlab.cohort.dicom.series import Sorted, sort_series
from tests.dicom_files import AXIAL, SAGITTAL, image, save, save_all, series, voxels_of

CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE = (0.96, 0.0, -0.28, 0.0, 1.0, 0.0)
LYING = {"PatientPosition": "HFS", "InPlanePhaseEncodingDirection": "COL"}


def of_ge(one: Dataset, b_value: float, gradient: Sequence[float]) -> Dataset:
    acquisition = one.private_block(0x0019, "GEMS_ACQU_01", create=True)
    for element, part in zip((0xBB, 0xBC, 0xBD), gradient, strict=True):
        acquisition.add_new(element, "DS", f"{part:.6f}")
    one.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", [f"{b_value:.0f}", "8", "0", "0"])
    return one


def of_philips(one: Dataset, b_value: float, direction: Sequence[float]) -> Dataset:
    one.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x03, "FL", b_value)
    gradient = one.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    for element, part in zip((0xB0, 0xB1, 0xB2), direction, strict=True):
        gradient.add_new(element, "FL", part)
    return one


def weighting(one: Dataset, folder: Path) -> Weighting:
    [frame] = frames_of(save(one, folder / "x"))  # type: ignore[misc]
    return frame.weighting


def single(orientation: Sequence[float] = AXIAL, **tags: Any) -> Dataset:
    return image(voxels_of(1)[0], (0, 0, 0), orientation, **{**LYING, **tags})


@pytest.mark.parametrize(
    ("orientation", "phase", "gradient", "direction"),
    [
        (AXIAL, "COL", (0.6, 0.8, 0), (-0.6, -0.8, 0)),
        (AXIAL, "COL", (0.6, 0, 0.8), (-0.6, 0, 0.8)),
        (AXIAL, "ROW", (0.6, 0.8, 0), (-0.8, 0.6, 0)),
        (AXIAL, "ROW", (0, 0.6, 0.8), (-0.6, 0, 0.8)),
        (SAGITTAL, "COL", (0.6, 0, 0.8), (-0.8, -0.6, 0)),
        (SAGITTAL, "COL", (0.6, 0.8, 0), (0, -0.6, 0.8)),
        (SAGITTAL, "ROW", (0.6, 0, 0.8), (-0.8, 0, -0.6)),
        (OBLIQUE, "COL", (0.6, 0, 0.8), (-0.352, 0, 0.936)),
        (OBLIQUE, "ROW", (0.6, 0.8, 0), (-0.768, 0.6, 0.224)),
    ],
)
def test_gradients_of_ge_lie_along_the_image_and_its_phase_encoding(
    orientation, phase, gradient, direction, tmp_path: Path
):
    """A direction and its opposite are one; of sagittal images dcm2niix names the opposite."""
    one = of_ge(single(orientation, InPlanePhaseEncodingDirection=phase), 1000, gradient)
    found = weighting(one, tmp_path)
    assert (found.b_value, found.reason) == (1000, "")
    assert found.direction == pytest.approx(direction, abs=1e-3)


@pytest.mark.parametrize(
    ("told", "gradient", "b_value"),
    [(1000, (0, 0, 1), 1000), (1000, (0, 0, 0.7071), 500), (1000, (0, 0, 0.5), 250), (1000, (0, 0.9, 0), 810),
     (1000, (0.2, 0, 0), 40), (1_000_001_000, (0, 0, 1), 1000), (1000, (0, 0, 0), 1000), (0, (0, 0, 1), 0)],
)  # fmt: skip
def test_gradients_of_ge_scale_the_b_value(told, gradient, b_value, tmp_path: Path):
    found = weighting(of_ge(single(), told, gradient), tmp_path)
    assert found.b_value == b_value
    assert (found.direction is None) == (not any(gradient) or not told)


@pytest.mark.parametrize(
    "tags", [{"orientation": CORONAL}, {"PatientPosition": "FFS"}, {"InPlanePhaseEncodingDirection": None}]
)
def test_series_of_ge_whose_directions_are_not_known_are_refused_whole(tags, tmp_path: Path):
    images = [of_ge(one, 0, (0, 0, 0)) for one in series(4, SeriesInstanceUID="1.2.3", **{**LYING, **tags})]
    weighted = series(4, SeriesInstanceUID="1.2.3", InstanceNumber=2, **{**LYING, **tags})
    images += [of_ge(one, 1000, (1, 0, 0)) for one in weighted]
    found = sort(images, tmp_path)
    assert (found.volumes, [reason for _, reason in found.refused]) == ([], [UNKNOWN_AXES])
    traces = [of_ge(one, 1000, (0, 0, 0)) for one in series(4, **{**LYING, **tags})]
    assert [volume.first.weighting for volume in sort(traces, tmp_path / "traces").volumes] == [Weighting(1000)]


def sort(images: list[Dataset], folder: Path) -> Sorted:
    return sort_series([frame for path in save_all(images, folder) for frame in frames_of(path)])  # type: ignore[union-attr]


def test_older_philips_scanners_tell_it_in_their_own_tags(tmp_path: Path):
    found = weighting(of_philips(single(), 800, (0.6, 0, -0.8)), tmp_path)
    assert (found.b_value, found.direction) == (800, pytest.approx((0.6, 0, -0.8)))
    assert weighting(of_philips(single(), 0, (0, 0, 0)), tmp_path) == Weighting(0)


def test_the_standards_tags_come_first(tmp_path: Path):
    one = single(DiffusionBValue=500.0, DiffusionGradientOrientation=[0.0, 2**-0.5, 2**-0.5])
    assert weighting(of_philips(one, 800, (1, 0, 0)), tmp_path).b_value == 500
    assert weighting(of_ge(one, 800, (1, 0, 0)), tmp_path).direction == pytest.approx((0, 2**-0.5, 2**-0.5))


def test_private_tags_of_another_maker_say_nothing(tmp_path: Path):
    one = single()
    one.private_block(0x2001, "SOMEBODY ELSE", create=True).add_new(0x03, "FL", 800.0)
    one.private_block(0x0043, "SOMEBODY ELSE", create=True).add_new(0x39, "IS", ["800"])
    assert weighting(one, tmp_path) == Weighting(None)


def test_repeated_images_that_only_numbers_tell_apart(tmp_path: Path):
    """GE numbers several images without weighting on, and says nothing else of them."""
    gradients, images = [(0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 0, 0), (1, 0, 0)], []
    for number, gradient in enumerate(gradients):
        values = voxels_of(4, seed=number)
        for place, one in enumerate(series(voxels=values, SeriesInstanceUID="1.2.3", **LYING)):
            one.InstanceNumber = 4 * number + place + 1
            images.append(of_ge(one, 1000 * any(gradient), gradient))
    [volume] = sort(images[7:] + images[:7], tmp_path).volumes
    assert [image[0].weighting.b_value for image in volume.images] == [0, 1000, 0, 0, 1000]
    assert [[frame.instance for frame in image] for image in volume.images] == [
        [4 * number + place + 1 for place in range(4)] for number in range(5)
    ]
    found = sort(images[:-1], tmp_path / "cut")
    assert found.refused[0][1].startswith("volumes of 3 to 4 slices at unlike places")
