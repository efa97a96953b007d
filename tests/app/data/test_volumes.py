"""Draws of a gallery are those of the run, kept as bytes and not without end."""

import numpy as np
import pytest

from app.data import resources, volumes
from app.data.volumes import Mean, Sample
from brainlab.images.pictures import to_bytes


@pytest.fixture(autouse=True)
def workspace(tiny_workspace, monkeypatch):
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(volumes, "_galleries", type(volumes._galleries)())


def test_a_gallery_is_drawn_once_and_the_oldest_goes_where_room_is_short(monkeypatch):
    run = resources.run("tiny-vae")
    drawn = to_bytes(run.sample(3, 4)[1])
    for number in range(3):
        np.testing.assert_array_equal(Sample("tiny-vae", 4, 3, number).array(), drawn[number])
    assert len(volumes._galleries) == 1
    assert all(image.dtype == np.uint8 for images in volumes._galleries.values() for image in images)
    monkeypatch.setattr(volumes, "GALLERY_BYTES", 4 * drawn[0].nbytes)
    Sample("tiny-vae", 5, 3, 0).array()
    assert [key.seed for key, _ in volumes._galleries] == [5], (
        "one stays, though three of four images are all that fits"
    )
    monkeypatch.setattr(volumes, "GALLERY_BYTES", 0)
    Sample("tiny-vae", 6, 3, 0).array()
    assert [key.seed for key, _ in volumes._galleries] == [6]


def test_the_mean_is_that_of_the_scans_to_the_level():
    data = resources.cohort("simulated")
    mean = data.batch(np.arange(len(data))).astype(np.float64).mean(axis=0)[0]
    assert np.abs(Mean("simulated").array().astype(int) - np.rint(255 * mean)).max() <= 1
