"""Simulate patients whose coefficient of EDSS is known, and count how often 95% intervals of it hold the truth.

    python -m benchmarks.results.calibration_coverage [--studies 500] [--people 76] [--seed 0]

EDSS depends on the true index; a surrogate is too small, compressed and measured with error, as the indices of
synthesised PET are in the myelin report that ships (`remyelination`: r = .91, `demyelination`: r = .75), or errs twice
as much. In `uneven` the scatter of EDSS grows away from the mean index. Prints a table of bias (also as a share of the
coefficient), spread, width of the interval and coverage by estimate:
  true              regression on the true index
  synthesised       on the surrogate as it is
  least squares     on the calibrated index, each person calibrated by all others
  one variance      as `calibrated`, with standard errors that take EDSS to scatter alike everywhere
  calibrated        what `brainlab myelin` gives
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from brainlab.errors import InputError
from brainlab.measures.estimate import CONFIDENCE
from brainlab.myelin.calibration import calibrated_index, calibrated_regression
from brainlab.myelin.clinical import linear_regression
from brainlab.types import FloatArray

Columns = dict[str, FloatArray]
Found = tuple[float, float, float]
"""Coefficient and the bounds of its interval."""
INDEX = "index"


@dataclass(frozen=True)
class Scenario:
    """coefficient: of the true index. mean, sd: of the true index, given the covariates. offset, compression, error: of
    the surrogate. scatter: sd of EDSS about its expectation, as a function of the true index."""

    coefficient: float
    mean: float
    sd: float
    offset: float
    compression: float
    error: float
    scatter: Callable[[FloatArray], FloatArray]


def even(sd: float) -> Callable[[FloatArray], FloatArray]:
    return lambda index: np.full(len(index), sd)


SCENARIOS = {
    "remyelination": Scenario(-2.5, 0.5, 0.3, -0.01, 0.74, 0.10, even(0.48)),
    "demyelination": Scenario(6.2, 0.11, 0.12, 0.0, 0.47, 0.051, even(0.65)),
    "remyelination, twice the error": Scenario(-2.5, 0.5, 0.3, -0.01, 0.74, 0.20, even(0.48)),
    "remyelination, uneven": Scenario(-2.5, 0.5, 0.3, -0.01, 0.74, 0.10, lambda index: 0.2 + 1.1 * np.abs(index - 0.5)),
}


def study(
    scenario: Scenario, n: int, random: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, Columns]:
    """Return EDSS, the true index, the surrogate and the covariates of some people, each [n]."""
    covariates = {
        "age_years": random.normal(46, 14, n),
        "man": (random.permutation(n) < 0.3 * n).astype(float),
        "ln_lesion_load_ml": random.normal(2.6, 0.8, n),
    }
    age, man, load = covariates.values()
    index = scenario.mean + random.normal(0, scenario.sd, n) - 0.001 * (age - 46) - 0.08 * man
    surrogate = (
        scenario.offset + scenario.compression * index + 0.002 * (age - 46) + random.normal(0, scenario.error, n)
    )
    edss = scenario.coefficient * index + 0.045 * (age - 46) + 0.35 * man + 0.6 * load
    return edss + random.normal(0, scenario.scatter(index)), index, surrogate, covariates


def estimates(edss: FloatArray, index: FloatArray, surrogate: FloatArray, covariates: Columns) -> dict[str, Found]:
    """Return each estimate of the coefficient of the index."""

    def on(values: FloatArray) -> Found:
        term = linear_regression("edss", edss, {INDEX: values, **covariates}).term(INDEX)
        return term.coefficient, term.low, term.high

    expected = calibrated_index(index, np.column_stack([np.ones(len(edss)), surrogate, *covariates.values()]))
    ours = calibrated_regression("edss", edss, INDEX, index, surrogate, covariates).term(INDEX)
    return {
        "true": on(index),
        "synthesised": on(surrogate),
        "least squares": on(expected),
        "one variance": one_variance(edss, index, expected, covariates),
        "calibrated": (ours.coefficient, ours.low, ours.high),
    }


def one_variance(edss: FloatArray, index: FloatArray, expected: FloatArray, covariates: Columns) -> Found:
    """Return the instrumental estimate with the interval of equal scatter."""
    regressors, instruments = (
        np.column_stack([values, np.ones(len(edss)), *covariates.values()]) for values in (index, expected)
    )
    inverse = np.linalg.inv(instruments.T @ regressors)
    b = inverse @ instruments.T @ edss
    degrees = len(edss) - len(b)
    variance = ((edss - regressors @ b) ** 2).sum() / degrees
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, degrees) * np.sqrt(
        variance * (inverse @ instruments.T @ instruments @ inverse.T)[0, 0]
    )
    return b[0], b[0] - half, b[0] + half


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the coefficient of a calibrated index.")
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--people", type=int, default=76)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    for place, (name, scenario) in enumerate(SCENARIOS.items()):
        random = np.random.default_rng([args.seed, place])
        found: dict[str, list[Found]] = {}
        refused = 0
        for _ in range(args.studies):
            try:
                one = estimates(*study(scenario, args.people, random))
            except InputError:
                refused += 1
                continue
            for key, values in one.items():
                found.setdefault(key, []).append(values)
        title = f"{name}: coefficient {scenario.coefficient:g}, {args.people} people, {args.studies} studies"
        print(f"{title}, {refused} refused" if refused else title)
        print(f"  {'estimate':16}{'bias':>8}{'of it':>8}{'sd':>8}{'width':>8}{'coverage':>10}")
        for key, values in found.items():
            coefficient, low, high = np.array(values).T
            bias = coefficient.mean() - scenario.coefficient
            held = np.mean((low < scenario.coefficient) & (scenario.coefficient < high))
            print(
                f"  {key:16}{bias:>8.3f}{bias / scenario.coefficient:>8.1%}{coefficient.std(ddof=1):>8.3f}"
                f"{np.mean(high - low):>8.3f}{held:>10.1%}"
            )


if __name__ == "__main__":
    main()
