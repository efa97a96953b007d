"""How far the readers of a study agree, with each other and with themselves."""

from itertools import combinations
from typing import Any

import numpy as np

from brainlab.errors import InputError
from brainlab.measures.accuracy import wilson
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
from brainlab.reading.statistics.answers import Answers
from brainlab.types import StringArray


def agreement_figures(answers: Answers, level: str) -> dict[str, Any]:
    """Return `cohens_kappa`, `intra_reader`, `fleiss_kappa`, `gwet_ac1`, `pabak` and `krippendorff_alpha`.

    `level` is Krippendorff's: nominal, ordinal, interval or ratio.
    """
    codes, strata = answers.codes, _strata(answers)
    counts = category_counts(codes, len(answers.categories))
    full = (codes >= 0).all(axis=1)
    return {
        "cohens_kappa": _pairs(answers),
        "intra_reader": _intra_reader(answers),
        "fleiss_kappa": fleiss_kappa(counts[full], None if strata is None else strata[full]).as_dict(),
        "gwet_ac1": {**gwet_ac1(counts, strata).as_dict(), "se": gwet_ac1_se(counts)},
        "pabak": pabak(counts, strata).as_dict(),
        "krippendorff_alpha": {**_alpha(answers, level), "level": level},
    }


def _strata(answers: Answers) -> StringArray | None:
    """Source of each case, [cases]; None where no source is known."""
    return None if answers.strata is None else np.array(answers.strata, dtype=str)


def _pairs(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of every pair of readers over the cases that both answered, and what prevalence does not touch."""
    entries, strata = [], _strata(answers)
    for first, second in combinations(range(len(answers.readers)), 2):
        codes, k = answers.codes[:, [first, second]], len(answers.categories)
        table, both = contingency(codes[:, 0], codes[:, 1], k), (codes >= 0).all(axis=1)
        kappa = cohens_kappa(table) if strata is None else sampled_kappa(codes[:, 0], codes[:, 1], k, strata)
        counts, sources = category_counts(codes[both], k), None if strata is None else strata[both]
        entries.append(
            {
                "readers": [answers.readers[first], answers.readers[second]],
                **kappa.as_dict(),
                "table": table.tolist(),
                "agreement": wilson(int(table.trace()), int(table.sum())).as_dict(),
                "pabak": pabak(counts, sources).as_dict(),
                "gwet_ac1": gwet_ac1(counts, sources).as_dict(),
            }
        )
    return entries


def _intra_reader(answers: Answers) -> list[dict[str, Any]]:
    """Cohen's kappa of each reader's first and second look at the repeated cases."""
    entries = []
    for reader in answers.readers:
        codes = answers.repeated_codes(reader)
        if len(codes):
            found = sampled_kappa(codes[:, 0], codes[:, 1], len(answers.categories)).as_dict()
            if found["reason"]:
                found["reason"] = found["reason"].replace("one rater gave", "in one of the two looks the reader gave")
            entries.append({"reader": reader, **found})
    return entries


def _alpha(answers: Answers, level: str) -> dict[str, Any]:
    """Krippendorff's alpha; beyond nominal the answers must be numbers."""
    values = None
    if level != "nominal":
        try:
            values = np.array([float(label) for label in answers.categories])
        except ValueError:
            labels = ", ".join(answers.categories)
            raise InputError(f"level {level} needs answers that are numbers, got {labels}") from None
    counts = category_counts(answers.codes, len(answers.categories))
    return krippendorff_alpha(counts, level, values, answers.strata).as_dict()
