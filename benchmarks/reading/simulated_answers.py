"""Simulated reading studies whose population values are known.

Three readers judge 250 cases: 50 real and 50 of each of four generators. Reader r calls case i of source s real when
theta_rs + sqrt(rho) d_i + sqrt(1 - rho) e_ri > 0, with d_i (how real the case looks to everyone) and e_ri standard
normal; so the share called real is Phi(theta_rs), two readers are correlated by rho, and the distance from 0 gives the
confidence. All population values follow exactly, from the bivariate normal distribution; nothing is itself simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special, stats

N, SOURCES = 50, 5
STRATA = np.repeat(np.arange(SOURCES), N)
REAL = STRATA == 0
REPEATS = 25
CUTS = np.array([0.25, 0.6, 1.0, 1.6])  # of confidence 1 to 5
PAIRS = list(combinations(range(3), 2))
PLAIN = "kappa 1-2, asymptotic as published (used without sources)"


@dataclass(frozen=True)
class Scenario:
    """Shares called real, [readers, sources], real cases first; rho couples two readers, again two looks of one."""

    name: str
    called: tuple[tuple[float, ...], ...]
    rho: float
    again: float = 0.9


SCENARIOS = (
    Scenario("DWI paper, kappa near .84", ((0.94, 0.04, 0.02, 0.84, 0.92), (0.98, 0.02, 0.04, 0.98, 0.97),
                                           (0.90, 0.10, 0.10, 0.80, 0.90)), 0.8),
    Scenario("guessing, rates near .5", ((0.60, 0.50, 0.55, 0.45, 0.50), (0.50,) * 5,
                                         (0.55, 0.45, 0.50, 0.50, 0.60)), 0.5),
    Scenario("easy, rates near .95 and .05", ((0.95, 0.05, 0.05, 0.04, 0.06), (0.95, 0.05, 0.05, 0.05, 0.05),
                                              (0.93, 0.07, 0.05, 0.05, 0.05)), 0.4),
    Scenario("unequal readers", ((0.95, 0.10, 0.05, 0.20, 0.40), (0.50,) * 5, (0.90, 0.70, 0.60, 0.80, 0.90)), 0.5),
    Scenario("nearly all called real", ((0.96, 0.90, 0.92, 0.94, 0.93), (0.95, 0.95, 0.95, 0.90, 0.95),
                                        (0.97, 0.93, 0.90, 0.92, 0.90)), 0.4),
)  # fmt: skip


def both_real(a: float, b: float, rho: float) -> float:
    """Chance that two readers with thresholds `a` and `b` both call a case real."""
    return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]))


def joint_table(first: np.ndarray, second: np.ndarray, rho: float) -> np.ndarray:
    """Population table [2, 2] of two readers' answers over sources of equal size, from thresholds [s] each."""
    total = np.zeros((2, 2))
    for a, b in zip(first, second, strict=True):
        yes, p, q = both_real(a, b, rho), special.ndtr(a), special.ndtr(b)
        total += np.array([[1 - p - q + yes, q - yes], [p - yes, yes]]) / len(first)
    return total


def kappa_of(table: np.ndarray) -> float:
    """Cohen's kappa of a population table."""
    agree, chance = np.trace(table), table.sum(axis=1) @ table.sum(axis=0)
    return float((agree - chance) / (1 - chance))


def area_of(theta: np.ndarray) -> np.ndarray:
    """Population ROC area of signed confidence, from thresholds [..., sources]."""
    edges = np.concatenate([[-np.inf], -CUTS[::-1], [0.0], CUTS, [np.inf]])
    masses = np.diff(special.ndtr(edges - theta[..., None]), axis=-1)
    real, fake = masses[..., 0, :], masses[..., 1:, :].mean(axis=-2)
    return (real * (np.cumsum(fake, axis=-1) - fake / 2)).sum(axis=-1)


def truths(scenario: Scenario) -> dict[str, float]:
    """Population value of every figure."""
    theta = special.ndtri(np.array(scenario.called))
    right = np.where(np.arange(SOURCES) == 0, scenario.called, 1 - np.array(scenario.called))
    tables = [joint_table(theta[a], theta[b], scenario.rho) for a, b in PAIRS]
    agree, real = np.mean([np.trace(table) for table in tables]), np.mean(scenario.called)
    values = {f"kappa {a + 1}-{b + 1}": kappa_of(table) for (a, b), table in zip(PAIRS, tables, strict=True)}
    values[PLAIN] = kappa_of(tables[0])
    values["kappa, 25 repeats"] = kappa_of(joint_table(theta[0], theta[0], scenario.again))
    for reader in range(3):
        values[f"accuracy {reader + 1}"] = right[reader].mean()
        values[f"auc {reader + 1}"] = float(area_of(theta)[reader])
        values |= {f"called real {reader + 1}, source {s}": scenario.called[reader][s] for s in range(SOURCES)}
    chance = real**2 + (1 - real) ** 2
    values |= {"fleiss": (agree - chance) / (1 - chance), "ac1": (agree - 1 + chance) / chance}
    values |= {"alpha": values["fleiss"], "pabak (pair)": 2 * float(np.trace(tables[0])) - 1}
    values |= {"mean accuracy, these readers": right.mean(), "mean auc, these readers": float(area_of(theta).mean())}
    return {name: float(value) for name, value in values.items()}


def read(theta: np.ndarray, rho: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw one study from thresholds [readers, sources]: answers (1 real), signed confidence and what was sensed.

    Each is [cases, readers].
    """
    case = random.standard_normal((len(STRATA), 1))
    own = random.standard_normal((len(STRATA), len(theta)))
    sense = theta[:, STRATA].T + np.sqrt(rho) * case + np.sqrt(1 - rho) * own
    confidence = np.digitize(np.abs(sense), CUTS) + 1
    return (sense > 0).astype(int), np.where(sense > 0, confidence, -confidence), sense


def look_again(sense: np.ndarray, theta: np.ndarray, again: float, random: np.random.Generator) -> np.ndarray:
    """Answers of a reader to repeats of the cases `sense` [n] was formed of; the two looks correlate by `again`."""
    return (theta + again * (sense - theta) + np.sqrt(1 - again**2) * random.standard_normal(len(sense)) > 0).astype(
        int
    )


def as_table(answers: np.ndarray, scores: np.ndarray, round_: int = 1) -> Callable[[], pd.DataFrame]:
    """Return a function that lays out a study as the report takes it: one row an answer."""

    def table() -> pd.DataFrame:
        cases, readers = np.indices(answers.shape).reshape(2, -1)
        return pd.DataFrame(
            {
                "reader": [f"reader {reader + 1}" for reader in readers],
                "case": [f"{case:03d}" for case in cases],
                "answer": np.where(answers.ravel() == 1, "real", "fake"),
                "confidence": np.abs(scores.ravel()),
                "truth": np.where(REAL[cases], "real", "fake"),
                "source": [f"source {stratum}" for stratum in STRATA[cases]],
                "round": round_,
            }
        )

    return table
