"""Findings in words: agreement never without accuracy, undefined with its reason, the prevalence paradox explained."""

import numpy as np
import pandas as pd
import pytest

from brainlab.reading.report.findings import cautions, kappa_in_words, prevalence_paradox, summary
from brainlab.reading.statistics.study_statistics import study_statistics


def paired(table: list[list[int]], truth: bool = True) -> dict:
    """Statistics of two readers whose answers fill a table [[fake-fake, fake-real], [real-fake, real-real]]."""
    labels = ("fake", "real")
    rows = []
    for first, counts in enumerate(table):
        for second, count in enumerate(counts):
            for number in range(count):
                case = f"{first}{second}-{number}"
                rows += [{"reader": "R1", "case": case, "answer": labels[first]}]
                rows += [{"reader": "R2", "case": case, "answer": labels[second]}]
    frame = pd.DataFrame(rows)
    return study_statistics(frame.assign(truth=np.where(frame["case"] < "1", "fake", "real")) if truth else frame)


def test_the_prevalence_paradox_is_explained_beside_pabak_and_ac1():
    entry = paired([[118, 5], [2, 0]])["cohens_kappa"][0]
    assert round(entry["value"], 4) == -0.0234
    said = prevalence_paradox(entry)
    assert "agree on 94% of cases" in said
    assert "kappa is only -0.02" in said
    assert f"PABAK is {2 * 118 / 125 - 1:.2f} and Gwet's AC1 0.94" in said


@pytest.mark.parametrize("table", [[[50, 5], [5, 50]], [[20, 30], [30, 20]], [[30, 0], [0, 0]]])
def test_no_paradox_where_kappa_and_agreement_say_the_same(table):
    assert prevalence_paradox(paired(table)["cohens_kappa"][0]) is None


def test_accuracy_comes_before_agreement():
    lines = summary(paired([[20, 4], [6, 20]]))
    places = [
        next(i for i, line in enumerate(lines) if words in line)
        for words in ("R1 classified", "R2 classified", "kappa")
    ]
    assert places == sorted(places)


def test_without_truth_the_reader_is_warned_of_a_bare_kappa():
    figures = paired([[20, 4], [6, 20]], truth=False)
    assert any("Accuracy is unknown" in line for line in cautions(figures))
    assert not any("Accuracy is unknown" in line for line in cautions(paired([[20, 4], [6, 20]])))


def test_many_readers_are_summed_up_in_one_sentence():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        [
            {"reader": f"R{reader}", "case": str(case), "answer": random.choice(["real", "fake"])}
            for reader in range(4)
            for case in range(40)
        ]
    )
    figures = study_statistics(frame)
    (line,) = [line for line in summary(figures) if "kappa" in line]
    values = [entry["value"] for entry in figures["cohens_kappa"]]
    assert "Fleiss' kappa of the 4 readers was" in line
    assert f"from {min(values):.2f} to {max(values):.2f}" in line


@pytest.mark.parametrize(
    ("value", "word"), [(-0.1, "poor"), (0.0, "slight"), (0.15, "slight"), (0.6, "moderate"), (0.84, "almost perfect")]
)
def test_words_for_kappa(value, word):
    assert kappa_in_words(value) == word


def test_the_share_of_same_answers_has_wilsons_interval():
    agreement = paired([[118, 5], [2, 0]])["cohens_kappa"][0]["agreement"]
    assert (agreement["value"], agreement["n"]) == (118 / 125, 125)
    assert agreement["low"] == pytest.approx(0.8889, abs=1e-4)
    assert agreement["high"] == pytest.approx(0.9726, abs=1e-4)
