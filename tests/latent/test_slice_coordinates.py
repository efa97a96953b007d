"""Coordinates of a Gaussian over slices: what was drawn comes back, and what is moved is moved alone."""

import numpy as np
import pytest
import torch

from brainlab.errors import InputError
from brainlab.generators.slice_vae import SlicePrior
from brainlab.latent.slice_coordinates import Coordinate, SliceCoordinates
from brainlab.methods.prior import SeededNoise
from brainlab.networks.codes.slice_gaussian import SliceGaussian

SLICES, DIMENSIONS, VOLUMES = 7, 5, 40


def fitted(volumes=VOLUMES):
    """A Gaussian of codes that run smoothly through a volume, each dimension wider than the one before."""
    generator = torch.Generator().manual_seed(0)
    codes = (
        torch.randn(volumes, SLICES, DIMENSIONS, generator=generator).cumsum(1) * torch.arange(1, DIMENSIONS + 1) + 2
    )
    gaussian = SliceGaussian(SLICES, DIMENSIONS)
    gaussian.fit([codes])
    return gaussian, codes.numpy()


def coordinates_of(gaussian, dtype=np.float32):
    root = gaussian.root.numpy().astype(dtype).astype(np.float32)
    return SliceCoordinates(gaussian.mean.numpy(), root, "coronal")


@pytest.fixture
def known():
    return coordinates_of(fitted()[0])


def positions(known, code):
    """All coordinates of a code, [L, T], strongest first."""
    return np.array([[known.position(code, Coordinate(k, j + 1)) for j in range(SLICES)] for k in range(DIMENSIONS)])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_coordinates_of_a_draw_are_the_numbers_it_was_drawn_from(dtype):
    gaussian, _ = fitted()
    gaussian.root.copy_(gaussian.root.to(torch.float16 if dtype == np.float16 else torch.float32))
    known = coordinates_of(gaussian)
    code = SlicePrior(gaussian).draw(1, SeededNoise(3))[0].numpy()
    drawn = SeededNoise(3).normal(1, SLICES, DIMENSIONS)[0].numpy()  # ascending variance, as eigh has it
    assert positions(known, code) == pytest.approx(drawn.T[:, ::-1], abs=2e-4)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_moving_a_coordinate_changes_it_by_so_much_and_no_other(dtype):
    gaussian, codes = fitted()
    known, code = coordinates_of(gaussian, dtype), codes[0]
    before = positions(known, code)
    for k, rank in ((0, 1), (4, 3), (2, SLICES)):
        after = positions(known, known.moved(code, {Coordinate(k, rank): before[k, rank - 1] + 1.75}))
        expected = before.copy()
        expected[k, rank - 1] += 1.75
        assert after == pytest.approx(expected, abs=2e-4)


def test_a_move_adds_the_profile_to_its_dimension_alone(known):
    code = fitted()[1][0]
    wanted = {Coordinate(1, 2): known.position(code, Coordinate(1, 2)) + 2}
    change = known.moved(code, wanted) - code
    root = fitted()[0].root.numpy()
    assert change[:, 1] == pytest.approx(2 * root[1, :, SLICES - 2], abs=1e-5)
    assert not change[:, [0, 2, 3, 4]].any()


def test_several_are_moved_to_where_they_are_wanted(known):
    code = fitted()[1][1]
    wanted = {Coordinate(1, 1): -2.0, Coordinate(1, 4): 0.5, Coordinate(3, 1): 3.0}
    made = known.moved(code, wanted)
    assert {each: known.position(made, each) for each in wanted} == pytest.approx(wanted, abs=1e-4)


def test_a_code_at_its_own_values_is_the_same_bit_for_bit(known):
    for code in fitted()[1][:5]:
        own = {each: known.position(code, each) for each in known.strongest(SLICES * DIMENSIONS)}
        assert np.array_equal(known.moved(code, own), code)
        assert known.moved(code, own).dtype == np.float32


def test_what_the_coordinates_do_not_say_is_kept():
    known = coordinates_of(fitted(volumes=3)[0])
    code = np.random.default_rng(0).normal(size=(SLICES, DIMENSIONS)).astype(np.float32)
    assert list(known.profiles) == [2] * DIMENSIONS, "three volumes vary in two ways"
    flat = known.moved(code, dict.fromkeys(known.strongest(100), 0.0))
    rest = flat - known.mean
    assert np.abs(rest).max() > 0.1
    for k in range(DIMENSIONS):
        weights = np.array([known.profile(Coordinate(k, j)) for j in (1, 2)])
        assert weights @ rest[:, k] == pytest.approx(0, abs=1e-4)


def test_they_come_by_variance_and_together_they_hold_all_of_it(known):
    ordered = known.strongest(SLICES * DIMENSIONS)
    variances = [known.profile(each) @ known.profile(each) for each in ordered]
    assert len(set(ordered)) == SLICES * DIMENSIONS
    assert variances == sorted(variances, reverse=True)
    assert known.strongest(4) == ordered[:4]
    shares = [known.share(ordered[:n]) for n in range(len(ordered) + 1)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == pytest.approx((0, 1))
    assert known.share(ordered[:1] * 2) == shares[1], "the same one twice counts once"
    _, codes = fitted()
    whole = np.var(codes, axis=0).sum()
    assert known.share(ordered[:3]) == pytest.approx(sum(variances[:3]) / whole, rel=1e-4)


def test_the_spread_at_a_slice_is_that_of_training_volumes(known):
    _, codes = fitted()
    for k in range(DIMENSIONS):
        assert known.spread(k) == pytest.approx(codes[:, :, k].std(0), rel=1e-4)


def test_columns_may_come_in_any_order(known):
    mixed = SliceCoordinates(known.mean, known.root[:, :, [3, 0, 6, 5, 1, 2, 4]], "axial")
    code = fitted()[1][2]
    assert positions(mixed, code) == pytest.approx(positions(known, code), abs=1e-4)


@pytest.mark.parametrize(
    ("coordinate", "words"),
    [
        (Coordinate(5, 1), "dimension 5 does not exist; this run's dimensions are 0 to 4"),
        (Coordinate(-1, 1), "dimension -1 does not exist"),
        (Coordinate(0, 0), "dimension 0 has 2 profiles that vary, got number 0"),
        (Coordinate(0, 3), "dimension 0 has 2 profiles that vary, got number 3"),
    ],
)
def test_one_that_does_not_exist_or_does_not_vary_is_refused(coordinate, words):
    known = coordinates_of(fitted(volumes=3)[0])
    for ask in (known.profile, lambda each: known.position(known.mean, each)):
        with pytest.raises(InputError, match=words):
            ask(coordinate)


def test_a_dimension_that_never_varies_has_none():
    root = np.zeros((2, 3, 3), np.float32)
    root[1, :, 0] = (1, 2, 2)
    known = SliceCoordinates(np.zeros((3, 2), np.float32), root, "axial")
    assert known.strongest(9) == [Coordinate(1, 1)]
    assert list(known.profiles) == [0, 1]
    assert known.share([Coordinate(1, 1)]) == 1
