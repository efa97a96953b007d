"""Air is found and brought to 0, whatever scale and fill the values have, and a negative is refused."""

import dataclasses

import numpy as np
import pytest

from brainlab.cohort.registration.air import above_air
from brainlab.cohort.registration.head import find_head
from brainlab.errors import IntensityError, RegistrationError
from brainlab.images.volume import Volume


def changed(volume: Volume, data: np.ndarray) -> Volume:
    return dataclasses.replace(volume, data=data.astype(np.float32))


def in_head_units(volume: Volume) -> np.ndarray:
    """Values in units of their 98th percentile."""
    return volume.data / np.percentile(volume.data, 98)


def without_air(head: Volume, fill: float) -> Volume:
    """The head with a number in the place of air."""
    return changed(head, np.where(above_air(head)[0].data > 40, head.data, fill))


@pytest.mark.parametrize("air", ["noise", "rounded noise", "one value"])
@pytest.mark.parametrize(("scale", "offset"), [(1, 200), (1, 1000), (1, -1000), (0.01, -3), (1e-9, 0), (1e28, 1e30)])
def test_only_the_order_and_the_ratios_of_values_matter(
    whole_head: Volume, air: str, scale: float, offset: float
) -> None:
    head = whole_head
    if air != "noise":
        head = changed(head, np.round(head.data / 8) if air == "rounded noise" else without_air(head, 0).data)
    plain, other = above_air(head)[0], above_air(changed(head, head.data.astype(float) * scale + offset))[0]
    assert plain.data.min() == other.data.min() == 0
    np.testing.assert_allclose(in_head_units(other), in_head_units(plain), atol=2e-3)


def test_the_head_is_found_alike_whatever_the_scale(whole_head: Volume) -> None:
    z_scored = changed(whole_head, (whole_head.data - whole_head.data.mean()) / whole_head.data.std())
    plain, other = (find_head(above_air(volume)[0]) for volume in (whole_head, z_scored))
    np.testing.assert_allclose(other.image.data, plain.image.data, atol=1e-3)
    np.testing.assert_allclose(other.bare.data, plain.bare.data, atol=1e-3)
    np.testing.assert_allclose(other.centre_mm, plain.centre_mm)
    assert (other.stripped, other.enclosed) == (plain.stripped, plain.enclosed) == (False, True)


def test_z_scores_keep_every_grey_value_of_the_brain(whole_head: Volume) -> None:
    z_scored = changed(whole_head, (whole_head.data - whole_head.data.mean()) / whole_head.data.std())
    found, notes = above_air(z_scored)
    brain = whole_head.data > 100
    assert (found.data[brain] > 0).all()
    assert np.corrcoef(found.data[brain], whole_head.data[brain])[0, 1] == pytest.approx(1, abs=1e-6)
    assert notes[0].startswith("air is at -0.")


@pytest.mark.parametrize("fill", [-1000.0, -32768.0, np.nan])
@pytest.mark.parametrize("where", ["all air", "corners"])
def test_a_fill_value_is_no_air(whole_head: Volume, fill: float, where: str) -> None:
    empty = without_air(whole_head, -1).data == -1
    if where == "corners":
        empty = np.zeros_like(empty)
        empty[:, :12], empty[:4] = True, True
    data = np.where(empty, np.nan_to_num(fill), whole_head.data)
    head = dataclasses.replace(changed(whole_head, data), missing=empty if np.isnan(fill) else None)
    found, notes = above_air(head)
    assert (found.data[empty] == 0).all()
    wanted = above_air(whole_head)[0]
    # where no air is left, the darkest tissue is taken for it
    np.testing.assert_allclose(found.data[~empty], wanted.data[~empty], atol=60 if where == "all air" else 2)
    assert bool(notes) == (not np.isnan(fill) or where == "all air")
    assert np.isnan(fill) or f"of the voxels hold {fill:g}: taken as empty" in notes[0]


def test_a_fill_amid_the_values_of_a_head_is_empty(whole_head: Volume) -> None:
    """Some tools z-score what is not 0 and leave 0 as it is."""
    empty = without_air(whole_head, -1).data == -1
    data = (whole_head.data - whole_head.data[~empty].mean()) / whole_head.data[~empty].std()
    found, notes = above_air(changed(whole_head, np.where(empty, 0, data)))
    assert (found.data[empty] == 0).all()
    assert np.corrcoef(found.data[~empty], data[~empty])[0, 1] > 0.999
    assert "hold 0: taken as empty" in notes[0]


@pytest.mark.parametrize("air", ["noise", "one value", "unsigned bytes"])
def test_a_negative_is_refused(whole_head: Volume, air: str) -> None:
    head = whole_head if air == "noise" else without_air(whole_head, 0)
    data = 255 - np.round(head.data / head.data.max() * 255) if air == "unsigned bytes" else -head.data
    with pytest.raises(IntensityError, match="invert the image"):
        above_air(changed(head, data))


def test_a_head_cut_off_at_a_threshold_keeps_its_zeros_as_air(whole_head: Volume) -> None:
    data = np.where(whole_head.data > 500, whole_head.data, 0)
    for scale, offset in ((1, 0), (0.01, 7)):
        found, _ = above_air(changed(whole_head, data * scale + offset))
        np.testing.assert_allclose(in_head_units(found), in_head_units(changed(whole_head, data)), atol=1e-4)


def test_dips_below_the_air_are_air(whole_head: Volume) -> None:
    data = without_air(whole_head, 0).data
    dips = (np.random.default_rng(1).random(data.shape) < 0.02) & (data == 0)
    found, notes = above_air(changed(whole_head, np.where(dips, -30, data)))
    np.testing.assert_array_equal(found.data, data)
    assert notes == ()


def test_air_of_strong_noise_is_air(whole_head: Volume) -> None:
    """DIR: the head is a few times as bright as the air, whose darkest tenth lies far below its middle."""
    random = np.random.default_rng(0)
    real, imaginary = random.normal(0, 0.09, (2, *whole_head.data.shape))
    data, _ = above_air(changed(whole_head, np.hypot(in_head_units(whole_head) + real, imaginary)))
    dark = in_head_units(whole_head) < 0.05
    assert np.median(data.data[dark]) < 0.02


def test_an_image_full_of_head_has_no_air_to_tell() -> None:
    gradient = np.random.default_rng(0).normal(100, 3, (20, 20, 20))
    gradient[5:15, 5:15, 5:15] -= 60
    with pytest.raises(RegistrationError, match="leave some air around the head"):
        above_air(Volume(gradient.astype(np.float32), np.eye(4)))


@pytest.mark.parametrize("share", [0.05, 0.16, 0.5])
def test_zero_around_a_brain_of_z_scores_is_no_grey_value(share: float) -> None:
    """In FLAIR few voxels of an image are darker than the brain's mean, but many of the brain's own."""
    random = np.random.default_rng(0)
    side = int((share * 40**3) ** (1 / 3))
    scores = np.zeros((40, 40, 40))
    scores[2 : 2 + side, 2 : 2 + side, 2 : 2 + side] = random.gamma(9, 1 / 3, (side, side, side)) - 3
    found, notes = above_air(Volume(scores.astype(np.float32), np.eye(4)))
    assert (found.data[scores != 0] > 0).mean() > 0.98
    assert (found.data[scores == 0] == 0).all()
    assert notes[0].endswith("hold 0: taken as empty")
