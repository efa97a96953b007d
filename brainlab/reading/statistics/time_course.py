"""Over the course of a reading: how long each case took, and whether readers got better or tired."""

from typing import Any

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import Logit  # statsmodels.api would load all of its time series, too
from statsmodels.nonparametric.smoothers_lowess import lowess
from statsmodels.regression.linear_model import OLS
from statsmodels.tools.tools import add_constant

from brainlab.measures.estimate import CONFIDENCE, Estimate, undefined
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.reader_accuracy import by
from brainlab.types import FloatArray

STEP = 50
"""Changes are given per so many cases."""

FEWEST = 20
"""With fewer cases no trend is worked out."""

SPAN = 2 / 3
"""Share of the cases that each point of a smooth curve takes in (Cleveland 1979)."""

POINTS = 40


def seconds_per_case(answers: Answers) -> dict[str, dict[str, float]]:
    """Median and quartiles of the seconds each reader looked at a case."""
    found = {reader: _quartiles(rows) for reader, rows in by(_timed(answers), "reader", answers.readers)}
    return {reader: figures for reader, figures in found.items() if figures}


def seconds_per_source(answers: Answers) -> dict[str, dict[str, dict[str, float]]]:
    """Median, quartiles and number of cases by reader and source."""
    rows = _timed(answers)
    if "source" not in rows or not len(rows):
        return {}
    sources = list(dict.fromkeys(rows["source"].dropna()))
    return {
        reader: {source: _quartiles(cases) for source, cases in by(mine, "source", sources)}
        for reader, mine in by(rows, "reader", answers.readers)
    }


def pace(answers: Answers) -> dict[str, dict[str, Any]]:
    """How each reader's time per case changed: `change` (a factor per 50 cases) and `curve` of seconds over position.

    Least squares on the logarithm of the seconds, with standard errors that allow for unequal spread (HC3).
    """
    rows, found = _timed(answers), {}
    for reader, mine in by(rows, "reader", answers.readers):
        if "position" not in mine or mine["position"].isna().all():
            continue
        mine = mine[mine["position"].notna()]
        position, logs = mine["position"].to_numpy(float), np.log(mine["active_ms"].to_numpy(float) / 1000)
        found[reader] = {"change": _time_trend(position, logs).as_dict(), "curve": _smooth(position, logs, np.exp)}
    return found


def learning(answers: Answers) -> dict[str, dict[str, Any]]:
    """Whether a reader got better: `odds_ratio` of being right per 50 cases, and `curve` of the share over position.

    Logistic regression of being right on the position in the reading; 1 is no change. Hidden repeats are left out.
    """
    found: dict[str, dict[str, Any]] = {}
    if "truth" not in answers.main or "position" not in answers.main:
        return found
    for reader, rows in by(answers.main, "reader", answers.readers):
        mine = rows[rows["answer"].notna() & rows["truth"].notna() & rows["position"].notna()]
        position = mine["position"].to_numpy(float)
        right = np.asarray(mine["answer"] == mine["truth"], dtype=float)
        if len(mine):
            found[reader] = {
                "odds_ratio": _learning_trend(position, right).as_dict(),
                "curve": _smooth(position, right, lambda share: np.clip(share, 0, 1)),
            }
    return found


def _timed(answers: Answers) -> pd.DataFrame:
    """Rows with a known time."""
    if "active_ms" not in answers.main:
        return answers.main.iloc[:0]
    return answers.main[answers.main["active_ms"] > 0]


def _quartiles(rows: pd.DataFrame) -> dict[str, float]:
    if not len(rows):
        return {}
    low, median, high = np.quantile(rows["active_ms"] / 1000, [0.25, 0.5, 0.75])
    return {"median": float(median), "quartile_1": float(low), "quartile_3": float(high), "n": len(rows)}


def _time_trend(position: FloatArray, logs: FloatArray) -> Estimate:
    if len(position) < FEWEST or np.ptp(position) == 0:
        return undefined(f"undefined: needs at least {FEWEST} timed cases", len(position))
    if np.ptp(logs) == 0:
        return Estimate(1.0, n=len(position), reason="no interval: every case took the same time")
    fit = OLS(logs, add_constant(position / STEP)).fit(cov_type="HC3")
    low, high = fit.conf_int(1 - CONFIDENCE)[1]
    return Estimate(float(np.exp(fit.params[1])), float(np.exp(low)), float(np.exp(high)), len(position))


def _learning_trend(position: FloatArray, right: FloatArray) -> Estimate:
    n = len(position)
    if n < FEWEST or np.ptp(position) == 0:
        return undefined(f"undefined: needs at least {FEWEST} answered cases", n)
    if np.ptp(right) == 0:
        return undefined(f"undefined: {'all' if right[0] else 'none'} of the {n} answers are correct", n)
    early, late = sorted((position[right == 1], position[right == 0]), key=np.max)
    if early.max() <= late.min():  # the likelihood has no maximum (Albert and Anderson 1984)
        return undefined("undefined: position separates correct from incorrect answers perfectly", n)
    fit = Logit(right, add_constant((position - position.mean()) / STEP)).fit(disp=False)
    low, high = fit.conf_int(1 - CONFIDENCE)[1]
    return Estimate(float(np.exp(fit.params[1])), float(np.exp(low)), float(np.exp(high)), n)


def _smooth(position: FloatArray, values: FloatArray, back: Any) -> dict[str, list[float]]:
    """Locally weighted line through values over position; `back` returns it to the scale that is shown."""
    if len(position) < FEWEST or np.ptp(position) == 0:
        return {"position": [], "value": []}
    at = np.linspace(position.min(), position.max(), POINTS)
    smoothed = lowess(values, position, frac=SPAN, it=0, xvals=at)
    return {"position": at.tolist(), "value": np.asarray(back(smoothed)).tolist()}
