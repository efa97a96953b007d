"""How far the readers of a study agree, with each other and with themselves."""

from itertools import combinations
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.reading.accuracy import wilson
from brainlab.reading.agreement import (
    category_counts,
    cohens_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac1,
    gwet_ac1_se,
    krippendorff_alpha,
    pabak,
)
from brainlab.reading.answers import Answers


def agreement_figures(answers: Answers, level: str) -> dict[str, Any]:
    """Return `cohens_kappa`, `intra_reader`, `fleiss_kappa`, `gwet_ac1`, `pabak` and `krippendorff_alpha`.

    `level` is Krippendorff's: nominal, ordinal, interval or ratio.
    """
    codes, categories = answers.codes, len(answers.categories)
    counts = category_counts(codes, categories)
    complete = category_counts(codes[(codes >= 0).all(axis=1)], categories)
    return {
        "cohens_kappa": _pairs(answers),
        "intra_reader": _intra_reader(answers),
        "fleiss_kappa": fleiss_kappa(complete).as_dict(),
        "gwet_ac1": {**gwet_ac1(counts).as_dict(), "se": gwet_ac1_se(counts)},
        "pabak": pabak(counts).as_dict(),
        "krippendorff_alpha": {**_alpha(answers, level), "level": level},
    }


def _pairs(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of every pair of readers over the cases that both answered, and what prevalence does not touch."""
    entries = []
    for first, second in combinations(range(len(answers.readers)), 2):
        codes = answers.codes[:, [first, second]]
        table = contingency(codes[:, 0], codes[:, 1], len(answers.categories))
        counts = category_counts(codes[(codes >= 0).all(axis=1)], len(answers.categories))
        entries.append(
            {
                "readers": [answers.readers[first], answers.readers[second]],
                **cohens_kappa(table).as_dict(),
                "table": table.tolist(),
                "agreement": wilson(int(table.trace()), int(table.sum())).as_dict(),
                "pabak": pabak(counts).as_dict(),
                "gwet_ac1": gwet_ac1(counts).as_dict(),
            }
        )
    return entries


def _intra_reader(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of each reader's first and second look at the repeated cases."""
    entries = []
    for reader in answers.readers:
        codes = answers.repeated_codes(reader)
        if len(codes):
            table = contingency(codes[:, 0], codes[:, 1], len(answers.categories))
            entries.append({"reader": reader, **cohens_kappa(table).as_dict()})
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
    return krippendorff_alpha(category_counts(answers.codes, len(answers.categories)), level, values).as_dict()
