"""ROC curves of readers from signed confidence: how surely each case was called real."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from brainlab.measures.accuracy import roc_area, roc_area_se
from brainlab.measures.estimate import undefined
from brainlab.reading.statistics.answers import FAKE, REAL
from brainlab.types import FloatArray, StringArray


def signed_confidence(rows: pd.DataFrame) -> FloatArray:
    """Return +confidence where a case was called real and -confidence where fake; rows without confidence drop out."""
    if "confidence" not in rows:
        return np.empty(0)
    sure = _sure(rows)
    return np.where(sure["answer"] == REAL, sure["confidence"], -sure["confidence"]).astype(float)


def _sure(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["confidence"].notna() & rows["answer"].notna()]


def _sources(rows: pd.DataFrame) -> StringArray | None:
    """Source of each row that has a signed confidence."""
    return _sure(rows)["source"].fillna("").to_numpy(dtype=str) if "source" in rows else None


def area(real: pd.DataFrame, fake: pd.DataFrame) -> dict[str, Any]:
    """ROC area of signed confidence, real against fake cases, with its interval (`roc_area`) and DeLong's error."""
    positive, negative = signed_confidence(real), signed_confidence(fake)
    if not len(positive) and not len(negative):
        return undefined("undefined: no confidence was given", len(real) + len(fake)).as_dict()
    sources = (_sources(rows) for rows in (real, fake))
    return {**roc_area(positive, negative, *sources).as_dict(), "se": roc_area_se(positive, negative)}


def curve(rows: pd.DataFrame) -> dict[str, list[float]] | None:
    """Return one reader's empirical ROC curve: the share of fake and of real cases above each threshold, from (0, 0).

    None where the confidence of real or of fake cases is unknown.
    """
    positive = signed_confidence(rows[rows["truth"] == REAL])
    negative = signed_confidence(rows[rows["truth"] == FAKE])
    if not len(positive) or not len(negative):
        return None
    labels = np.repeat([1, 0], [len(positive), len(negative)])
    false_positive, true_positive, _ = roc_curve(labels, np.concatenate([positive, negative]), drop_intermediate=False)
    return {"false_positive_rate": false_positive.tolist(), "true_positive_rate": true_positive.tolist()}
