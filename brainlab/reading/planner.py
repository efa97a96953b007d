"""How wide the intervals of a study will be, by simulation, before anyone reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from brainlab.errors import InputError
from brainlab.reading.accuracy import stratified_share, wilson
from brainlab.reading.agreement import cohens_kappa
from brainlab.reading.design import Protocol
from brainlab.types import FloatArray, IntArray

REPETITIONS = 300


@dataclass(frozen=True)
class Plan:
    """Expected full widths (high minus low) of 95% intervals.

    kappa: Cohen's kappa of a pair of readers under the assumptions; None with one reader.
    kappa_width: None where no repetition has an interval. accuracy_width: of one reader over all cases.
    source_width: of 'called real' in the smallest source, in which half are called real (the widest it can be).
    """

    kappa: float | None
    kappa_width: float | None
    accuracy_width: float
    source_width: float


def plan(
    protocol: Protocol,
    *,
    sensitivity: float = 0.8,
    specificity: float = 0.6,
    kappa: float = 0.5,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> Plan:
    """Simulate readers of a protocol and return the widths of their intervals.

    sensitivity, specificity: share of real and fake cases that a reader calls rightly. kappa: agreement of two
    readers; a value that the shares alone exceed is raised to what they imply. Readers share a case's draw with such a
    probability that this kappa results. Raises InputError for shares outside 0 to 1.
    """
    for name, value in (("sensitivity", sensitivity), ("specificity", specificity), ("kappa", kappa)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} must lie between 0 and 1; came {value}")
    sizes = np.array([source.n for source in protocol.sources])
    called = np.array([sensitivity if source.truth == "real" else 1 - specificity for source in protocol.sources])
    right = np.array([source.truth == "real" for source in protocol.sources])
    shared, expected = _sharing(sizes / sizes.sum(), called, kappa)
    random = np.random.default_rng(seed)
    kappa_widths, accuracy_widths = [], []
    for _ in range(repetitions):
        answers = _read(np.repeat(called, sizes), shared, random)
        table = np.array([[np.sum((answers[0] == i) & (answers[1] == j)) for j in (0, 1)] for i in (0, 1)])
        estimate = cohens_kappa(table)
        if estimate.low is not None and estimate.high is not None:
            kappa_widths.append(estimate.high - estimate.low)
        correct = answers[0] == np.repeat(right, sizes)
        ends = np.cumsum(sizes)
        strata = [(int(correct[end - n : end].sum()), int(n)) for end, n in zip(ends, sizes, strict=True)]
        accuracy = stratified_share(strata)
        accuracy_widths.append((accuracy.high or 0.0) - (accuracy.low or 0.0))
    smallest = int(sizes.min())
    pair = len(protocol.readers) > 1
    return Plan(
        kappa=expected if pair else None,
        kappa_width=float(np.mean(kappa_widths)) if pair and kappa_widths else None,
        accuracy_width=float(np.mean(accuracy_widths)),
        source_width=share_width(0.5, smallest),
    )


def share_width(share: float, n: int) -> float:
    """Full width of Wilson's interval of an expected share of `n` answers."""
    interval = wilson(round(share * n), n)
    return (interval.high or 0.0) - (interval.low or 0.0)


def _sharing(weights: FloatArray, called: FloatArray, kappa: float) -> tuple[float, float]:
    """Return the correlation of two readers within a source that gives `kappa`, and the kappa that results.

    Within a source two readers agree with probability q^2 + (1 - q)^2 + 2 r q (1 - q), so kappa is linear in r.
    """
    share = float(weights @ called)
    chance = share**2 + (1 - share) ** 2
    if chance == 1:
        return 0.0, 0.0
    spread = float(weights @ (called * (1 - called)))
    without = (float(weights @ (called**2 + (1 - called) ** 2)) - chance) / (1 - chance)
    slope = 2 * spread / (1 - chance)
    correlation = 0.0 if slope == 0 else float(np.clip((kappa - without) / slope, 0, 1))
    return correlation, without + slope * correlation


def _read(called: Sequence[float] | FloatArray, correlation: float, random: np.random.Generator) -> IntArray:
    """Draw the answers of two readers, [2, cases], 1 for 'real'."""
    cases = len(called)
    common = random.random(cases) < called
    own = random.random((2, cases)) < called
    copies = random.random((2, cases)) < np.sqrt(correlation)
    return np.where(copies, common, own).astype(int)
