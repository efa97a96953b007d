import numpy as np

from brainlab.pictures import film_strip, middle_views


def test_views_are_radiological_with_the_head_up():
    image = np.zeros((4, 6, 5), np.float32)
    image[3, 5, 4] = 1  # right, front, top
    image[3, 5, 2] = image[3, 3, 4] = image[2, 5, 4] = 1
    axial, coronal, sagittal = middle_views(image)
    assert axial[0, 1] == 1  # the front is above, the patient's right is on the left; one column is padding
    assert coronal[0, 1] == 1
    assert sagittal[0, 5] == 1
    assert {view.shape[1] for view in (axial, coronal, sagittal)} == {6}


def test_a_strip_has_a_column_an_image():
    images = np.stack([np.zeros((4, 6, 5), np.float32), np.ones((4, 6, 5), np.float32)])
    pixels = np.asarray(film_strip(images, zoom=1))
    assert pixels.shape == (6 + 5 + 5, 12)
    assert pixels[:, :6].max() == 0
    assert pixels[6:, 6:].max() == 255


def test_values_outside_the_unit_interval_are_clipped():
    pixels = np.asarray(film_strip(np.array([[[-1.0, 2.0]]], np.float32), zoom=1))
    assert sorted(pixels.flatten().tolist()) == [0, 255]
