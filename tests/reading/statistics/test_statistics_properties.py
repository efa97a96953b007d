"""Statistics against independent implementations and against each other, over random tables of answers."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import special
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from statsmodels.stats import inter_rater

from brainlab.measures import accuracy, agreement
from brainlab.measures.accuracy import roc_area, roc_area_se
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

SEEDS = st.integers(0, 2**32 - 1)


def answers(seed: int, n: int, categories: int, readers: int) -> np.ndarray:
    """Random answers [n, readers] of readers who copy a common draw now and then."""
    rng = np.random.default_rng(seed)
    shape = rng.dirichlet(np.ones(categories))
    common = rng.choice(categories, (n, 1), p=shape)
    own = rng.choice(categories, (n, readers), p=shape)
    return np.where(rng.random((n, readers)) < rng.random(), common, own)


def quantile(degrees: int) -> float:
    return float(special.stdtrit(degrees, 0.975))


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, n=st.integers(5, 60), categories=st.integers(2, 5))
def test_cohens_kappa_is_scikit_learns_and_its_error_statsmodels(seed, n, categories):
    first, second = answers(seed, n, categories, 2).T
    table = contingency(first, second, categories)
    kappa = cohens_kappa(table)
    assume(kappa.se is not None)
    labels = list(range(categories))
    assert kappa.value == pytest.approx(cohen_kappa_score(first, second, labels=labels))
    for scheme in ("linear", "quadratic"):
        theirs = cohen_kappa_score(first, second, labels=labels, weights=scheme)
        assert cohens_kappa(table, scheme=scheme).value == pytest.approx(theirs)
    fit = inter_rater.cohens_kappa(table)
    assert kappa.se == pytest.approx(fit.std_kappa)
    assert (kappa.low, kappa.high) == pytest.approx((max(fit.kappa_low, -1), min(fit.kappa_upp, 1)))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(5, 60), categories=st.integers(2, 5), readers=st.integers(3, 6))
def test_fleiss_kappa_is_statsmodels_and_nominal_alpha_follows_from_it(seed, n, categories, readers):
    counts = category_counts(answers(seed, n, categories, readers), categories)
    fleiss, alpha = fleiss_kappa(counts), krippendorff_alpha(counts)
    assume(fleiss.value is not None)
    assert fleiss.value == pytest.approx(inter_rater.fleiss_kappa(counts))
    assert alpha.value == pytest.approx(1 - (1 - fleiss.value) * (1 - 1 / (n * readers)))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, real=st.integers(2, 40), fake=st.integers(2, 40))
def test_roc_area_is_scikit_learns(seed, real, fake):
    rng = np.random.default_rng(seed)
    above, below = rng.integers(-3, 6, real), rng.integers(-5, 4, fake)
    truth, scores = np.repeat([1, 0], [real, fake]), np.concatenate([above, below])
    area = roc_area(above, below)
    assert area.value == pytest.approx(roc_auc_score(truth, scores))
    if area.low is not None:
        assert 0 <= area.low <= area.value <= area.high <= 1
        assert area.low < area.high


def test_linearised_kappa_has_the_published_standard_error(monkeypatch):
    monkeypatch.setattr(agreement, "PLUS_FOUR", 1e-9)
    for seed, categories in ((0, 2), (1, 3), (2, 5)):
        first, second = answers(seed, 200, categories, 2).T
        kappa = sampled_kappa(first, second, categories)
        half = kappa.se * np.sqrt(200 / 199) * quantile(199)
        assert (kappa.low, kappa.high) == pytest.approx((kappa.value - half, kappa.value + half), abs=1e-6)


@pytest.mark.parametrize(("readers", "categories"), [(3, 2), (4, 3)])
@pytest.mark.parametrize("coefficient", [fleiss_kappa, krippendorff_alpha, gwet_ac1])
def test_linearised_coefficients_have_the_jackknifes_standard_error(monkeypatch, coefficient, readers, categories):
    monkeypatch.setattr(agreement, "PLUS_FOUR", 1e-9)
    counts = category_counts(answers(3, 300, categories, readers), categories)
    figure = coefficient(counts)
    left_out = np.array([coefficient(np.delete(counts, case, axis=0)).value for case in range(300)])
    jackknife = np.sqrt(299 / 300 * ((left_out - left_out.mean()) ** 2).sum())
    assert (figure.high - figure.low) / 2 / quantile(299) == pytest.approx(jackknife, rel=0.02)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, krippendorff_alpha])
def test_added_cases_of_random_answers_count_as_if_they_had_been_read(monkeypatch, coefficient):
    rng = np.random.default_rng(0)
    first, second = (rng.multinomial(4, np.full(3, 1 / 3), 400) for _ in range(2))
    widths = []
    for cases, added in ((first, 400.0), (np.vstack([first, second]), 1e-9)):
        monkeypatch.setattr(agreement, "PLUS_FOUR", added * 4 / 2)  # of four readers
        figure = coefficient(cases)
        widths.append(figure.high - figure.low)
    assert widths[0] == pytest.approx(widths[1], rel=0.03)


def test_logit_interval_of_the_roc_area_rests_on_delongs_variance(monkeypatch):
    monkeypatch.setattr(accuracy, "QUARTER_CASE", 1e-9)
    rng = np.random.default_rng(5)
    above, below = rng.normal(0.7, 1, 400), rng.normal(0, 1, 400)
    area, se = roc_area(above, below), roc_area_se(above, below)
    steps = special.logit([area.low, area.high]) - special.logit(area.value)
    assert steps * area.value * (1 - area.value) / se == pytest.approx([-1.96, 1.96], rel=0.01)


@pytest.mark.parametrize("coefficient", [fleiss_kappa, gwet_ac1, pabak, krippendorff_alpha])
def test_sources_that_say_nothing_change_nothing_and_sources_that_say_much_narrow(coefficient):
    rng = np.random.default_rng(6)
    easy = rng.random(400) < 0.5
    codes = np.where(rng.random((400, 3)) < np.where(easy, 0.97, 0.5)[:, None], 1, 0)
    counts = category_counts(codes, 2)
    plain, arbitrary, telling = (coefficient(counts, strata=s) for s in (None, np.arange(400) % 2, easy))
    width = [figure.high - figure.low for figure in (plain, arbitrary, telling)]
    assert width[1] == pytest.approx(width[0], rel=0.03)
    assert width[2] < 0.98 * width[0]
    assert plain.value == arbitrary.value == telling.value


def test_full_agreement_of_sampled_cases_has_a_width_that_more_cases_lessen():
    few, many = (sampled_kappa(*[np.arange(n) % 2] * 2, 2) for n in (20, 200))
    assert few.value == few.high == many.high == 1
    assert few.low < many.low < 1
    assert few.reason is None


@pytest.mark.parametrize("scheme", [None, "linear"])
def test_of_many_cases_the_sampled_interval_is_the_asymptotic_one(scheme):
    random = np.random.default_rng(4)
    first = random.choice(5, 4000, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    second = np.where(random.random(4000) < 0.4, first, np.minimum(first + random.integers(0, 3, 4000), 4))
    plain = cohens_kappa(contingency(first, second, 5), scheme=scheme)
    sampled = sampled_kappa(first, second, 5, scheme=scheme)
    assert sampled.value == plain.value
    assert (sampled.low, sampled.high) == pytest.approx((plain.low, plain.high), abs=1e-3)


def test_constant_readers_stay_undefined_when_sampled():
    both = sampled_kappa(np.ones(9, dtype=int), np.ones(9, dtype=int), 2)
    assert both.reason.startswith("undefined")
    one = sampled_kappa(np.ones(9, dtype=int), np.arange(9) % 2, 2)
    assert (one.value, one.low) == (0, None)
    nobody = sampled_kappa(np.full(9, -1), np.ones(9, dtype=int), 2, np.arange(9))
    assert (nobody.value, nobody.n) == (None, 0)


def test_ac1_interval_without_sources_is_gwets():
    counts = category_counts(answers(7, 80, 3, 2), 3)
    figure = gwet_ac1(counts)
    half = gwet_ac1_se(counts) * np.sqrt(80 / 79) * quantile(79)
    assert (figure.low, figure.high) == pytest.approx((figure.value - half, figure.value + half))
