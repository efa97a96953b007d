"""How each reader judged: accuracy and its kin overall, by source and by disease class."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from brainlab.measures.accuracy import balanced_accuracy, stratified_share, wilson
from brainlab.measures.estimate import Estimate, undefined
from brainlab.measures.signal_detection import detection_estimates
from brainlab.reading.statistics import roc
from brainlab.reading.statistics.answers import FAKE, REAL, Answers

NO_TRUTH = "undefined: the correct answers are unknown"
NOT_REAL_FAKE = "undefined: the answers are not 'real' and 'fake'"


def per_reader(answers: Answers, margin: float) -> dict[str, dict[str, Any]]:
    """Accuracy, sensitivity (of 'real'), specificity, ROC area, d' and criterion of every reader.

    `margin` is how far from one half the balanced accuracy may lie and still count as chance.
    """
    return {reader: _reader(rows, answers, margin) for reader, rows in by(answers.main, "reader", answers.readers)}


def called_real(answers: Answers, column: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Share of cases called real with Wilson's interval, per reader and source or class (DWI study, table 2)."""
    if not answers.real_or_fake:
        return {}

    def share(cases: pd.DataFrame) -> dict[str, Any]:
        called = int((cases["answer"] == REAL).sum())
        return {"called_real": called, **wilson(called, len(cases)).as_dict()}

    return _by_group(answers, column, share)


def correct_by(answers: Answers, column: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Share of right answers with Wilson's interval, per reader and source or class; empty without truth."""
    if "truth" not in answers.main:
        return {}

    def share(cases: pd.DataFrame) -> dict[str, Any]:
        cases = cases[cases["truth"].notna()]
        return wilson(int((cases["answer"] == cases["truth"]).sum()), len(cases)).as_dict()

    return _by_group(answers, column, share)


def area_by_source(answers: Answers) -> dict[str, dict[str, dict[str, Any]]]:
    """ROC area of each reader's signed confidence for every source of fakes against all real cases."""
    if not {"source", "truth", "confidence"} <= set(answers.main) or not answers.real_or_fake:
        return {}
    fakes = list(dict.fromkeys(answers.main.loc[answers.main["truth"] == FAKE, "source"].dropna()))
    return {
        reader: {source: roc.area(rows[rows["truth"] == REAL], cases) for source, cases in by(rows, "source", fakes)}
        for reader, rows in by(answers.main[answers.main["answer"].notna()], "reader", answers.readers)
    }


def roc_curves(answers: Answers) -> dict[str, dict[str, list[float]]]:
    """Empirical ROC curve of each reader who gave confidence."""
    if "truth" not in answers.main or not answers.real_or_fake:
        return {}
    curves = {reader: roc.curve(rows) for reader, rows in by(answers.main, "reader", answers.readers)}
    return {reader: points for reader, points in curves.items() if points is not None}


def by(rows: pd.DataFrame, column: str, values: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """Split rows by a column, in the given order, empty groups included."""
    return [(value, rows[rows[column] == value]) for value in values]


def _by_group(
    answers: Answers, column: str, figure: Callable[[pd.DataFrame], dict[str, Any]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Work out a figure for each reader and value of a column; empty where the table has no such column."""
    if column not in answers.main:
        return {}
    groups = list(dict.fromkeys(answers.main[column].dropna()))
    given = answers.main[answers.main["answer"].notna()]
    return {
        reader: {group: figure(cases) for group, cases in by(rows, column, groups)}
        for reader, rows in by(given, "reader", answers.readers)
        if groups
    }


def _reader(rows: pd.DataFrame, answers: Answers, margin: float) -> dict[str, Any]:
    given = rows[rows["answer"].notna()]
    if "truth" not in rows:
        missing = undefined(NO_TRUTH, len(given)).as_dict()
        return dict.fromkeys(("accuracy", "sensitivity", "specificity", "auc"), missing)
    given = given[given["truth"].notna()]
    figures: dict[str, Any] = {"accuracy": _share(given).as_dict()}
    if not answers.real_or_fake:
        missing = undefined(NOT_REAL_FAKE, len(given)).as_dict()
        return figures | dict.fromkeys(("sensitivity", "specificity", "auc"), missing)
    real, fake = given[given["truth"] == REAL], given[given["truth"] == FAKE]
    sensitivity = _share(real)
    figures["sensitivity"] = sensitivity.as_dict()
    figures["specificity"] = _share(fake).as_dict()
    figures["auc"] = roc.area(real, fake)
    hits, false_alarms = (int((cases["answer"] == REAL).sum()) for cases in (real, fake))
    d_prime, criterion = detection_estimates(hits, len(real), false_alarms, len(fake))
    return figures | {
        "d_prime": d_prime.value,
        "criterion": criterion.value,
        "signal_detection": {"d_prime": d_prime.as_dict(), "criterion": criterion.as_dict()},
        "against_chance": balanced_accuracy(sensitivity, _strata(fake), margin),
    }


def _share(rows: pd.DataFrame) -> Estimate:
    """Share of right answers; sources, where known, are strata."""
    return stratified_share(_strata(rows))


def _strata(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """Right answers and number of answers of each source."""
    source = rows["source"].fillna("") if "source" in rows else pd.Series("", index=rows.index)
    return [(int(group.sum()), len(group)) for _, group in (rows["answer"] == rows["truth"]).groupby(source)]
