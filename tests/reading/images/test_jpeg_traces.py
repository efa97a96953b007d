"""JPEG leaves its steps in pixels, wherever they go; nothing else that repeats every few pixels is taken for it."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from brainlab.reading.images.jpeg_traces import UNKNOWN_QUALITY, coarseness, jpeg_quality


def brain(seed: int, side: int = 96, blur: float = 1.2) -> np.ndarray:
    """A disc of blurred noise on black, with a fine grain: uint8 [side, side]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    disc = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (0.42 * side) ** 2
    texture = ndimage.gaussian_filter(random.normal(size=(side, side)), blur)
    image = 120 + 40 * texture / texture.std() + random.normal(0, 2, (side, side))
    return np.where(disc, np.clip(np.rint(image), 30, 255), 0).astype(np.uint8)


def jpeg(levels: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [95, 90, 75, 50, 20])
def test_the_quality_is_found(quality):
    found = [jpeg_quality(jpeg(brain(seed), quality)) for seed in range(8)]
    assert all(abs(each - quality) <= 1 for each in found)


@pytest.mark.parametrize(
    "changed",
    [
        lambda x: x[3:, 5:],
        lambda x: x[:, ::-1],
        lambda x: x.T,
        lambda x: np.pad(x, ((2, 0), (7, 1))),
        lambda x: np.where(x > 25, x, 0).astype(np.uint8),
    ],
    ids=["cropped", "mirrored", "turned", "padded", "masked"],
)
def test_it_is_found_in_whatever_was_made_of_the_picture(changed):
    found = [jpeg_quality(changed(jpeg(brain(seed), 80))) for seed in range(6)]
    assert all(each is not None and abs(each - 80) <= 1 for each in found)


@pytest.mark.parametrize("curve", [lambda x: 0.71 * x + 9, lambda x: 255 * (x / 255) ** 0.8])
def test_stretched_levels_do_not_hide_it_but_its_quality(curve):
    found = [jpeg_quality(np.rint(curve(jpeg(brain(seed), 75).astype(float))).astype(np.uint8)) for seed in range(6)]
    assert all(each is not None for each in found)
    assert set(found) <= {UNKNOWN_QUALITY, *range(70, 99)}


def checkerboard(x: np.ndarray, period: int) -> np.ndarray:
    rows, columns = np.mgrid[: x.shape[0], : x.shape[1]]
    return np.where(x > 0, np.clip(x + 12.0 * ((rows // period + columns // period) % 2), 0, 255), 0).astype(np.uint8)


@pytest.mark.parametrize(
    "made",
    [
        lambda x: x,
        lambda x: ndimage.gaussian_filter(x, 2.0),
        lambda x: checkerboard(x, 1),
        lambda x: checkerboard(x, 2),
        lambda x: checkerboard(x, 4),
        lambda x: checkerboard(x, 8),
        lambda x: np.kron(x[::2, ::2], np.ones((2, 2), np.uint8)),
        lambda x: np.kron(x[::4, ::4], np.ones((4, 4), np.uint8)),
        lambda x: np.kron(x[::8, ::8], np.ones((8, 8), np.uint8)),
        lambda x: x // 16 * 16,
        lambda x: np.asarray(Image.fromarray(x[::2, ::2]).resize(x.shape, Image.Resampling.BILINEAR)),
        lambda x: np.where(x > 0, 130, 0).astype(np.uint8),
        lambda x: np.clip(x + np.tile(np.random.default_rng(5).normal(0, 9, (8, 8)), (12, 12)), 0, 255).astype(
            np.uint8
        ),
    ],
    ids=[
        "plain",
        "blurred",
        "check1",
        "check2",
        "check4",
        "check8",
        "twice",
        "four",
        "eight",
        "coarse",
        "bilinear",
        "flat",
        "pattern8",
    ],
)
def test_nothing_else_is_taken_for_it(made):
    assert [jpeg_quality(made(brain(seed))) for seed in range(12)] == [None] * 12


def test_the_decoders_of_runs_leave_none():
    """Strided transposed convolutions, whose checkerboards have periods of 2, 4 and 8."""
    random = np.random.default_rng(0)
    for seed in range(12):
        image = brain(seed).astype(float)[:96, :96].reshape(12, 8, 12, 8).mean(axis=(1, 3))
        for _ in range(3):
            wide = np.zeros((2 * image.shape[0], 2 * image.shape[1]))
            wide[::2, ::2] = image
            image = ndimage.convolve(wide, np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16 + random.normal(0, 0.02, (4, 4)))
        assert jpeg_quality(np.clip(image, 0, 255).astype(np.uint8)) is None


def test_volumes_are_judged_by_their_middle_slices():
    volume = np.stack([brain(seed, 64) for seed in range(40)], axis=2)
    assert jpeg_quality(volume) is None
    saved = np.stack([jpeg(np.ascontiguousarray(part), 70) for part in np.moveaxis(volume, 2, 0)], axis=2)
    assert jpeg_quality(saved) == 70


def test_small_and_empty_images_tell_nothing():
    for levels in (np.zeros((64, 64), np.uint8), jpeg(brain(0), 50)[:7], jpeg(brain(0, 24), 50)[:12, :12]):
        assert jpeg_quality(levels) is None


def test_coarser_is_more():
    assert coarseness(None) == 0 < coarseness(98) < coarseness(75) < coarseness(20)
