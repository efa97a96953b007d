"""One scene that came in any size, range, margin or format comes out the same; what cannot be made alike is refused."""

import numpy as np
import pytest
from PIL import Image

from brainlab.errors import InputError
from brainlab.reading.images.harmonising import as_jpeg, harmonise
from brainlab.reading.images.jpeg_traces import jpeg_quality
from brainlab.reading.protocol.harmonisation import BRAIN_SHARE, Harmonisation

FLOOR = 0.08


def scene(rows: int, columns: int, fine: float = 0.12, finest: float = 0.0) -> np.ndarray:
    """A disc with waves, sampled on a grid: the same continuous scene, in units of the picture's height.

    fine, finest: height of waves of 16 and of 40 periods over the picture.
    """
    y, x = ((np.arange(n) + 0.5 - n / 2) / rows for n in (rows, columns))
    y, x = np.meshgrid(y, x, indexing="ij")
    inside = 1 / (1 + np.exp((np.hypot(x, y * 0.9) - 0.34) / 0.01))
    waves = 0.5 + 0.2 * np.sin(2 * np.pi * 5 * x) + fine * np.sin(2 * np.pi * 16 * (x + y))
    return (inside * (waves + finest * np.sin(2 * np.pi * 40 * y))).astype(np.float32)


def policy(**changes: object) -> Harmonisation:
    return Harmonisation(**{"size": 64, "intensity": "as_stored", **changes})


def sharpness(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image[20:44, 20:44], axis=1)).mean())


@pytest.mark.parametrize("fit", ["brain", "centre"])
@pytest.mark.parametrize("rows", [77, 100, 128, 150, 233])
def test_a_scene_comes_out_the_same_from_every_size(fit, rows):
    one, other = (harmonise(scene(n, n), None, policy(fit=fit), FLOOR).image for n in (400, rows))
    # The box of a brain is known to a pixel of the source, which moves the finest waves a little.
    assert np.abs(one - other).mean() < (0.006 if fit == "centre" else 0.02)
    assert sharpness(other) == pytest.approx(sharpness(one), rel=0.05)


def test_an_image_that_has_the_size_already_is_no_sharper():
    """A picture that is left as it is would keep what all others lose; linear enlargement and reduction do as well."""
    fit = policy(fit="centre")
    own, large = (harmonise(scene(n, n), None, fit, FLOOR).image for n in (64, 256))
    assert sharpness(own) == pytest.approx(sharpness(large), rel=0.05)
    assert sharpness(scene(64, 64)) > 1.15 * sharpness(own)


def test_what_the_target_cannot_show_is_not_aliased_into_it():
    fit = policy(fit="centre")
    plain, finer = (harmonise(scene(256, 256, finest=finest), None, fit, FLOOR).image for finest in (0, 0.2))
    assert np.abs(plain - finer)[16:48, 16:48].mean() < 0.01
    careless = scene(256, 256, finest=0.2)[::4, ::4] - scene(256, 256)[::4, ::4]
    assert np.abs(careless)[16:48, 16:48].mean() > 0.1


def test_size_of_pixels_margin_and_place_of_the_brain_do_not_matter():
    square = harmonise(scene(160, 160), (1.0, 1.0), policy(), FLOOR).image
    y = np.linspace(0, 159, 120)
    oblong = np.stack([np.interp(y, np.arange(160), column) for column in scene(160, 160).T], axis=1)
    flat = harmonise(oblong, (160 / 120, 1.0), policy(), FLOOR).image
    assert np.abs(square - flat).mean() < 0.01
    moved = np.pad(scene(160, 160), ((3, 60), (40, 0)))
    assert np.abs(square - harmonise(moved, None, policy(), FLOOR).image).mean() < 0.006


def test_the_brain_fills_its_share_of_the_picture():
    image = harmonise(scene(200, 200), None, policy(), FLOOR).image
    seen = image > 0.25
    rows = np.flatnonzero(seen.any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(BRAIN_SHARE * 64, abs=2.5)
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(31.5, abs=0.6)


@pytest.mark.parametrize("levels", [lambda x: x, lambda x: 1300 * x - 400, lambda x: 0.06 * x, lambda x: x / 3 + 0.3])
def test_percentiles_make_every_range_the_same(levels):
    wanted = policy(intensity="percentiles")
    one, other = (harmonise(values, None, wanted, FLOOR).image for values in (scene(150, 150), levels(scene(150, 150))))
    np.testing.assert_allclose(one, other, atol=2e-3)
    inside = one[one > 0]
    assert np.mean(inside == 1) == pytest.approx(0.005, abs=0.003)


def test_a_haze_around_the_brain_is_no_brain():
    """Decoders leave one, and a single darker pixel in it must not make it brighter than the background."""
    hazy = np.maximum(scene(150, 150), 0.1).astype(np.float32)
    hazy[3, 4] = 0
    clear = harmonise(scene(150, 150), None, policy(), FLOOR).image
    found = harmonise(hazy, None, policy(), FLOOR).image
    assert np.abs(clear - found)[clear > 0.3].mean() < 0.04


def test_sizes_are_left_alone_where_the_policy_says_so():
    alike = harmonise(scene(90, 70), None, policy(size=0), FLOOR)
    np.testing.assert_array_equal(alike.image, scene(90, 70).clip(0, 1))
    assert alike.reduced == 1


def test_coarser_images_are_refused_with_the_size_that_suits():
    image = scene(48, 48)
    with pytest.raises(InputError, match=r"48 x 48 pixels would have to be enlarged 1\.33 .*take a size of at most 60"):
        harmonise(image, None, policy(fit="centre"), FLOOR)
    assert harmonise(image, None, policy(fit="centre", size=60), FLOOR).reduced == pytest.approx(0.8)
    assert harmonise(image, None, policy(fit="centre", most_enlarged=1.4), FLOOR).image.shape == (64, 64)
    with pytest.raises(InputError, match="leave it out"):
        harmonise(scene(12, 12), None, policy(fit="centre", size=512), FLOOR)


def test_thick_slices_of_a_volume_are_coarse_too():
    ball = np.stack([scene(40, 40) * np.sqrt(max(0, 1 - ((k - 20) / 14) ** 2)) for k in range(40)], axis=2)
    whole = harmonise(ball, (1.0, 1.0, 1.0), policy(size=32), FLOOR)
    assert whole.image.shape == (32, 32, 32)
    with pytest.raises(InputError, match="would have to be enlarged"):
        harmonise(ball[:, :, ::4], (1.0, 1.0, 4.0), policy(size=32), FLOOR)


@pytest.mark.parametrize("image", [np.zeros((64, 64)), np.full((64, 64), 0.7)])
def test_images_of_one_level_show_nothing(image):
    for wanted in (policy(), policy(size=0, intensity="percentiles")):
        with pytest.raises(InputError, match="shows nothing"):
            harmonise(image, None, wanted, FLOOR)


def test_jpeg_is_what_pillow_makes_of_it(tmp_path):
    levels = np.rint(scene(64, 64).clip(0, 1) * 255).astype(np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.jpg", quality=60)
    again = as_jpeg(levels / np.float32(255), 60)
    np.testing.assert_array_equal(np.rint(again * 255), np.asarray(Image.open(tmp_path / "a.jpg")))
    assert jpeg_quality(np.rint(again * 255).astype(np.uint8)) == 60
    assert as_jpeg(np.repeat(again[..., None], 3, axis=2), 60).shape == (64, 64, 3)
