"""Shares of tissue: whole, crisp, and where they belong."""

import numpy as np

from brainlab.simulation.people.atlas import CEREBRUM
from brainlab.simulation.people.tissue_shares import TISSUES, tissue_shares


def test_the_cerebellum_is_white_inside_and_grey_outside(old_anatomy):
    depth = [np.average(old_anatomy.surface_distance_mm, weights=old_anatomy.shares[k]) for k in (4, 5)]
    assert depth[1] > depth[0] + 2


def test_what_a_voxel_mostly_is_it_becomes_nearly_alone():
    grey, white, fluid = (np.full((1, 1, 1), share, np.float32) for share in (0.3, 0.6, 0.1))
    nothing, region = np.zeros((1, 1, 1), np.float32), np.full((1, 1, 1), CEREBRUM, np.uint8)
    shares = tissue_shares(grey, white, fluid, nothing, region, 1.0, nothing, nothing)
    assert shares[TISSUES.index("white")] > 0.85
    np.testing.assert_allclose(shares.sum(0), 1, atol=1e-5)


def test_a_ventricle_is_fluid_whatever_lies_around_it():
    half, full = np.full((1, 1, 1), 0.5, np.float32), np.ones((1, 1, 1), np.float32)
    region = np.full((1, 1, 1), CEREBRUM, np.uint8)
    shares = tissue_shares(half, half, 0 * half, full, region, 1.0, 0 * half, 0 * half)
    assert shares[TISSUES.index("fluid")] == 1
