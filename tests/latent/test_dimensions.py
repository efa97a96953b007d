import numpy as np
import pandas as pd
import pytest
from scipy.stats import f_oneway, pearsonr

from brainlab.latent import covariates
from brainlab.latent.classification.confounds import MetadataRegression, acquisition_matrix
from brainlab.latent.dimensions import class_effects, class_histograms, correlations, counterpart, dimension_table
from brainlab.latent.encoding import Encoding, class_means, together


@pytest.fixture
def codes():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), np.repeat(["a", "b", "c"], 20)
    X[y == "b", 2] += 3
    X[:, 3] = 0
    return X.astype(np.float32), y


def test_effects_are_those_of_a_one_way_analysis_of_variance(codes):
    X, y = codes
    f, p, eta = class_effects(X.astype(float), y)
    expected = f_oneway(*(X[y == name, 2].astype(float) for name in "abc"))
    assert (f[2], p[2]) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-5)
    between = sum(20 * (X[y == name, 2].mean() - X[:, 2].mean()) ** 2 for name in "abc")
    assert eta[2] == pytest.approx(between / ((X[:, 2] - X[:, 2].mean()) ** 2).sum(), rel=1e-4)
    assert (f[3], p[3], eta[3]) == (0, 1, 0)


def test_table_puts_the_best_separator_first_and_finds_what_is_collapsed(codes):
    X, y = codes
    log_variance = np.full_like(X, -3)
    log_variance[:, 3] = 0
    table = dimension_table(Encoding(X, log_variance), y, {"age_years": X[:, 1] * -2 + 40})
    assert table["dimension"].iloc[0] == 2
    assert table.set_index("dimension")["active"].to_dict() == {0: True, 1: True, 2: True, 3: False}
    assert counterpart(table, "age_years") == (1, pytest.approx(-1))
    separator = dimension_table(Encoding(X, log_variance), y, {"mean_intensity": X[:, 2]})
    assert counterpart(separator, "mean_intensity") == (2, pytest.approx(1))
    collapsed = dimension_table(Encoding(X, log_variance), y, {"mean_intensity": X[:, 3] + 1e-3 * X[:, 0]})
    assert counterpart(collapsed, "mean_intensity")[0] != 3, "nothing changes along a dimension that carries nothing"
    assert counterpart(table.assign(active=False), "age_years") is None


def test_what_varies_most_comes_first_where_there_are_no_classes():
    codes = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32) * np.float32([1, 3, 2, 0.1])
    table = dimension_table(Encoding(codes, np.full_like(codes, -3)), ["healthy"] * 60)
    assert table["dimension"].tolist() == [1, 2, 0, 3]


def test_table_gives_a_slider_the_range_of_the_codes():
    codes = np.linspace(-1, 1, 201, dtype=np.float32)[:, None]
    row = dimension_table(Encoding(codes, np.zeros_like(codes)), ["a"] * 201).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((-0.98, 0.98))
    assert (row["mean"], row["sd"]) == pytest.approx((0, codes.std()), abs=1e-6)


def test_a_dimension_that_is_constant_within_classes_explains_everything():
    codes = np.repeat([0.0, 1.0, 3.0], 4)[:, None]
    f, p, eta_squared = class_effects(codes, np.repeat(["a", "b", "c"], 4))
    assert (p[0], eta_squared[0]) == (0, 1)
    assert f[0] > 1e6


def test_correlation_is_pearsons_over_known_values(codes):
    X, _ = codes
    values = X[:, 0] + np.random.default_rng(1).normal(size=60)
    values[:5] = np.nan
    assert correlations(X.astype(float), values)[0] == pytest.approx(pearsonr(X[5:, 0], values[5:]).statistic, rel=1e-4)
    assert correlations(X, np.full(60, np.nan)).tolist() == [0, 0, 0, 0]


def test_kl_is_zero_for_the_prior_and_known_for_a_shift():
    prior = Encoding(np.zeros((5, 2), np.float32), np.zeros((5, 2), np.float32))
    assert prior.kl_per_dimension().tolist() == [0, 0]
    assert not prior.active().any()
    shifted = Encoding(np.full((5, 1), 2, np.float32), np.zeros((5, 1), np.float32))
    assert shifted.kl_per_dimension()[0] == pytest.approx(2)


@pytest.mark.parametrize("log_variance", [-2.0, 1.0])
def test_kl_is_that_of_torch(log_variance):
    torch = pytest.importorskip("torch")
    encoding = Encoding(np.full((3, 1), 0.7, np.float32), np.full((3, 1), log_variance, np.float32))
    posterior = torch.distributions.Normal(0.7, float(np.exp(log_variance / 2)))
    expected = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).item()
    assert encoding.kl_per_dimension()[0] == pytest.approx(expected, rel=1e-5)


def test_parts_keep_their_order_and_mean_and_log_variance_their_places():
    parts = [np.array([[[1.0]], [[2.0]]]), np.array([[[3.0]]])]
    encoding = together((part, -part) for part in parts)
    assert encoding.mean.ravel().tolist() == [1, 2, 3]
    assert encoding.log_variance.ravel().tolist() == [-1, -2, -3]


def test_histograms_hold_every_scan():
    shares = class_histograms(np.array([-9.0, 0.1, 0.9, 9.0]), ["a", "a", "b", "b"], 0, 1, bins=4)
    assert shares == {"a": [1, 0, 0, 0], "b": [0, 0, 0, 1]}


def test_class_means():
    means = class_means(np.array([[0.0, 2], [2, 2], [5, 5]]), ["a", "a", "b"])
    assert means["a"].tolist() == [1, 2]


def test_regression_takes_out_what_covariates_explain_and_keeps_the_rest():
    rng = np.random.default_rng(2)
    metadata = np.column_stack([rng.normal(size=50), np.full(50, np.nan)])
    rest = rng.normal(size=(50, 3))
    rest -= metadata[:, [0]] * (metadata[:, 0] @ rest) / (metadata[:, 0] ** 2).sum()
    codes = rest + metadata[:, [0]] * [1, -2, 0.5]
    cleaned = MetadataRegression().fit(codes, metadata).transform(codes, metadata)
    for k in range(3):
        assert abs(np.corrcoef(cleaned[:, k], metadata[:, 0])[0, 1]) < 1e-6
    assert cleaned.mean(axis=0) == pytest.approx(codes.mean(axis=0))


def test_an_unknown_covariate_changes_nothing_of_a_code():
    rng = np.random.default_rng(2)
    metadata = rng.normal(5, 2, (50, 1))
    codes = metadata * [1.0, -2.0] + rng.normal(size=(50, 2))
    fitted = MetadataRegression().fit(codes, metadata)
    assert fitted.transform(codes[:1], np.array([[np.nan]])) == pytest.approx(codes[:1])


def test_acquisition_that_is_unknown_or_has_no_column_is_nan():
    scans = pd.DataFrame({"echo_time_s": [0.1, "n/a"], "pixel_bandwidth_hz": [200, 300]}, index=[7, 3])
    matrix = acquisition_matrix(scans, ("echo_time_s", "repetition_time_s", "pixel_bandwidth_hz"))
    np.testing.assert_array_equal(matrix, [[0.1, np.nan, 200], [np.nan, np.nan, 300]])


def test_dark_core_counts_ventricle_voxels_in_ml():
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = [-80, -100, -70]
    volume = np.full((1, 40, 48, 40), 0.5, np.float32)
    volume[0, 18:22, 22:26, 18:20] = 0.05
    assert covariates.dark_core_ml(volume, affine)[0] == pytest.approx(4 * 4 * 2 * 64 / 1000)
    volume[0, :4] = 0.05  # dark, but not in the middle
    assert covariates.dark_core_ml(volume, affine)[0] == pytest.approx(4 * 4 * 2 * 64 / 1000)


def test_dark_core_does_not_depend_on_how_the_grid_lies():
    # The first index runs down, the second to the right, the third to the front: a mirrored grid.
    affine = np.array([[0.0, 4, 0, -80], [0, 0, 4, -100], [-4, 0, 0, 80], [0, 0, 0, 1]])
    volume = np.zeros((1, 40, 40, 48), np.float32)
    volume[0, 5:32, 8:32, 8:40] = 0.5
    volume[0, 16:19, 18:22, 20:26] = 0.1
    volume[0, 30:32, 18:22, 20:26] = 0.1  # below the box
    assert covariates.dark_core_ml(volume, affine)[0] == pytest.approx(3 * 4 * 6 * 0.064)


def test_dark_core_is_wider_to_the_sides_than_down_and_longest_to_the_back():
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = [-80, -100, -70]

    def counted(x_mm, y_mm, z_mm):
        volume = np.full((1, 40, 48, 40), 0.5, np.float32)
        volume[(0, *(int(v) for v in (np.array([x_mm, y_mm, z_mm]) - affine[:3, 3]) / 4))] = 0.05
        return covariates.dark_core_ml(volume, affine)[0] > 0

    assert counted(40, -56, 36)  # a dilated trigone
    assert counted(-40, 36, -12)  # a temporal horn's front
    assert not counted(-56, 0, 0)  # the Sylvian fissure
    assert not counted(0, 60, 0)  # between the frontal lobes
    assert not counted(0, -20, -30)  # the cisterns below


def test_mean_intensity_is_of_the_brain_alone():
    volume = np.zeros((2, 4, 4, 4), np.uint8)
    volume[0, 1:3, 1:3, 1:3] = 102
    assert covariates.mean_intensity(volume) == pytest.approx([0.4, 0])
