import numpy as np
import pytest
from scipy.stats import f_oneway, pearsonr

from brainlab.latent import covariates
from brainlab.latent.confounds import MetadataRegression
from brainlab.latent.dimensions import class_effects, class_histograms, correlations, counterpart, dimension_table
from brainlab.latent.encoding import Encoding, class_means


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


def test_dark_core_counts_ventricle_voxels_in_ml():
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = [-80, -100, -70]
    volume = np.full((1, 40, 48, 40), 0.5, np.float32)
    volume[0, 18:22, 22:26, 18:20] = 0.05
    assert covariates.dark_core_ml(volume, affine)[0] == pytest.approx(4 * 4 * 2 * 64 / 1000)
    volume[0, :4] = 0.05  # dark, but not in the middle
    assert covariates.dark_core_ml(volume, affine)[0] == pytest.approx(4 * 4 * 2 * 64 / 1000)


def test_mean_intensity_is_of_the_brain_alone():
    volume = np.zeros((2, 4, 4, 4), np.uint8)
    volume[0, 1:3, 1:3, 1:3] = 102
    assert covariates.mean_intensity(volume) == pytest.approx([0.4, 0])
