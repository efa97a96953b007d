"""Rules of the figures, each against a calculation of its own: which cases count, what is weighed by what, how wide."""

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from brainlab.measures.accuracy import balanced_accuracy, roc_area, roc_area_se, stratified_share, wilson
from brainlab.measures.agreement import cohens_kappa, fleiss_kappa, gwet_ac1, pabak, sampled_kappa
from brainlab.measures.estimate import bootstrap_interval
from brainlab.measures.krippendorff import krippendorff_alpha
from brainlab.measures.signal_detection import detection_estimates
from brainlab.measures.strata import spread_of_mean
from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.report.tables import ACCURACY, agreement_table, class_table, means_table, reader_table, table_2
from brainlab.reading.statistics import roc
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import beyond_these_readers, mean_accuracy, mean_roc_area
from brainlab.reading.statistics.study_statistics import study_statistics


def width(figure) -> float:
    return figure.high - figure.low


def table(answers: dict[str, str], truth: str = "", source: str = "", cases: str = "", **columns) -> pd.DataFrame:
    """One row a reader and case; letters stand for answers: r real, f fake, '-' missing, others as they are."""
    words = {"r": "real", "f": "fake", "-": None}
    rows = []
    for reader, letters in answers.items():
        for place, letter in enumerate(letters):
            row = {"reader": reader, "case": (cases or "abcdefghijklmnopqrstuvwxyz")[place]}
            row["answer"] = words.get(letter, letter)
            row |= {"truth": words[truth[place]]} if truth else {}
            row |= {"source": source[place]} if source else {}
            rows.append(row | {name: values[place] for name, values in columns.items()})
    return pd.DataFrame(rows)


def test_fleiss_kappa_rests_on_cases_that_every_reader_answered():
    counts = np.array([[3, 0], [1, 2], [0, 3], [2, 1], [2, 0], [1, 1]])
    assert fleiss_kappa(counts) == fleiss_kappa(counts[:4])
    holes = study_statistics(table({"A": "rf-r", "B": "r-fr", "C": "-ffr"}))["fleiss_kappa"]
    assert holes["n"] == 1
    none = study_statistics(table({"A": "rf-", "B": "r-f", "C": "-ff"}))["fleiss_kappa"]
    assert (none["value"], none["n"]) == (None, 0)


def test_ac1_weighs_cases_alike_however_many_answered_them():
    counts = [[4, 0, 0], [1, 1, 0], [0, 3, 1], [2, 0, 0], [0, 0, 2]]
    pairs = [sum(x * (x - 1) for x in row) / (sum(row) * (sum(row) - 1)) for row in counts]
    shares = [sum(row[k] / sum(row) for row in counts) / len(counts) for k in range(3)]
    chance = sum(share * (1 - share) for share in shares) / 2
    assert gwet_ac1(counts).value == pytest.approx((np.mean(pairs) - chance) / (1 - chance))


def test_pabak_knows_how_many_answers_there_are_and_where_cases_came_from():
    assert pabak([[2, 0, 0], [1, 1, 0]]).value == pytest.approx((3 * 0.5 - 1) / 2)
    counts = np.array([[2, 0]] * 30 + [[2, 0]] * 10 + [[1, 1]] * 20)
    source = [0] * 30 + [1] * 30
    share = stratified_share([(30, 30), (10, 30)])
    found = pabak(counts, source)
    assert (found.low, found.high) == pytest.approx((2 * share.low - 1, 2 * share.high - 1))
    assert width(found) < width(pabak(counts))


def test_figures_of_a_pair_rest_on_the_cases_that_both_answered():
    gaps = study_statistics(table({"A": "rrff-rrrf", "B": "rfff--rff"}))["cohens_kappa"][0]
    whole = study_statistics(table({"A": "rrffrrf", "B": "rfffrff"}))["cohens_kappa"][0]
    assert gaps == whole
    assert gaps["n"] == 7


def test_kappa_of_a_study_with_sources_has_their_interval():
    answers = {"A": "rrrrrrffffffrrff", "B": "rrrrrrffffffffrr"}
    source = "xxxxxxyyyyyyzzzz"
    kappa = study_statistics(table(answers, source=source))["cohens_kappa"][0]
    codes = [np.array([letter == "r" for letter in letters], dtype=int) for letters in answers.values()]
    expected = sampled_kappa(*codes, 2, list(source))
    assert (kappa["low"], kappa["high"]) == pytest.approx((expected.low, expected.high))
    assert width(expected) < width(cohens_kappa(kappa["table"]))


def test_agreement_that_is_alike_within_each_source_has_no_interval_of_width_nothing():
    counts = np.array([[2, 0]] * 6 + [[1, 1]] * 6)
    found = gwet_ac1(counts, [0] * 6 + [1] * 6)
    assert (found.low, found.high) == (None, None)
    assert "within each source" in found.reason


def test_delongs_error_is_that_of_the_placements_of_each_class():
    positive, negative = np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.0, 2.5])
    wins = [[float(a > b) + 0.5 * float(a == b) for b in negative] for a in positive]
    expected = np.cov(np.mean(wins, axis=1)) / 4 + np.cov(np.mean(wins, axis=0)) / 2
    assert roc_area_se(positive, negative) == pytest.approx(expected**0.5)


def test_a_readers_area_knows_the_sources_of_fakes():
    confidence = [5, 4, 3, 5, 5, 4, 5, 4, 5, 4, 5, 4]
    frame = table({"A": "rrrrrrrrffff"}, source="ppppvvvvgggg", confidence=confidence)
    real, fake = frame[:4], frame[4:]
    scores = [roc.signed_confidence(rows) for rows in (real, fake)]
    expected = roc_area(*scores, None, list("vvvvgggg"))
    assert roc.area(real, fake)["low"] == pytest.approx(expected.low)
    assert width(expected) < width(roc_area(*scores))


def test_equivalence_to_chance_is_two_tests_at_5_percent():
    fake = [(4, 10), (54, 90)]
    found = balanced_accuracy(wilson(45, 100), fake, 0.1)
    shares = [(0.5, 45.5 / 101, 100), (0.05, 4.5 / 11, 10), (0.45, 54.5 / 91, 90)]  # weight, smoothed share, cases
    half = 1.6449 * sum(w**2 * p * (1 - p) / n for w, p, n in shares) ** 0.5
    assert found["value"] == pytest.approx((0.45 + 0.58) / 2)
    assert (found["low"], found["high"]) == pytest.approx((found["value"] - half, found["value"] + half), abs=1e-4)
    assert found["equivalent"]
    for right in (5, 95):  # far below chance is as far from guessing as far above
        assert not balanced_accuracy(wilson(right, 100), [(right, 100)], 0.1)["equivalent"]


def test_d_prime_and_criterion_have_the_error_of_each_classs_size():
    d_prime, criterion = detection_estimates(30, 40, 30, 300)
    hit, false_alarm = 30.5 / 41, 30.5 / 301
    terms = [p * (1 - p) / (n * stats.norm.pdf(stats.norm.ppf(p)) ** 2) for p, n in ((hit, 40), (false_alarm, 300))]
    assert width(d_prime) / 2 == pytest.approx(1.96 * sum(terms) ** 0.5, rel=1e-4)
    assert width(criterion) == pytest.approx(width(d_prime) / 2)
    (_, eager), (_, wary) = detection_estimates(90, 100, 80, 100), detection_estimates(20, 100, 10, 100)
    assert eager.value < 0 < wary.value


def test_a_bootstrap_interval_is_of_95_percent():
    values = np.random.default_rng(0).normal(size=400)
    low, high, _ = bootstrap_interval(lambda weights: weights @ values / 400, 400)
    assert high - low == pytest.approx(2 * 1.96 * values.std(ddof=1) / 20, rel=0.08)


def test_a_mean_of_two_strata_has_welchs_interval():
    first, second = np.array([1.0, 2.0, 4.0, 4.5]), np.array([10.0, 30.0, 17.0, 11.0])
    welch = stats.ttest_ind(first, -second, equal_var=False).confidence_interval(0.95)
    half = spread_of_mean(np.concatenate([first, second]), np.repeat([0, 1], 4)).half_width(0.95)
    assert 2 * half == pytest.approx((welch.high - welch.low) / 2)


def test_the_mean_accuracy_knows_sources_and_more_readers_guess_less_widely():
    correct = np.array([[1.0, 1.0]] * 20 + [[0.0, 0.0]] * 20)
    assert width(mean_accuracy(correct, [0] * 20 + [1] * 20).these_readers) < 0.5 * width(
        mean_accuracy(correct).these_readers
    )
    lows = [mean_accuracy(np.ones((20, readers))).these_readers.low for readers in (1, 2, 8)]
    assert lows == sorted(set(lows))


def test_readers_at_large_have_few_degrees_of_freedom_and_never_less_than_the_cases_spread():
    middle = (0.75 * 50 + 0.5) / 51

    def half(covariance: np.ndarray, values: tuple[float, ...]) -> float:
        found = beyond_these_readers(np.array(values), covariance, 50)
        return float(special.logit(found.high) - special.logit(middle)) * middle * (1 - middle)

    # Two readers who agree, and whose cases are the same: what cases make uncertain, with 2 (r - 1) degrees of freedom.
    assert half(np.full((2, 2), 0.001), (0.75, 0.75)) == pytest.approx(stats.t(2).ppf(0.975) * 0.001**0.5)
    # Three who agree, and share no case: the normal interval for new cases of theirs.
    assert half(np.eye(3) * 0.003, (0.75, 0.75, 0.75)) == pytest.approx(stats.norm.ppf(0.975) * 0.001**0.5)


def test_areas_of_readers_who_score_alike_covary_as_delongs_variance():
    rng = np.random.default_rng(5)
    real = np.arange(45) < 30
    scores = rng.normal(size=45) + real
    found = mean_roc_area(np.column_stack([scores, scores]), real).other_readers
    middle = (found.value * 45 + 0.5) / 46
    step = stats.t(2).ppf(0.975) * roc_area_se(scores[real], scores[~real]) / (middle * (1 - middle))
    assert special.logit(found.high) == pytest.approx(special.logit(middle) + step)


def test_names_of_readers_stay_with_their_answers_in_any_order():
    shuffled = Answers.from_frame(table({"Z": "rrrf", "A": "ffff"}, source="wxyz", cases="dbca"))
    assert shuffled.readers == ["Z", "A"]
    assert shuffled.codes[:, 0].tolist() == [0, 1, 1, 1]  # Z's answers to a, b, c, d
    assert shuffled.strata == ["z", "x", "y", "w"]
    kappas = study_statistics(table({"Z": "rrff", "M": "rrff", "A": "rffr"}))["cohens_kappa"]
    assert [(k["readers"], k["value"]) for k in kappas[:2]] == [(["Z", "M"], 1.0), (["Z", "A"], 0.0)]


def test_a_reader_is_compared_with_their_own_second_look():
    first = table({"A": "rrff", "B": "rrff"}).assign(phase="main")
    second = table({"A": "ffrr", "B": "rrff"}).assign(phase="repeat")
    found = study_statistics(pd.concat([first, second], ignore_index=True))["intra_reader"]
    assert [(entry["reader"], entry["value"]) for entry in found] == [("A", -1.0), ("B", 1.0)]


def test_unanswered_cases_and_unknown_truths_count_nowhere():
    frame = table({"A": "rrf-", "B": "rfff"}, "rrff", "ssmm", **{"class": list("xyxy")})
    figures = study_statistics(frame)
    assert figures["per_reader"]["A"]["accuracy"]["n"] == 3
    assert figures["per_reader"]["A"]["specificity"]["value"] == 1
    assert figures["per_source"]["A"]["m"]["n"] == figures["accuracy_per_class"]["A"]["y"]["n"] == 1
    frame.loc[frame["case"] == "b", "truth"] = None
    unknown = study_statistics(frame)
    assert unknown["accuracy_per_class"]["B"]["y"]["n"] == 1
    assert unknown["per_reader"]["B"]["accuracy"]["n"] == 3


def test_alpha_knows_where_cases_came_from():
    counts = np.array([[2, 0]] * 9 + [[1, 1]] * 9 + [[0, 2]] * 9)
    assert width(krippendorff_alpha(counts, strata=np.repeat([0, 1, 2], 9))) < width(krippendorff_alpha(counts))


def test_the_tables_of_a_report_hold_each_figure_under_its_name():
    columns = {"class": ["ms"] * 10, "confidence": [3] * 10}
    frame = table({"A": "rrrrrffffr", "B": "rrffrfffrr"}, "rrrrrfffff", "pppppmmmmm", **columns)
    report = report_from_answers(frame)
    for rows in (table_2(report), class_table(report)):
        assert (rows["low"] < rows["high"]).all()
        assert rows["percent"].between(rows["low"], rows["high"]).all()
    assert table_2(report).set_index(["reader", "source"]).loc[("A", "m"), "percent"] == pytest.approx(20)
    readers = reader_table(report).set_index(["reader", "figure"])["value"]
    assert readers["B", ACCURACY["sensitivity"]] == readers["B", "real called real (sensitivity)"] == 0.6
    assert readers["A", "fake called fake (specificity)"] == 0.8
    means = means_table(report).set_index(["mean over readers", "generalises to"])
    found = report["all_readers"]["accuracy"]
    for key, whom in (("these_readers", "these readers, new cases"), ("other_readers", "other readers, new cases")):
        assert means.loc[("accuracy", whom), "low"] == found[key]["low"]
    assert found["these_readers"]["low"] != found["other_readers"]["low"]
    agreement = agreement_table(report).set_index(["figure", "of"])["value"]
    assert agreement["Gwet's AC1", "all readers"] == report["gwet_ac1"]["value"]
    assert agreement["Krippendorff's alpha", "all readers"] == report["krippendorff_alpha"]["value"]
    assert "all readers" not in set(agreement_table(report_from_answers(frame[:10]))["of"])
