import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainlab.errors import InputError
from brainlab.latent import directions
from brainlab.latent.classification.discriminant import LatentDiscriminant
from brainlab.latent.density import LatentGaussian
from brainlab.latent.interpolation import interpolate
from brainlab.latent.traversal import traverse

RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(80, 5)) * [1, 2, 0.5, 1, 3] + 0.3
LABELS = np.repeat(["a", "b"], 40)


def every_direction():
    fitted = LatentDiscriminant(shrinkage="none").fit(CODES, LABELS, [str(i) for i in range(80)])
    return [
        directions.dimension(CODES, 3),
        *directions.discriminant_axes(fitted, CODES),
        *directions.principal_axes(CODES, 3),
        directions.covariate(CODES, 50 + 4 * CODES[:, 1] + RNG.normal(size=80), "age_years", "years"),
        directions.between(CODES[0], CODES[1], "a to b"),
    ]


@pytest.mark.parametrize("direction", every_direction(), ids=lambda direction: direction.name)
def test_walking_to_a_position_arrives_there(direction):
    walked = direction.walk(CODES[7], [-1.0, 0.0, 2.5])
    assert direction.position(walked) == pytest.approx([-1, 0, 2.5], abs=1e-4)
    assert direction.walk(CODES[7], [direction.position(CODES[7])])[0] == pytest.approx(CODES[7], abs=1e-5)
    assert direction.low < direction.high
    assert direction.readout @ direction.vector == pytest.approx(1)


@pytest.mark.parametrize("direction", every_direction(), ids=lambda direction: direction.name)
def test_a_slider_reaches_from_the_first_to_the_99th_percentile_of_what_it_was_learnt_from(direction):
    if direction.name == "a to b":
        assert direction.position(CODES[:2]) == pytest.approx([0, 1])
        assert (direction.low, direction.high) == (0, 1)
    elif direction.name == "age_years":
        assert 30 < direction.low < 45 < 60 < direction.high < 75
        assert direction.position(CODES).mean() == pytest.approx(50 + 4 * CODES[:, 1].mean(), abs=0.5)
    else:
        assert [direction.low, direction.high] == pytest.approx(np.percentile(direction.position(CODES), [1, 99]))


def test_positions_on_a_discriminant_axis_are_the_scores_of_the_lda():
    fitted = LatentDiscriminant(shrinkage="none").fit(CODES, LABELS, [str(i) for i in range(80)])
    (axis,) = directions.discriminant_axes(fitted, CODES)
    assert axis.position(CODES) == pytest.approx(fitted.transform(CODES)[:, 0])
    assert axis.position(CODES).mean() == pytest.approx(0, abs=1e-9)


def test_the_largest_entry_of_a_principal_axis_is_positive():
    for codes in (CODES, -CODES):
        for axis in directions.principal_axes(codes, 5):
            assert axis.vector[np.abs(axis.vector).argmax()] > 0


def test_a_dimension_from_zero_leaves_the_others_at_zero():
    walked = directions.dimension(CODES, 2).walk(np.zeros(5), [-1.25, 0, 1.25])
    assert walked.tolist() == [[0, 0, -1.25, 0, 0], [0] * 5, [0, 0, 1.25, 0, 0]]


def test_a_dimension_without_codes_reaches_as_far_as_the_prior():
    axis = directions.prior_dimension(5, 2)
    assert axis.walk(np.zeros(5), axis.steps(3)).tolist() == [[0, 0, -3, 0, 0], [0] * 5, [0, 0, 3, 0, 0]]


def test_a_dimension_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="0 to 4"):
        directions.dimension(CODES, 5)
    with pytest.raises(InputError, match="0 to 4"):
        directions.prior_dimension(5, -1)


def test_a_covariates_direction_changes_codes_by_its_slope():
    values = np.linspace(20, 80, 80)
    codes = np.outer(values, [0.1, 0, -0.2, 0, 0])
    direction = directions.covariate(codes, values, "age_years", "years")
    assert direction.vector == pytest.approx([0.1, 0, -0.2, 0, 0])
    assert direction.position(codes) == pytest.approx(values)
    with pytest.raises(InputError, match="three images"):
        directions.covariate(codes, np.full(80, 30.0), "age_years", "years")


def test_principal_axes_have_unit_variance_and_come_in_order():
    axes = directions.principal_axes(CODES, 5)
    positions = np.column_stack([axis.position(CODES) for axis in axes])
    assert positions.std(axis=0) == pytest.approx(1)
    assert positions.mean(axis=0) == pytest.approx(0, abs=1e-9)
    lengths = [np.linalg.norm(axis.vector) for axis in axes]
    assert lengths == sorted(lengths, reverse=True)


def test_a_traversal_decodes_each_position_and_shows_the_difference_to_the_start():
    result = traverse(lambda z: z[:, :4].reshape(-1, 2, 2), directions.dimension(CODES, 0), [-1, 0, 1])
    assert result.volumes.shape == (3, 2, 2)
    assert result.differences[:, 0, 0].tolist() == [-1, 0, 1]
    assert not result.differences[:, 1].any()


def test_a_traversal_starts_from_a_scans_own_code():
    result = traverse(lambda z: z, directions.dimension(CODES, 0), [9.0], start=CODES[5])
    assert result.start == pytest.approx(CODES[5], rel=1e-6)
    assert result.volumes[0] == pytest.approx([9, *CODES[5, 1:]], rel=1e-6)


@pytest.mark.parametrize("values", [[], [np.nan]])
def test_a_traversal_needs_finite_values(values):
    with pytest.raises(InputError, match="finite values"):
        traverse(lambda z: z, directions.dimension(CODES, 0), values)


def test_a_traversal_needs_a_start_of_the_right_length():
    with pytest.raises(InputError, match="5 dimensions"):
        traverse(lambda z: z, directions.dimension(CODES, 0), [1], start=np.zeros(4))


def test_linear_interpolation_is_even():
    assert interpolate([0, 0], [4, 8], 5)[:, 1].tolist() == [0, 2, 4, 6, 8]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_spherical_interpolation_starts_ends_and_keeps_its_length(seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 6))
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    way = interpolate(a, b, 7, "spherical")
    assert way[0] == pytest.approx(a, abs=1e-5)
    assert way[-1] == pytest.approx(b, abs=1e-5)
    assert np.linalg.norm(way, axis=1) == pytest.approx(np.linalg.norm(a), rel=1e-4)


def test_spherical_interpolation_changes_the_length_evenly():
    way = interpolate([1, 0], [0, 3], 5, "spherical")
    assert np.linalg.norm(way, axis=1) == pytest.approx([1, 1.5, 2, 2.5, 3])


def test_spherical_interpolation_of_opposite_or_zero_codes_is_linear():
    assert interpolate([1, 0], [-1, 0], 3, "spherical")[1].tolist() == [0, 0]
    assert interpolate([0, 0], [2, 0], 3, "spherical")[1].tolist() == [1, 0]
    with pytest.raises(InputError, match="at least 2 steps"):
        interpolate([0], [1], 1)


def test_gaussian_samples_have_the_codes_mean_and_covariance():
    fitted = LatentGaussian().fit(CODES)
    drawn = fitted.sample(20000, seed=1)
    assert drawn.mean(axis=0) == pytest.approx(fitted.mean_, abs=0.1)
    assert np.cov(drawn.T) == pytest.approx(fitted.covariance_, abs=0.3)
    assert np.allclose(fitted.sample(3, truncation=0), fitted.mean_)
    assert np.array_equal(fitted.sample(3, seed=2), fitted.sample(3, seed=2))


def test_gaussian_samples_lie_along_the_codes_own_slope_and_around_their_centre():
    codes = np.random.default_rng(1).normal(size=(200, 1)) * [2.0, 1.0] + np.random.default_rng(2).normal(
        5, 0.1, (200, 2)
    )
    fitted = LatentGaussian().fit(codes)
    drawn = fitted.sample(5000, seed=1)
    assert fitted.mean_ == pytest.approx(codes.mean(axis=0))
    assert np.corrcoef(drawn.T)[0, 1] > 0.95
    assert np.cov(drawn.T) == pytest.approx(np.cov(codes.T), rel=0.15)
    half = fitted.sample(5000, seed=1, truncation=0.5)
    assert half.mean(axis=0) == pytest.approx(codes.mean(axis=0), abs=0.1)
    assert half.std(axis=0) == pytest.approx(0.5 * drawn.std(axis=0), rel=1e-3)


def test_mahalanobis_distance_is_that_of_the_inverse_covariance():
    fitted = LatentGaussian().fit(CODES)
    offset = CODES[:10] - fitted.mean_
    expected = np.sqrt(np.einsum("nd,de,ne->n", offset, np.linalg.inv(fitted.covariance_), offset))
    assert fitted.mahalanobis(CODES[:10]) == pytest.approx(expected)


def test_a_far_code_is_called_far_and_the_centre_is_not():
    fitted = LatentGaussian().fit(CODES)
    assert fitted.is_far(np.stack([fitted.mean_, fitted.mean_ + 30])).tolist() == [False, True]


def test_the_far_threshold_does_not_flatter_codes_it_was_fitted_to():
    X = np.random.default_rng(5).normal(size=(60, 40))
    fitted = LatentGaussian().fit(X)
    new = np.random.default_rng(6).normal(size=(400, 40))
    assert fitted.is_far(new).mean() < 0.1


def test_visits_of_one_person_do_not_flatter_the_far_threshold():
    rng = np.random.default_rng(7)
    people = np.repeat(np.arange(20), 5)
    X = np.repeat(rng.normal(size=(20, 15)), 5, axis=0) + rng.normal(0, 0.05, (100, 15))
    fitted = LatentGaussian().fit(X, people.astype(str))
    assert fitted.is_far(rng.normal(size=(300, 15))).mean() < 0.1  # with scans as the unit it is nearly all


def test_a_covariate_is_read_by_the_dimensions_that_tell_it():
    """Two dimensions rise with age alike; in the second, people of one age differ twenty times as much."""
    random = np.random.default_rng(1)
    age = random.uniform(20, 80, 600)
    codes = np.outer(age, [0.1, 0.1]) + random.normal(size=(600, 2)) * [0.5, 10]
    direction = directions.covariate(codes[:300], age[:300], "age_years", "years")
    assert np.abs(direction.position(codes[300:]) - age[300:]).mean() < 6
