"""What the explorer is told of directions and of the plane of the first two discriminant axes."""

import numpy as np
import pytest

from app.data.codes import from_base64
from app.screens.explorer.explorer_data import explorer_data
from app.screens.explorer.latent_axes import directions, plane
from app.screens.explorer.latent_view import BINS, Histograms, groups, space
from brainlab.latent.directions import between
from brainlab.legend import GROUP_COLOURS, grouped

RUN, COHORT = "tiny-ivae", "simulated"


def floats(text):
    return np.frombuffer(from_base64(text), dtype="<f4")


@pytest.fixture
def found(workspace):
    return space(RUN, COHORT)


def test_a_unit_along_a_direction_moves_its_reading_by_one(found):
    for item in directions(found):
        assert floats(item["readout"]) @ floats(item["vector"]) == pytest.approx(1, abs=1e-4)
        assert item["low"] < item["high"]


def test_principal_and_discriminant_axes_age_ventricles_and_brightness_are_offered(found):
    names = [item["name"] for item in directions(found)]
    assert names[:3] == ["Ventricle volume", "Age", "Brightness"]
    assert {"Discriminant axis 1", "Discriminant axis 2", "Principal axis 1", "Principal axis 4"} <= set(names)


def test_every_direction_of_a_cohort_has_its_distribution_after_those_of_the_dimensions(found):
    described = directions(found)
    bytes_ = Histograms(RUN, COHORT).array()
    assert bytes_.shape == (found.encoding.latent_dim + len(described), len(groups(RUN, COHORT)), BINS)
    assert [item["row"] for item in described] == list(range(len(described)))
    assert (bytes_.max(axis=(1, 2)) == 255).all()


def test_the_way_to_a_second_scan_comes_first_and_has_no_distribution(found):
    ends = found.encoding.mean[[0, 1]].astype(float)
    way = directions(found, [("To sub-2", between(*ends, "way"))])[0]
    assert (way["name"], way["row"], way["low"], way["high"]) == ("To sub-2", None, 0, 1)
    readings = [float(floats(way["readout"]) @ end + way["offset"]) for end in ends]
    assert readings == pytest.approx([0, 1], abs=1e-4)


def test_points_of_the_plane_are_the_readings_of_its_two_directions(found):
    described = directions(found)
    shown = plane(RUN, COHORT, described)
    first, second = (described[k] for k in shown["axes"])
    assert (first["name"], second["name"]) == ("Discriminant axis 1", "Discriminant axis 2")
    points = floats(shown["points"]).reshape(-1, 2)
    codes, labels, learnt = found.everyone()
    for column, axis in enumerate((first, second)):
        np.testing.assert_allclose(points[:, column], codes @ floats(axis["readout"]) + axis["offset"], atol=1e-2)
    members = np.frombuffer(from_base64(shown["members"]), dtype=np.uint8)
    assert [shown["colours"][k] for k in members] == [GROUP_COLOURS[name] for name in grouped(labels)]
    fitted = np.frombuffer(from_base64(shown["fitted"]), dtype=np.uint8)
    assert np.array_equal(fitted, learnt), "scans that the axes were learnt from are told from others"
    assert learnt.sum() == len(found.rows)
    assert len(codes) == len(found.labels)


def test_without_a_cohort_there_are_dimensions_only(workspace):
    data = explorer_data(RUN, None, bytes(2 * 16), 1)
    assert "directions" not in data
    assert "plane" not in data
