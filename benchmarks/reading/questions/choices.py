"""Simulated forced choices among m images whose population values are known.

Reader r chooses the right image of case i from source s when level_rs + sqrt(rho) c_i + sqrt(1 - rho) e_ri > 0, c and e
standard normal, so that the share of correct choices is Phi(level_rs), which a d' of m images leads to. A reader who
is wrong takes, with chance LURE, the image that misleads everybody in that case, and else the first of the wrong ones
on the screen, where images stand in an order of each reader's own. Population values follow by integrating over c.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import special

from brainlab.measures.accuracy import stratified_share, wilson
from brainlab.measures.agreement import category_counts
from brainlab.measures.estimate import Estimate
from brainlab.measures.forced_choice import choice_d_prime, choice_kappa, exact_share, expected_share
from brainlab.reading.protocol.questions import ALTERNATIVES, Question
from brainlab.reading.statistics.mrmc import mean_accuracy

READERS = (3, 5)
"""Numbers of readers over whom means are taken; one reader's figures are those of the first."""

SHARED, LURE = 0.5, 0.3
"""Correlation of two readers in a case, and how often the wrong choice is the one that misleads everybody."""


CASES = (20, 50, 100)
D_PRIMES = {"guessing": (0.0, 0.0, 0.0), "moderate": (1.0, 0.6, 1.4), "easy": (2.5, 2.0, 3.0)}
D_GRID = np.linspace(-4, 8, 12_001)
NODES = np.linspace(-8, 8, 161)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.exp(-(NODES**2) / 2).sum()

Key = tuple[str, str, str]
"""Figure, whom and of which source, as in the report's rows."""

Found = dict[Key, tuple[Estimate, float]]
"""Every interval of a study, with the population value."""


@dataclass(frozen=True)
class Choices:
    """m images, so many cases shared among sources by turns; spread: standard deviation of readers' levels."""

    images: int
    d_primes: tuple[float, ...]
    cases: int
    spread: float
    name: str = ""

    @property
    def title(self) -> str:
        """Describe the scenario in one line."""
        apart = "apart" if self.spread else "alike"
        return f"{self.images} images, {self.name}, {len(self.d_primes)} sources, {self.cases} cases, readers {apart}"

    @property
    def levels(self) -> np.ndarray:
        """Levels of an average reader, [sources]."""
        return special.ndtri([expected_share(d, self.images) for d in self.d_primes])

    @property
    def strata(self) -> np.ndarray:
        """Source of each case."""
        return np.arange(self.cases) % len(self.d_primes)


def scenarios() -> list[Choices]:
    """Forced choices from guessing to easy, by readers who differ, and of fifty cases by equal ones."""
    return [
        Choices(images, d_primes[:sources], cases, spread, name)
        for images, (name, d_primes), sources, cases, spread in product(
            ALTERNATIVES, D_PRIMES.items(), (1, 3), CASES, (0.25, 0.0)
        )
        if spread or cases == 50
    ]


@dataclass(frozen=True)
class Choosing:
    """One study: which image each reader took, sealed and on the screen, from 0; which was right; readers' levels.

    chosen, shown: [cases, readers]. truth: [cases]. levels: [readers, sources].
    """

    chosen: np.ndarray
    shown: np.ndarray
    truth: np.ndarray
    levels: np.ndarray


def draw(scenario: Choices, readers: int, random: np.random.Generator) -> Choosing:
    """Draw readers and cases."""
    n, m, strata = scenario.cases, scenario.images, scenario.strata
    levels = scenario.levels + scenario.spread * random.standard_normal((readers, 1))
    sensed = np.sqrt(SHARED) * random.standard_normal((n, 1))
    sensed = sensed + np.sqrt(1 - SHARED) * random.standard_normal((n, readers)) + levels[:, strata].T
    truth = random.integers(m, size=n)
    lure = (truth + random.integers(1, m, size=n)) % m
    places = random.permuted(np.broadcast_to(np.arange(m), (n, readers, m)), axis=2)  # of each image on the screen
    wrong = np.where(np.arange(m) == truth[:, None, None], m, places)
    first = np.where(random.random((n, readers)) < LURE, lure[:, None], wrong.argmin(axis=2))
    chosen = np.where(sensed > 0, truth[:, None], first)
    return Choosing(chosen, np.take_along_axis(places, chosen[..., None], axis=2)[..., 0], truth, levels)


@lru_cache(maxsize=100_000)
def exact(successes: int, n: int) -> Estimate:
    """Return `exact_share`, remembered."""
    return exact_share(successes, n)


@lru_cache(maxsize=100_000)
def plain(successes: int, n: int) -> Estimate:
    """Return `wilson`, remembered."""
    return wilson(successes, n)


@lru_cache(maxsize=100_000)
def d_prime_of(share: Estimate, images: int) -> Estimate:
    """Return `choice_d_prime`, remembered."""
    return choice_d_prime(share, images)


@lru_cache
def shares_of_d_primes(images: int) -> np.ndarray:
    """Share of correct choices of each of D_GRID."""
    return np.array([expected_share(d_prime, images) for d_prime in D_GRID.tolist()])


def d_prime_at(share: float, images: int) -> float:
    """D' of a population share of correct choices."""
    return float(np.interp(share, shares_of_d_primes(images), D_GRID))


def kappa_of(levels: np.ndarray, weights: np.ndarray, images: int) -> float:
    """Population value of Fleiss' kappa of these readers, [readers, sources]; every image is chosen equally often."""
    right = special.ndtr((levels[..., None] + np.sqrt(SHARED) * NODES) / np.sqrt(1 - SHARED))  # [readers, sources, c]
    alike = LURE**2 + (1 - LURE**2) / (images - 1)
    agree = [
        ((right[a] * right[b] + (1 - right[a]) * (1 - right[b]) * alike) @ WEIGHTS) @ weights
        for a, b in combinations(range(len(levels)), 2)
    ]
    return float((np.mean(agree) - 1 / images) / (1 - 1 / images))


def figures(scenario: Choices, study: Choosing) -> Found:
    """All intervals of one study: those of the first reader, and those of the first few."""
    found = _of_one(scenario, study)
    strata, m = scenario.strata, scenario.images
    weights = np.bincount(strata) / len(strata)
    right = (study.chosen == study.truth[:, None]).astype(float)
    shares = special.ndtr(study.levels) @ weights
    of_all = float(special.ndtr(scenario.levels / np.sqrt(1 + scenario.spread**2)) @ weights)
    for readers in (number for number in READERS if number <= right.shape[1]):
        mean = mean_accuracy(right[:, :readers], strata.astype(str))
        whom = f"{readers} readers"
        found["correct choices, mean of these readers", whom, "all"] = (
            mean.these_readers,
            float(shares[:readers].mean()),
        )
        found["correct choices, mean of readers like these", whom, "all"] = mean.other_readers, of_all
        if readers > 2:
            kappa = choice_kappa(category_counts(study.chosen[:, :readers], m), strata)
            truth = kappa_of(study.levels[:readers], weights, m)
            found["Fleiss' kappa of the chosen image", whom, "all"] = kappa, truth
    return found


def _of_one(scenario: Choices, study: Choosing) -> Found:
    """Intervals of the first reader."""
    found: Found = {}
    strata, m = scenario.strata, scenario.images
    sizes, right = np.bincount(strata), study.chosen[:, 0] == study.truth
    hits, shares = np.bincount(strata, right).astype(int), special.ndtr(study.levels[0])
    overall = float(shares @ sizes / sizes.sum())
    for source, (hit, size, share) in enumerate(zip(hits.tolist(), sizes.tolist(), shares.tolist(), strict=True)):
        estimate = exact(hit, size)
        found["correct choices", "R0", f"source {source}"] = estimate, share
        found["d'", "R0", f"source {source}"] = d_prime_of(estimate, m), d_prime_at(share, m)
    if len(sizes) > 1:
        estimate = stratified_share(zip(hits.tolist(), sizes.tolist(), strict=True))
        found["correct choices", "R0", "all"] = estimate, overall
        found["d'", "R0", "all"] = d_prime_of(estimate, m), d_prime_at(overall, m)
    spread_evenly = (overall + (1 - overall) * LURE) / m
    for place in range(m):
        first = (1 - overall) * (1 - LURE) * ((m - 1) / m if place == 0 else 1 / m if place == 1 else 0)
        count = int((study.shown[:, 0] == place).sum())
        found[f"chose image {place + 1}", "R0", "all"] = plain(count, len(strata)), spread_evenly + first
    return found


def as_table(scenario: Choices, study: Choosing) -> tuple[Question, pd.DataFrame]:
    """Lay a study out as the report takes it."""
    case, reader = np.indices(study.chosen.shape).reshape(2, -1)
    places = np.arange(1, scenario.images + 1).astype(str)
    frame = pd.DataFrame(
        {
            "reader": [f"R{number}" for number in reader],
            "case": [f"{number:03d}" for number in case],
            "phase": "main",
            "round": 1,
            "answer": places[study.chosen.ravel()],
            "answer_shown": places[study.shown.ravel()],
            "truth": places[study.truth[case]],
            "source": [f"source {number}" for number in scenario.strata[case]],
        }
    )
    return Question(key="which", kind="alternatives", text="Which is real?", images=scenario.images), frame
