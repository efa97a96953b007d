"""How wide the intervals of a study will be, by simulation, before anyone reads."""

from dataclasses import dataclass, fields

import numpy as np

from brainlab.errors import InputError
from brainlab.measures.accuracy import stratified_share, wilson
from brainlab.measures.agreement import MISSING, category_counts, fleiss_kappa, sampled_kappa
from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.allotment import allot
from brainlab.reading.protocol.design import Protocol
from brainlab.reading.statistics.mrmc import mean_accuracy
from brainlab.types import FloatArray, IntArray

REPETITIONS = 300


@dataclass(frozen=True)
class Plan:
    """Expected full widths (high minus low) of 95% intervals, each by the function that the report uses.

    kappa: Cohen's kappa of a pair of readers under the assumptions; None with one reader.
    kappa_width: None where no repetition has an interval; in a pool that is shared out, of any two readers, who share
        more cases or fewer. accuracy_width: of one reader over all cases that this reader reads.
    source_width: of 'called real' in the smallest source, in which half are called real (the widest it can be).
    fleiss_width: of Fleiss' kappa of all readers (which is then `kappa` too), in a pool of the anchors; None with fewer
        than three.
    mean_accuracy_width: of the accuracy averaged over these readers; None with one reader. For other readers like them
        it is wider by how much readers differ, which nobody knows beforehand.
    repeat_kappa: intra-reader kappa under the assumptions, None without hidden repeats.
    repeat_kappa_width: of Cohen's kappa over the hidden repeats; None where no repetition has an interval.
    """

    kappa: float | None
    kappa_width: float | None
    accuracy_width: float
    source_width: float
    fleiss_width: float | None = None
    mean_accuracy_width: float | None = None
    repeat_kappa: float | None = None
    repeat_kappa_width: float | None = None


def plan(
    protocol: Protocol,
    *,
    sensitivity: float = 0.8,
    specificity: float = 0.6,
    kappa: float = 0.5,
    self_kappa: float = 0.7,
    repetitions: int = REPETITIONS,
    seed: int = 0,
) -> Plan:
    """Simulate readers of a protocol and return the widths of their intervals.

    sensitivity, specificity: share of real and fake cases that a reader classifies correctly. kappa: agreement of two
    readers, self_kappa: intra-reader kappa on hidden repeats; a value that the shares alone exceed is raised to
    what they imply. Readers share a case's draw with such a probability that this kappa results. Raises InputError for
    shares outside 0 to 1.
    """
    assumed = {"sensitivity": sensitivity, "specificity": specificity, "kappa": kappa, "self_kappa": self_kappa}
    for name, value in assumed.items():
        if not 0 <= value <= 1:
            raise InputError(f"{name} must lie between 0 and 1, got {value}")
    sizes = np.array([source.n for source in protocol.sources])
    strata = np.repeat(np.arange(len(sizes)), sizes)
    names = [protocol.sources[source].name for source in strata]
    called = np.array([sensitivity if source.truth == "real" else 1 - specificity for source in protocol.sources])
    real = np.array([source.truth == "real" for source in protocol.sources])[strata]
    between, expected = _sharing(sizes / sizes.sum(), called, kappa)
    within, repeated = _sharing(sizes / sizes.sum(), called, self_kappa)
    random = np.random.default_rng(seed)
    readers, repeats = len(protocol.readers), protocol.repeats
    widths: dict[str, list[float]] = {field.name: [] for field in fields(Plan) if field.name.endswith("_width")}

    def measure(name: str, estimate: Estimate) -> None:
        if estimate.low is not None and estimate.high is not None:
            widths[name].append(estimate.high - estimate.low)

    for _ in range(repetitions):
        reads = allot(names, readers, protocol.allocation, random).T  # [readers, cases]
        answers = np.where(reads, _read(called[strata], between, random, readers), MISSING)
        right = np.where(reads, answers == real, np.nan)
        correct, own = (np.bincount(strata[reads[0]], said[reads[0]]).astype(int) for said in (right[0], reads[0]))
        measure("accuracy_width", stratified_share(zip(correct.tolist(), own.tolist(), strict=True)))
        if readers > 1:
            measure("kappa_width", sampled_kappa(answers[0], answers[1], 2, strata))
            measure("mean_accuracy_width", mean_accuracy(right.T, strata).these_readers)
        everybody = reads.all(axis=0)
        if readers > 2 and everybody.any():
            counts = category_counts(answers.T[everybody], 2)
            measure("fleiss_width", fleiss_kappa(counts, strata[everybody]))
        if repeats:
            looks = _read(called[random.permutation(strata)[:repeats]], within, random, 2)
            measure("repeat_kappa_width", sampled_kappa(looks[0], looks[1], 2))
    each = protocol.cases_each / protocol.cases if protocol.cases else 1.0
    widths["source_width"] = [share_width(0.5, max(1, round(int(sizes.min()) * each)))]
    mean = {name: float(np.mean(values)) if values else None for name, values in widths.items()}
    return Plan(
        kappa=expected if readers > 1 else None,
        repeat_kappa=repeated if repeats else None,
        **mean,  # type: ignore[arg-type]
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


def _read(called: FloatArray, correlation: float, random: np.random.Generator, readers: int = 2) -> IntArray:
    """Draw the answers of readers, [readers, cases], 1 for 'real'; any two of them correlate alike within a source."""
    cases = len(called)
    common = random.random(cases) < called
    own = random.random((readers, cases)) < called
    copies = random.random((readers, cases)) < np.sqrt(correlation)
    return np.where(copies, common, own).astype(int)
