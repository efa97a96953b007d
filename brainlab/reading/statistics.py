"""All statistics of a reading study from its answers, as one dictionary that is ready for JSON."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from brainlab.errors import InputError
from brainlab.reading.accuracy import (
    balanced_accuracy,
    roc_area,
    roc_area_se,
    signal_detection,
    stratified_share,
    wilson,
)
from brainlab.reading.agreement import (
    category_counts,
    cohens_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac1_se,
    pabak,
    sampled_kappa,
)
from brainlab.reading.answers import FAKE, REAL, Answers
from brainlab.reading.estimate import Estimate, undefined
from brainlab.reading.krippendorff import LEVELS, krippendorff_alpha
from brainlab.reading.mrmc import reader_means

NO_TRUTH = "undefined: the table has no column 'truth'"
NOT_REAL_FAKE = "undefined: the answers are not 'real' and 'fake'"


def study_statistics(frame: pd.DataFrame, level: str = "nominal", equivalence_margin: float = 0.1) -> dict[str, Any]:
    """Return agreement and accuracy of the readers of one study.

    `frame` has one row an answer: reader, case, answer and, where known, truth, confidence (1-5), source, class, and
    phase (practice rows are left out, repeat rows enter the intra-reader figures only). An empty answer is missing.
    `level` is Krippendorff's: nominal, ordinal, interval or ratio. `equivalence_margin` is how far from one half the
    balanced accuracy may lie and still count as chance; fix it before anyone reads.

    Keys: `readers`, `cases`, `answers`; `cohens_kappa` (one entry a pair of readers), `intra_reader` (Cohen's kappa of
    a reader with themself), `fleiss_kappa`, `gwet_ac1`, `pabak`, `krippendorff_alpha`, each with value, low, high, n
    and reason; `per_reader` {reader: {accuracy, sensitivity, specificity, auc, d_prime, criterion, against_chance}};
    `per_source` and `per_class` {reader: {source: share called real}}; `seconds_per_case` {reader: median and
    quartiles}; `all_readers` {accuracy, auc}, see `mrmc.reader_means`. A value of None is undefined, and `reason` says
    why. Where sources are known, every interval takes cases as sampled within them (hidden repeats: from all).
    Raises InputError for a table or level that cannot be used.
    """
    if level not in LEVELS:
        raise InputError(f"level must be one of {', '.join(LEVELS)}; came {level!r}")
    answers = Answers.from_frame(frame)
    if not answers.readers:
        raise InputError("the table has no answers outside the practice block")
    codes = answers.codes
    counts = category_counts(codes, len(answers.categories))
    full = (codes >= 0).all(axis=1)
    strata = None if answers.strata is None else np.array(answers.strata, dtype=str)
    return {
        "readers": answers.readers,
        "cases": len(codes),
        "answers": int((codes >= 0).sum()),
        "categories": list(answers.categories),
        "cohens_kappa": _pairs(answers),
        "intra_reader": _intra_reader(answers),
        "fleiss_kappa": fleiss_kappa(counts[full], None if strata is None else strata[full]).as_dict(),
        "gwet_ac1": {**gwet_ac1(counts, strata).as_dict(), "se": gwet_ac1_se(counts)},
        "pabak": pabak(counts, strata).as_dict(),
        "krippendorff_alpha": {**_alpha(answers, level), "level": level},
        "all_readers": reader_means(answers),
        "per_reader": {
            reader: _reader(rows, answers, equivalence_margin)
            for reader, rows in _by(answers.main, "reader", answers.readers)
        },
        "per_source": _called_real(answers, "source"),
        "per_class": _called_real(answers, "class"),
        "seconds_per_case": _pace(answers),
    }


def _pairs(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of every pair of readers, over the cases that both answered."""
    entries = []
    for first, second in combinations(range(len(answers.readers)), 2):
        pair, k = (answers.codes[:, first], answers.codes[:, second]), len(answers.categories)
        table, strata = contingency(*pair, k), answers.strata
        kappa = cohens_kappa(table) if strata is None else sampled_kappa(*pair, k, strata)
        names = [answers.readers[first], answers.readers[second]]
        entries.append({"readers": names, **kappa.as_dict(), "table": table.tolist()})
    return entries


def _intra_reader(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of each reader's first and second look at the repeated cases."""
    entries = []
    for reader in answers.readers:
        codes = answers.repeated_codes(reader)
        if len(codes):
            kappa = sampled_kappa(codes[:, 0], codes[:, 1], len(answers.categories))
            entries.append({"reader": reader, **kappa.as_dict()})
    return entries


def _alpha(answers: Answers, level: str) -> dict[str, Any]:
    """Krippendorff's alpha; beyond nominal the answers must be numbers."""
    values = None
    if level != "nominal":
        try:
            values = np.array([float(label) for label in answers.categories])
        except ValueError:
            labels = ", ".join(answers.categories)
            raise InputError(f"level {level} needs answers that are numbers; came {labels}") from None
    counts = category_counts(answers.codes, len(answers.categories))
    return krippendorff_alpha(counts, level, values, answers.strata).as_dict()


def _reader(rows: pd.DataFrame, answers: Answers, margin: float) -> dict[str, Any]:
    """Accuracy, sensitivity (of 'real'), specificity, ROC area, d' and criterion of one reader."""
    given = rows[rows["answer"].notna()]
    if "truth" not in rows:
        missing = undefined(NO_TRUTH, len(given)).as_dict()
        return dict.fromkeys(("accuracy", "sensitivity", "specificity", "auc"), missing)
    given = given[given["truth"].notna()]
    figures = {"accuracy": _share(given).as_dict()}
    if not answers.real_or_fake:
        missing = undefined(NOT_REAL_FAKE, len(given)).as_dict()
        return figures | dict.fromkeys(("sensitivity", "specificity", "auc"), missing)
    real, fake = given[given["truth"] == REAL], given[given["truth"] == FAKE]
    sensitivity = _share(real)
    figures["sensitivity"] = sensitivity.as_dict()
    figures["specificity"] = _share(fake).as_dict()
    figures["auc"] = _auc(real, fake)
    detection = signal_detection(
        int((real["answer"] == REAL).sum()), len(real), int((fake["answer"] == REAL).sum()), len(fake)
    )
    return figures | {
        "d_prime": None if detection is None else detection[0],
        "criterion": None if detection is None else detection[1],
        "against_chance": balanced_accuracy(sensitivity, _strata(fake), margin),
    }


def _share(rows: pd.DataFrame) -> Estimate:
    """Share of right answers; sources, where known, are strata."""
    return stratified_share(_strata(rows))


def _strata(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """Right answers and number of answers of each source."""
    source = rows["source"].fillna("") if "source" in rows else pd.Series("", index=rows.index)
    return [(int(group.sum()), len(group)) for _, group in (rows["answer"] == rows["truth"]).groupby(source)]


def _auc(real: pd.DataFrame, fake: pd.DataFrame) -> dict[str, Any]:
    """ROC area of signed confidence: +confidence for 'real', -confidence for 'fake'."""
    if "confidence" not in real or (real["confidence"].isna().all() and fake["confidence"].isna().all()):
        return undefined("undefined: no confidence was given", len(real) + len(fake)).as_dict()
    scores, sources = [], []
    for rows in (real, fake):
        sure = rows[rows["confidence"].notna()]
        scores.append(np.where(sure["answer"] == REAL, sure["confidence"], -sure["confidence"]))
        sources.append(sure["source"].fillna("").to_numpy(dtype=str) if "source" in sure else None)
    return {**roc_area(*scores, *sources).as_dict(), "se": roc_area_se(*scores)}


def _called_real(answers: Answers, column: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Share of cases called real with Wilson's interval, per reader and group (DWI study, table 2)."""
    if column not in answers.main or not answers.real_or_fake:
        return {}
    groups = list(dict.fromkeys(answers.main[column].dropna()))
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for reader, rows in _by(answers.main[answers.main["answer"].notna()], "reader", answers.readers):
        table[reader] = {}
        for group, cases in _by(rows, column, groups):
            called = int((cases["answer"] == REAL).sum())
            table[reader][group] = {"called_real": called, **wilson(called, len(cases)).as_dict()}
    return table


def _pace(answers: Answers) -> dict[str, dict[str, float]]:
    """Median and quartiles of the seconds each reader looked at a case."""
    if "active_ms" not in answers.main:
        return {}
    table = {}
    for reader, rows in _by(answers.main, "reader", answers.readers):
        seconds = rows["active_ms"].dropna() / 1000
        if len(seconds):
            low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75])
            table[reader] = {"median": float(median), "quartile_1": float(low), "quartile_3": float(high)}
    return table


def _by(rows: pd.DataFrame, column: str, values: list[str]) -> list[tuple[str, pd.DataFrame]]:
    """Split rows by a column, in the given order, empty groups included."""
    return [(value, rows[rows[column] == value]) for value in values]
