"""Simulated rankings of the images of k sources whose population values are known.

How real reader r finds the image of source s in case i: mu_s + sqrt(rho) c_is + sqrt(1 - rho) e_ris, c and e standard
normal. Images are ranked by it (Thurstone's model), and population values follow from the normal distribution.
"""

import json
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import special

from benchmarks.reading.questions.choices import CASES, NODES, WEIGHTS, Found, plain
from benchmarks.reading.simulated_answers import both_real
from brainlab.measures.ranks import mean_rank, mean_rank_correlation
from brainlab.reading.protocol.questions import RANKING, Question

REALISM = {
    "equal": (0.0, 0.0, 0.0, 0.0, 0.0),
    "two equal": (0.7, 0.0, 0.0, -0.5, -0.5),
    "unequal": (0.8, 0.0, 0.3, -0.4, -0.8),
    "easy": (3.0, 0.0, 0.5, -0.5, -1.0),
}
"""How real the images of each source look on average."""


@dataclass(frozen=True)
class Rankings:
    """One image of each source a case; shared: correlation of two readers' impressions of an image."""

    name: str
    realism: tuple[float, ...]
    cases: int
    shared: float

    @property
    def title(self) -> str:
        """Describe the scenario in one line."""
        return f"{len(self.realism)} images ranked, {self.name}, {self.cases} cases, correlation {self.shared}"


def scenarios() -> list[Rankings]:
    """Two, three and five sources, equal and unequal, readers who agree by chance and nearly always."""
    return [
        Rankings(name, realism[:sources], cases, shared)
        for sources, (name, realism), cases, shared in product((2, 3, 5), REALISM.items(), CASES, (0.0, 0.8))
        if (sources, name) != (2, "two equal")
    ]


def draw(scenario: Rankings, readers: int, random: np.random.Generator) -> np.ndarray:
    """Draw each reader's ranks of the sources, 1 the most real: [readers, cases, sources]."""
    shape = (scenario.cases, len(scenario.realism))
    common = np.sqrt(scenario.shared) * random.standard_normal(shape)
    own = np.sqrt(1 - scenario.shared) * random.standard_normal((readers, *shape))
    sensed = np.array(scenario.realism) + common + own
    return (-sensed).argsort(axis=2).argsort(axis=2) + 1


def truths(scenario: Rankings) -> dict[str, np.ndarray]:
    """Population values: `above` [sources, sources], `rank` and `first` [sources], `spearman`."""
    mu = np.array(scenario.realism)
    k = len(mu)
    gaps = (mu[:, None] - mu) / np.sqrt(2)
    above = special.ndtr(gaps)
    np.fill_diagonal(above, 0)
    rank = 1 + above.sum(axis=0)
    others = [special.ndtr(NODES + mu[s] - np.delete(mu, s)[:, None]).prod(axis=0) for s in range(k)]
    # Sum of rank products of two readers: ranks count the sources above, and two such events share c_is.
    joint = sum(
        both_real(gaps[t, s], gaps[u, s], scenario.shared if t == u else scenario.shared / 2)
        for s in range(k)
        for t, u in product(range(k), repeat=2)
        if s not in (t, u)
    )
    products = k + 2 * above.sum() + joint
    squares = 2 * k * (k + 1) * (2 * k + 1) / 6 - 2 * products
    return {
        "above": above,
        "rank": rank,
        "first": np.array(others) @ WEIGHTS,
        "spearman": np.array(1 - 6 * squares / (k**3 - k)),
    }


def figures(ranks: np.ndarray, known: dict[str, np.ndarray]) -> Found:
    """All intervals of the first reader, and of the first with the second."""
    found: Found = {}
    _, n, k = ranks.shape
    own = ranks[0]
    both = mean_rank_correlation(*ranks[:2].astype(float))
    found["mean rank correlation (Spearman)", "R0 and R1", "all"] = both, float(known["spearman"])
    for s in range(k):
        mean = mean_rank(own[:, s].astype(float), k)
        found["mean rank (1: most real)", "R0", f"source {s}"] = mean, float(known["rank"][s])
        first = plain(int((own[:, s] == 1).sum()), n)
        found["ranked most real", "R0", f"source {s}"] = first, float(known["first"][s])
    for s, t in combinations(range(k), 2):
        above = plain(int((own[:, s] < own[:, t]).sum()), n)
        found[f"ranked above source {t}", "R0", f"source {s}"] = above, float(known["above"][s, t])
    return found


def as_table(ranks: np.ndarray, random: np.random.Generator) -> tuple[Question, pd.DataFrame]:
    """Lay a study out as the report takes it, images sealed in an order drawn by lot."""
    readers, n, k = ranks.shape
    sealed = random.permuted(np.broadcast_to(np.arange(k), (n, k)), axis=1)  # source at each place
    case, reader = np.indices((n, readers)).reshape(2, -1)
    places = [np.argsort(ranks[r, c][sealed[c]]) + 1 for c, r in zip(case, reader, strict=True)]
    frame = pd.DataFrame(
        {
            "reader": [f"R{number}" for number in reader],
            "case": [f"{number:03d}" for number in case],
            "phase": "main",
            "round": 1,
            "answer": [",".join(map(str, order)) for order in places],
            "truth": [json.dumps([f"source {s}" for s in sealed[c]]) for c in case],
            "source": "all sources",
        }
    )
    return replace(RANKING, images=k), frame
