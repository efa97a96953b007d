"""Simulated answers to scales, choices and places whose population values are known.

What reader r senses of case i from source s is mu_s + bias_r + sqrt(rho) c_i + sqrt(1 - rho) e_ri, c and e standard
normal; cuts turn it into one of the answers. Two readers' places of a finding lie around it, each normal in both
directions, and so within a distance with a chance that Rayleigh's distribution gives.
"""

import json
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from benchmarks.reading.questions.choices import CASES, NODES, WEIGHTS, Found
from brainlab.measures.accuracy import stratified_share
from brainlab.measures.agreement import sampled_kappa
from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.questions import Question
from brainlab.reading.statistics.questions.further import TOLERANCE_MM

SCALE = Question(key="quality", kind="scale", text="How good?")
CHOICE = Question(key="artefact", kind="choice", text="Which artefact?", options=("none", "blur", "noise"))
PLACE = Question(key="where", kind="place", text="Where?")
LEVELS = {"even": (0.0, 0.6, -0.6), "lopsided": (-1.3, -1.0, -1.6), "far apart": (0.0, 2.0, -2.0)}
BIAS = np.array([0.0, 0.3])
ERROR_MM = {"even": (6.0, 4.0, 9.0), "lopsided": (3.0, 3.0, 4.0), "far apart": (4.0, 2.0, 20.0)}
"""Standard deviation of a place in each direction, by source."""


@dataclass(frozen=True)
class Ratings:
    """Two readers' answers to one question about so many cases of some sources; shared: correlation of both readers."""

    question: Question
    name: str
    sources: int
    cases: int
    shared: float

    @property
    def title(self) -> str:
        """Describe the scenario in one line."""
        return f"{self.question.kind}, {self.name}, {self.sources} sources, {self.cases} cases, shared {self.shared}"

    @property
    def strata(self) -> np.ndarray:
        """Source of each case."""
        return np.arange(self.cases) % self.sources

    @property
    def levels(self) -> np.ndarray:
        """Mean of what either reader senses, [readers, sources]."""
        return np.array(LEVELS[self.name][: self.sources]) + BIAS[:, None]

    @property
    def cuts(self) -> np.ndarray:
        """Bounds between answers."""
        return np.array([-1.0, -0.3, 0.3, 1.0]) if self.question.kind == "scale" else np.array([-0.4, 0.6])


def scenarios() -> list[Ratings]:
    """Answers spread evenly, mostly the same, and different by source; readers who agree somewhat and nearly always."""
    return [
        Ratings(*parts)
        for parts in product((SCALE, CHOICE, PLACE), LEVELS, (1, 3), CASES, (0.3, 0.8))
        if parts[0] is not PLACE or parts[4] == 0.3
    ]


def draw(scenario: Ratings, random: np.random.Generator) -> np.ndarray:
    """Draw both readers' answers, from 0: [cases, readers]; of places where they are in mm: [cases, readers, 2]."""
    n, strata = scenario.cases, scenario.strata
    if scenario.question is PLACE:
        return np.array(ERROR_MM[scenario.name])[strata][:, None, None] * random.standard_normal((n, 2, 2))
    sensed = np.sqrt(scenario.shared) * random.standard_normal((n, 1))
    sensed = sensed + np.sqrt(1 - scenario.shared) * random.standard_normal((n, 2)) + scenario.levels[:, strata].T
    return np.digitize(sensed, scenario.cuts)


def answer_shares(scenario: Ratings) -> np.ndarray:
    """Chance of each answer given what both readers share of a case, [readers, sources, answers, c]."""
    edges = np.concatenate([[-np.inf], scenario.cuts, [np.inf]])[:, None] - np.sqrt(scenario.shared) * NODES
    scaled = (edges - scenario.levels[..., None, None]) / np.sqrt(1 - scenario.shared)
    return np.diff(special.ndtr(scaled), axis=-2)


def truths(scenario: Ratings) -> dict[tuple[str, str], float]:
    """Population value of every figure, by its name and source."""
    kind, weights = scenario.question.kind, np.bincount(scenario.strata) / scenario.cases
    if kind == "place":
        figure = f"within {TOLERANCE_MM:g} mm"
        errors = np.array(ERROR_MM[scenario.name][: scenario.sources])
        near = 1 - np.exp(-(TOLERANCE_MM**2) / (4 * errors**2))
        return {(figure, "all"): float(near @ weights)} | {
            (figure, f"source {s}"): float(p) for s, p in enumerate(near)
        }
    first, second = answer_shares(scenario)
    table = np.einsum("sac,sbc,c,s->ab", first, second, WEIGHTS, weights)
    k = len(table)
    apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) if kind == "scale" else 1 - np.eye(k)
    kappa = float(1 - (apart * table).sum() / (apart * np.outer(table.sum(axis=1), table.sum(axis=0))).sum())
    if kind == "scale":
        return {("weighted kappa (linear)", "all"): kappa}
    known = {("kappa", "all"): kappa}
    for option, chances in zip(CHOICE.options, np.moveaxis(first @ WEIGHTS, 1, 0), strict=True):
        known[f"answered {option}", "all"] = float(chances @ weights)
        known |= {(f"answered {option}", f"source {s}"): float(p) for s, p in enumerate(chances)}
    return known


def figures(scenario: Ratings, answers: np.ndarray, known: dict[tuple[str, str], float]) -> Found:
    """All intervals of one study: those of the first reader, and of both together."""
    strata, kind = scenario.strata, scenario.question.kind
    if kind == "place":
        gaps = np.linalg.norm(answers[:, 0] - answers[:, 1], axis=-1)
        return _shares(f"within {TOLERANCE_MM:g} mm", "R0 and R1", gaps <= TOLERANCE_MM, strata, known)
    k = len(scenario.cuts) + 1
    if kind == "scale":
        kappa: Estimate = sampled_kappa(answers[:, 0], answers[:, 1], k, strata, "linear")
        figure = "weighted kappa (linear)"
        return {(figure, "R0 and R1", "all"): (kappa, known[figure, "all"])}
    found: Found = {}
    found["kappa", "R0 and R1", "all"] = sampled_kappa(answers[:, 0], answers[:, 1], k, strata), known["kappa", "all"]
    for number, option in enumerate(CHOICE.options):
        found |= _shares(f"answered {option}", "R0", answers[:, 0] == number, strata, known)
    return found


def _shares(figure: str, whom: str, hits: np.ndarray, strata: np.ndarray, known: dict[tuple[str, str], float]) -> Found:
    """Shares of hits over all sources and of each, as the report takes them."""
    found = {}
    for source in ("all", *np.unique(strata)):
        own = slice(None) if source == "all" else strata == source
        name = source if source == "all" else f"source {source}"
        counts = zip(np.bincount(strata[own], hits[own]).astype(int), np.bincount(strata[own]), strict=True)
        found[figure, whom, name] = stratified_share((int(hit), int(n)) for hit, n in counts), known[figure, name]
    return found


def as_table(scenario: Ratings, answers: np.ndarray) -> tuple[Question, pd.DataFrame]:
    """Lay a study out as the report takes it, behind a first question that says nothing."""
    case, reader = np.indices(answers.shape[:2]).reshape(2, -1)
    if scenario.question is PLACE:
        values = [json.dumps({"voxel": [0, 0], "mm": mm, "plane": "axial"}) for mm in answers[case, reader].tolist()]
    else:
        values = [scenario.question.values[code] for code in answers[case, reader]]
    frame = pd.DataFrame(
        {
            "reader": [f"R{number}" for number in reader],
            "case": [f"{number:03d}" for number in case],
            "phase": "main",
            "round": 1,
            "answer": "real",
            "truth": "real",
            "source": [f"source {number}" for number in scenario.strata[case]],
            scenario.question.key: values,
        }
    )
    return scenario.question, frame
