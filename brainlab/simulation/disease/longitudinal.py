"""Visits of a person: when, what myelin came back in between, and how disabled the person is.

EDSS = 3.0 - 2.5 R + 0.045 (age - 46) + 0.35 [man] + 0.6 ln(load / 10 ml) + N(0, 0.45), rounded to 0.5, in 0-10

with R the person's dynamic remyelination between the first and the last visit: of the lesion voxels that were
demyelinated at the first, the share that has its myelin back at the last (the thesis' index, there as a percentage of
the lesion load). The sign of R is the published one: who remyelinates is less disabled.
"""

from dataclasses import dataclass

import numpy as np

from brainlab.types import Float32Array, FloatArray

VISIT_COUNTS = (2, 3, 4, 5)
VISIT_WEIGHTS = (0.05, 0.10, 0.20, 0.65)
"""4.45 visits on average; the FLAIR paper has 4.7 scans a person, bounded here to 5."""

EDSS_COEFFICIENTS = {
    "intercept": 3.0,
    "dynamic_remyelination": -2.5,
    "age_years_over_46": 0.045,
    "man": 0.35,
    "ln_lesion_volume_over_10_ml": 0.6,
}
EDSS_NOISE = 0.45


@dataclass(frozen=True)
class Visits:
    """Times in years after the first visit [n]."""

    years: tuple[float, ...]


def draw_visits(rng: np.random.Generator, class_name: str) -> Visits:
    """Two to five visits for multiple sclerosis, one otherwise; leukoencephalopathy now and then has a second."""
    if class_name == "ms":
        count = int(rng.choice(VISIT_COUNTS, p=VISIT_WEIGHTS))
    else:
        count = 2 if class_name.startswith("leuko") and rng.random() < 0.025 else 1
    gaps = rng.uniform(0.5, 2.0, count - 1)
    return Visits((0.0, *(round(float(year), 2) for year in np.cumsum(gaps))))


def draw_remyelination(rng: np.random.Generator, plaques: int, visits: Visits) -> FloatArray:
    """Return the share of each plaque that has its myelin back at each visit [visits, plaques].

    Each person has a tendency; plaques follow it unevenly, and some lose again what they had.
    """
    tendency = rng.beta(1.6, 2.0)
    state = rng.beta(1.2, 4.0, plaques)
    states = [state]
    for gap in np.diff(visits.years):
        step = 0.45 * gap * (tendency - 0.3) + rng.normal(0, 0.14, plaques)
        state = np.clip(state + step, 0, 1)
        states.append(state)
    return np.stack(states)


def dynamic_remyelination(first: Float32Array, last: Float32Array) -> float:
    """Return the share of voxels demyelinated (at least 0.5) in the first map and not in the last; 0 if none."""
    bare = first >= 0.5
    return float((last[bare] < 0.5).mean()) if bare.any() else 0.0


def disability(
    rng: np.random.Generator, remyelination: float, age_years: float, sex: str, lesion_volume_ml: float
) -> float:
    """Return the EDSS of the formula above, in steps of 0.5 from 0 to 10."""
    c = EDSS_COEFFICIENTS
    score = (
        c["intercept"]
        + c["dynamic_remyelination"] * remyelination
        + c["age_years_over_46"] * (age_years - 46)
        + c["man"] * (sex == "M")
        + c["ln_lesion_volume_over_10_ml"] * np.log(max(lesion_volume_ml, 0.1) / 10)
        + rng.normal(0, EDSS_NOISE)
    )
    return float(np.round(2 * np.clip(score, 0, 10)) / 2)
