import numpy as np

from brainlab.images.grid import Grid
from brainlab.images.pictures import film_strip, middle_views, mosaic, to_bytes, to_unit

GRID = Grid.unplaced((4, 6, 5))


def test_views_are_radiological_with_the_head_up_and_the_nose_to_the_left():
    image = np.zeros((4, 6, 5), np.float32)
    image[3, 5, 4] = 1  # right, front, top
    image[3, 5, 2] = image[3, 3, 4] = image[2, 5, 4] = 1
    axial, coronal, sagittal = middle_views(image, GRID)
    assert axial[0, 0] == coronal[0, 0] == sagittal[0, 0] == 1
    assert (axial.shape, coronal.shape, sagittal.shape) == ((6, 4), (5, 4), (5, 6))


def test_a_strip_has_a_column_an_image():
    images = np.stack([np.zeros((4, 6, 5), np.float32), np.ones((4, 6, 5), np.float32)])
    pixels = np.asarray(film_strip(images, GRID, zoom=1))
    assert pixels.shape == (6 + 5 + 5, 12)
    assert pixels[:, :6].max() == 0
    assert pixels[6:, 6:].max() == 255


def test_a_mosaic_has_square_tiles_below_or_beside_each_other():
    images = [np.zeros((4, 6, 5), np.uint8), np.full((4, 6, 5), 9, np.uint8)]
    assert mosaic(images, GRID, stacked=True).shape == (18, 12)
    assert mosaic(images, GRID, stacked=False).shape == (6, 36)
    assert mosaic(images, GRID, stacked=True)[:, 6:].max() == 9


def test_thick_slices_are_shown_in_their_true_proportions():
    thick = Grid((4, 6, 5), np.diag([1.0, 1, 3, 1]))
    axial, coronal, sagittal = middle_views(np.ones((4, 6, 5), np.float32), thick)
    assert (axial.shape, coronal.shape, sagittal.shape) == ((6, 4), (15, 4), (15, 6))
    assert coronal.min() == 1


def test_values_outside_the_unit_interval_are_clipped():
    pixels = np.asarray(film_strip(np.array([[[-1.0, 2.0]]], np.float32), Grid.unplaced((1, 2)), zoom=1))
    assert sorted(pixels.flatten().tolist()) == [0, 255]


def test_bytes_stand_for_the_intensities_that_they_were_rounded_from():
    levels = np.arange(256, dtype=np.uint8)
    assert to_unit(levels).dtype == np.float32
    assert to_unit(levels)[[0, 255]].tolist() == [0, 1]
    assert to_bytes(to_unit(levels)).tolist() == levels.tolist()
