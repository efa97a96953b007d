"""Agreement coefficients against printed values of SAS, R irr, scikit-learn, statsmodels and Gwet's own tables."""

import numpy as np
import pytest

from brainlab.measures.agreement import (
    category_counts,
    cohens_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac1_se,
    pabak,
    sampled_kappa,
)
from brainlab.measures.krippendorff import krippendorff_alpha

SAS = [[0, 4, 1], [0, 8, 0], [0, 1, 5]]
# Twenty people rated by three raters on 1-6 (R irr, data set 'anxiety').
ANXIETY = "332 361 344 464 523 542 221 346 531 231 221 632 133 533 221 221 113 233 432 342"
WIKIPEDIA = """0 0 0 0 14  0 2 6 4 2  0 0 3 5 6  0 3 9 2 0  2 2 8 1 1
               7 7 0 0 0  3 2 6 3 0  2 5 3 2 2  6 5 2 1 0  0 2 2 3 7"""
# Fleiss 1971: thirty people diagnosed by six psychiatrists.
DIAGNOSES = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)
# Krippendorff's data C: twelve units, four observers, 0 is missing.
DATA_C = "1101 2232 3333 3333 2222 1234 4444 1121 2222 0555 0011 0030"


def paired(table):
    """Category counts [n, k] of the cases of a table of two readers."""
    unit = np.eye(len(table), dtype=int)
    return np.array(
        [unit[i] + unit[j] for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    )


def digits(text):
    return np.array([[int(digit) for digit in word] for word in text.split()])


def test_cohens_kappa_of_the_sas_manual():
    kappa = cohens_kappa(SAS)
    assert [round(x, 4) for x in (kappa.value, kappa.se, kappa.low, kappa.high)] == [0.4842, 0.1380, 0.2137, 0.7547]
    assert kappa.n == 19
    weighted = cohens_kappa(SAS, scheme="linear")
    assert [round(x, 4) for x in (weighted.value, weighted.se, weighted.low, weighted.high)] == [
        0.4701,
        0.1457,
        0.1845,
        0.7558,
    ]


@pytest.mark.parametrize(
    ("table", "expected", "places"),
    [
        ([[20, 20], [10, 50]], 0.348, 3),
        ([[50, 0], [0, 50]], 1.0, 7),
        ([[46, 0, 0], [6, 32, 6], [0, 0, 10]], 0.8013, 4),
    ],
)
def test_cohens_kappa_of_printed_tables(table, expected, places):
    assert round(cohens_kappa(table).value, places) == expected


@pytest.mark.parametrize(("scheme", "expected"), [(None, 0.9315), ("linear", 0.9412), ("quadratic", 0.9541)])
def test_weighted_kappa_of_artstein_and_poesio(scheme, expected):
    first = np.repeat([0, 1, 2], [46, 44, 10])
    second = np.repeat([0, 1, 2], [50, 40, 10])
    assert round(cohens_kappa(contingency(first, second, 3), scheme=scheme).value, 4) == expected


def test_answers_outside_the_categories_are_missing():
    first = np.repeat([0, 1, -1], [40, 60, 4])
    second = np.concatenate([np.repeat([0, 1], [20, 20]), np.repeat([0, 1], [10, 50]), [-1] * 4])
    kappa = cohens_kappa(contingency(first, second, 2))
    assert (round(kappa.value, 3), kappa.n) == (0.348, 100)


@pytest.mark.parametrize(
    ("weights", "scheme", "expected"),
    [
        (None, None, -0.006289308),
        (None, "linear", 0.1459075),
        (None, "quadratic", 0.2520325),
        ([0, 0, 1, 1, 2], "toeplitz", 0.2391304),
    ],
)
def test_kappa_of_anxiety_raters_2_and_3(weights, scheme, expected):
    # R irr drops category 5, which neither rater used, so levels are ranks of 1, 2, 3, 4, 6.
    ranks = np.searchsorted([1, 2, 3, 4, 6], digits(ANXIETY)[:, 1:])
    assert cohens_kappa(contingency(*ranks.T, 5), weights, scheme).value == pytest.approx(expected, abs=5e-8)


@pytest.mark.parametrize(("weights", "expected"), [([0, 0, 0, 1, 1, 1], 0.1891892), ([0, 0, 1, 1, 2, 2], 0.2820513)])
def test_kappa_of_anxiety_raters_1_and_2_with_merged_categories(weights, expected):
    table = contingency(*(digits(ANXIETY)[:, :2] - 1).T, 6)
    assert cohens_kappa(table, weights, "toeplitz").value == pytest.approx(expected, abs=5e-8)


def test_kappa_of_constant_readers_is_undefined_with_a_reason():
    for table in ([[20, 0], [0, 0]], [[0, 20], [0, 0]], [[0, 0], [0, 0]], np.zeros((3, 3))):
        kappa = cohens_kappa(table)
        assert (kappa.value, kappa.low, kappa.high, kappa.se) == (None,) * 4
        assert kappa.reason.startswith("undefined")
    assert "100%" in cohens_kappa([[20, 0], [0, 0]]).reason


@pytest.mark.parametrize(
    ("first", "second", "categories"),
    [
        ([0] * 5 + [1] * 5, [-1] * 10, 2),
        ([2] * 10, [2] * 10, 3),
        ([0] * 5 + [1] * 5, [0] * 5 + [-1] * 5, 2),
    ],
)
@pytest.mark.parametrize("scheme", [None, "linear"])
def test_the_cases_that_scikit_learn_leaves_undefined(first, second, categories, scheme):
    # sklearn.metrics.tests.test_classification.test_cohen_kappa_undefined: 0/0, here always with its reason.
    kappa = cohens_kappa(contingency(np.array(first), np.array(second), categories), scheme=scheme)
    assert (kappa.value, kappa.low, kappa.high) == (None, None, None)
    assert kappa.reason.startswith("undefined: ")


@pytest.mark.parametrize("table", [[[118, 5], [0, 0]], [[10, 0], [0, 10]]])
def test_kappa_never_has_an_interval_without_width(table):
    kappa = cohens_kappa(table)
    assert kappa.value in (0, 1)
    assert (kappa.low, kappa.high, kappa.se) == (None, None, None)
    assert kappa.reason.startswith("no interval")


def test_fleiss_kappa_of_printed_tables():
    wikipedia = np.array(WIKIPEDIA.split(), dtype=int).reshape(10, 5)
    assert round(fleiss_kappa(wikipedia).value, 3) == 0.210
    estimate = fleiss_kappa(category_counts(digits(DIAGNOSES) - 1, 5))
    assert round(estimate.value, 7) == 0.4302445
    assert estimate.low < estimate.value < estimate.high
    assert estimate.n == 30


def test_fleiss_kappa_of_one_answer_is_undefined():
    assert fleiss_kappa([[3, 0], [3, 0]]).reason.startswith("undefined")
    assert fleiss_kappa(np.zeros((0, 2))).value is None
    assert fleiss_kappa([[3, 0], [0, 3]]).reason == "no interval: the readers agree on all 2 cases"


@pytest.mark.parametrize(
    ("table", "kappa", "ac1", "adjusted"),
    [
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.7964, 0.8493, None),
        ([[130, 56], [9, 5]], 0.0220, 0.5326, 0.350),
        ([[118, 5], [2, 0]], -0.0234, 0.9408, None),
    ],
)
def test_ac1_and_pabak_resist_the_prevalence_paradox(table, kappa, ac1, adjusted):
    assert round(cohens_kappa(table).value, 4) == kappa
    assert round(gwet_ac1(paired(table)).value, 4) == ac1
    if adjusted is not None:
        assert round(pabak(paired(table)).value, 3) == adjusted


def test_standard_error_of_ac1():
    assert round(gwet_ac1_se(paired([[13, 0, 0], [0, 20, 7], [0, 4, 56]])), 5) == 0.04322


def test_ac1_and_pabak_of_full_agreement_have_a_value_but_ac1_no_interval():
    counts = paired([[6, 0], [0, 6]])
    ac1, adjusted = gwet_ac1(counts), pabak(counts)
    assert (ac1.value, ac1.low, adjusted.value, adjusted.high) == (1, None, 1, 1)
    assert adjusted.low < 1
    assert gwet_ac1([[2], [2]]).value is None
    assert pabak([[1, 0], [0, 1]]).value is None


def test_pabak_of_many_readers_is_the_mean_over_pairs():
    codes = np.random.default_rng(0).integers(0, 2, (40, 3))
    pairs = [pabak(category_counts(codes[:, pair], 2)).value for pair in ([0, 1], [0, 2], [1, 2])]
    whole = pabak(category_counts(codes, 2))
    assert whole.value == pytest.approx(np.mean(pairs))
    assert whole.low < whole.value < whole.high


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_of_data_c(level, expected):
    alpha = krippendorff_alpha(category_counts(digits(DATA_C) - 1, 5), level, np.arange(1, 6))
    assert round(alpha.value, 3) == expected
    assert alpha.n == 11
    assert alpha.low < alpha.value <= alpha.high


def test_alpha_without_variation_is_undefined():
    assert krippendorff_alpha([[2, 0], [2, 0]]).reason.startswith("undefined")
    assert krippendorff_alpha([[1, 0], [0, 1]]).reason.startswith("undefined")


def test_order_of_cases_and_names_of_categories_change_nothing():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 3, (30, 3))
    counts, swapped = category_counts(codes, 3), category_counts(rng.permutation(2 - codes), 3)
    for coefficient in (fleiss_kappa, gwet_ac1, pabak, krippendorff_alpha):
        assert coefficient(counts).value == pytest.approx(coefficient(swapped).value)


def test_a_table_whose_asymptotic_variance_is_not_positive_has_no_interval():
    table = 4 * np.roll(np.eye(5, dtype=int), 1, axis=1)  # the second reader is always one grade higher
    kappa = cohens_kappa(table)
    assert kappa.value == pytest.approx(-0.25)
    assert (kappa.low, kappa.high, kappa.se) == (None, None, None)
    assert kappa.reason.startswith("no interval")
    first, second = np.nonzero(table)
    sampled = sampled_kappa(np.repeat(first, 4), np.repeat(second, 4), 5)
    assert sampled.low < sampled.value < sampled.high
