"""One rendering for real and fake: it removes what gives a source away and leaves the brain alone."""

import numpy as np
import pytest
from scipy import ndimage

from brainlab.errors import InputError
from brainlab.images.grid import Grid
from brainlab.reading.images.rendering import foreground, islands, render, slice_indices


@pytest.fixture
def brain() -> np.ndarray:
    """A disc of brain with a dark hole and a bright dot in it, on exact zeros."""
    rows, columns = np.mgrid[:40, :48]
    image = np.where((rows - 20) ** 2 + (columns - 24) ** 2 < 15**2, 0.5 + 0.01 * (rows % 7), 0)
    image[18:23, 22:27] = 0
    image[20, 24] = 0.7
    return image.astype(np.float32)


def test_haze_and_specks_of_a_decoder_vanish(brain, make_protocol):
    protocol = make_protocol(magnification=1)
    random = np.random.default_rng(0)
    hazy = np.where(brain == 0, random.uniform(0, 0.03, brain.shape), brain)
    hazy[1, 1] = hazy[38, 45] = 0.4
    assert np.array_equal(render(hazy, (4.0, 4.0), protocol)[0], render(brain, (4.0, 4.0), protocol)[0])


def test_the_brain_itself_is_left_as_it_is(brain, make_protocol):
    pixels, _ = render(brain, (4.0, 4.0), make_protocol(magnification=1))
    assert np.array_equal(pixels, np.rint(brain * 255).astype(np.uint8))
    assert pixels[20, 24] == round(0.7 * 255)  # an island inside the brain's hole is not a speck


def test_two_separate_lobes_both_stay(make_protocol):
    image = np.zeros((40, 48), dtype=np.float32)
    image[5:15, 5:40] = image[25:30, 8:14] = 0.6
    assert foreground(np.rint(image * 255).astype(np.uint8), 0.04).sum() == (image > 0).sum()


@pytest.mark.parametrize("shape", [(20, 24), (8, 9, 10)])
def test_holes_are_filled_and_bays_are_not(shape):
    random = np.random.default_rng(0)
    for density in (0.4, 0.6, 0.8):
        mask = random.random(shape) < density
        filled = ndimage.binary_fill_holes(mask)
        kept = islands(mask)
        assert (filled | ~kept).all()
        numbers, count = ndimage.label(filled)
        sizes = np.bincount(numbers.ravel())[1:]
        large = [number for number in range(1, count + 1) if sizes[number - 1] >= 0.05 * sizes.max()]
        assert np.array_equal(kept, np.isin(numbers, large))


def test_bytes_and_floats_give_the_same_pixels(brain, make_protocol):
    """Real scans come in 256 levels, fakes in float: after rendering no comb tells them apart."""
    protocol = make_protocol(window_low=0.1, window_high=0.8)
    stored = np.rint(brain * 255) / 255
    assert np.array_equal(render(stored, (4.0, 4.0), protocol)[0], render(brain, (4.0, 4.0), protocol)[0])


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_enlargement_is_fixed_and_keeps_the_size_in_mm(brain, make_protocol, interpolation):
    pixels, size_mm = render(brain, (4.0, 4.0), make_protocol(interpolation=interpolation))
    assert pixels.shape == (320, 384)
    assert pixels.flags.c_contiguous
    assert size_mm == (0.5, 0.5)
    middle = pixels.reshape(40, 8, 48, 8).mean(axis=(1, 3))
    inside = np.rint(brain * 255) * (brain > 0)
    assert np.corrcoef(middle.ravel(), inside.ravel())[0, 1] > 0.97
    if interpolation == "nearest":
        assert np.array_equal(np.unique(pixels), np.unique(inside.astype(np.uint8)))


def test_volumes_stay_on_their_grid(make_protocol):
    volume = np.full((6, 7, 8), 0.5, dtype=np.float32)
    pixels, size_mm = render(volume, (4.0, 4.0, 4.0), make_protocol(stimulus="volume"))
    assert pixels.shape == (6, 7, 8)
    assert size_mm == (4.0, 4.0, 4.0)


def test_the_slice_range_is_a_share_of_the_axis(make_protocol):
    grid = Grid.unplaced((40, 48, 41))
    assert list(slice_indices(grid, make_protocol(slice_range=(0.45, 0.55)))) == [18, 19, 20, 21, 22]
    assert list(slice_indices(grid, make_protocol(slice_range=(0, 1)))) == list(range(41))


@pytest.mark.parametrize("image", [np.full((4, 4), 1.5), np.full((4, 4), np.nan), np.full((4, 4), -0.2), np.zeros(4)])
def test_images_out_of_range_are_refused(image, make_protocol):
    with pytest.raises(InputError, match=r"finite intensities in \[0, 1\]"):
        render(image, (4.0, 4.0), make_protocol())


def test_an_empty_image_is_black(make_protocol):
    assert render(np.zeros((8, 8)), (1.0, 1.0), make_protocol(magnification=1))[0].max() == 0
