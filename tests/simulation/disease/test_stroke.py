"""Infarcts lie where the middle cerebral artery feeds, and spare fluid."""

import numpy as np
import pytest

from brainlab.simulation.disease.stroke import HOURS, OEDEMA_HOURS, T2_GAIN, Infarct, draw_infarct
from brainlab.simulation.people.atlas import BRAINSTEM, CEREBELLUM


@pytest.fixture(scope="module")
def infarcts(old_anatomy):
    return [draw_infarct(np.random.default_rng(seed), old_anatomy) for seed in range(24)]


def volumes_ml(infarcts, anatomy):
    return np.array([infarct.mask(anatomy).sum() * 0.008 for infarct in infarcts])


def test_sizes_run_from_lacunes_to_a_territory(infarcts, old_anatomy):
    volumes = volumes_ml(infarcts, old_anatomy)
    assert volumes.min() > 0.05
    assert (volumes < 2).any()
    assert (volumes > 15).any()
    assert volumes.max() < 200


def test_one_side_alone_is_hit_and_both_come(infarcts, old_anatomy):
    x = old_anatomy.coordinates_mm()[0]
    sides = []
    for infarct in infarcts:
        right = (infarct.mask(old_anatomy) * (x > 0)).sum() / infarct.mask(old_anatomy).sum()
        assert right in (0, 1)
        sides.append(right)
    assert set(sides) == {0, 1}


def test_other_territories_and_fluid_are_spared(infarcts, old_anatomy):
    x = old_anatomy.coordinates_mm()[0]
    for infarct in infarcts:
        mask = infarct.mask(old_anatomy) > 0
        assert not np.isin(old_anatomy.region[mask], (CEREBELLUM, BRAINSTEM)).any()
        assert (old_anatomy.shares[7][mask] < 0.5).all()
        assert not mask[np.broadcast_to(np.abs(x) < 4, mask.shape)].any()
        assert (infarct.share >= 0).all()
        assert (infarct.share <= 1).all()


def test_diffusivity_is_that_of_the_first_days(infarcts):
    assert all(0.41e-3 < infarct.diffusivity_mm2_s < 0.6e-3 for infarct in infarcts)
    assert all(HOURS[0] <= infarct.hours <= HOURS[1] for infarct in infarcts)


def test_oedema_comes_with_the_hours():
    shares = np.zeros((2, 2, 2), np.float32)
    fresh, day, old = (Infarct(shares, 0.5e-3, hours).factors["t2_s"] for hours in (0.0, OEDEMA_HOURS, 1e6))
    assert fresh == 1
    assert day == pytest.approx(1 + T2_GAIN * (1 - np.exp(-1)))
    assert old == pytest.approx(1 + T2_GAIN)
