"""Two runs metric by metric: the difference with its interval, where both were measured on the same images."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.measurement import Parts
from brainlab.evaluation.registry import Better
from brainlab.evaluation.scores import Score
from brainlab.experiments.evaluation.run_scores import scores_of
from brainlab.measures.estimate import RESAMPLES, Estimate
from brainlab.measures.mean_difference import paired_difference, unpaired_difference
from brainlab.ranges import refuse_out_of_range
from brainlab.runs.evaluation_values import EvaluationValues, read_values
from brainlab.runs.run import Run

SHARED = "of the held-out scans alone, which both runs share"
UNDEFINED = "undefined: "
NO_VALUES = "no interval: a run has no values of single images; run 'brainlab evaluate' again"
NO_MEAN = "no interval: no mean over independent images"
"""Such as the mean distance to the nearest other sample: as of independent values, its interval would be 1.8 times too
narrow for normal numbers of 256 dimensions."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A metric of two runs. value, other: of each, None where undefined. difference: value - other.

    low, high: its 95% interval. n: images of each run; people: who were resampled, where values are paired by scan.
    lead: which run is better, where the interval excludes 0 and the metric has a direction. reason: why something is
    None.
    """

    metric: str
    value: float | None
    other: float | None
    better: Better
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    people: int | None = None
    reason: str | None = None

    @property
    def lead(self) -> Literal["run", "other"] | None:
        if self.low is None or self.high is None or self.better == "none" or self.low <= 0 <= self.high:
            return None
        return "run" if (self.low > 0) == (self.better == "higher") else "other"

    def to_json(self) -> dict[str, Any]:
        """Return the fields but the name, and the lead."""
        return {**{name: value for name, value in asdict(self).items() if name != "metric"}, "lead": self.lead}


@dataclass(frozen=True)
class Comparison:
    """Differences in the order of the registry. gaps: a line a run whose values of single images cannot be read."""

    differences: tuple[Difference, ...]
    gaps: tuple[str, ...]

    def refuse_nothing(self) -> None:
        """Raise InputError, with the reason, where no metric has a difference."""
        if any(one.difference is not None for one in self.differences):
            return
        reasons = [one.reason for one in self.differences if one.reason and not one.reason.startswith(UNDEFINED)]
        # What most metrics say: one of its own may have another reason.
        reason = Counter(reasons).most_common(1)[0][0] if reasons else "they share no metric with a value"
        raise InputError(
            f"needs two runs that were measured alike, got none such metric: {reason}; run 'brainlab evaluate' on both "
            "with the same --data, --n and --seed"
        )


def compare_runs(run: Run, other: Run, *, seed: int = 0) -> Comparison:
    """Compare the evaluations of two runs.

    Metrics of held-out scans, such as the error of reconstructions, are compared scan by scan, and whole people are
    resampled, 2,000 times; metrics of samples by resampling the samples of each run by themselves. Differences that
    cannot be had, or have no interval, say why. Each interval holds for its metric alone: of twenty, one excludes 0 by
    chance.
    Raises InputError where a run was not evaluated, or was trained on since, is compared with itself, or the seed is
    out of range.
    """
    refuse_out_of_range({"seed": seed})
    if run.folder.resolve() == other.folder.resolve():
        raise InputError(f"{run.folder}: needs another run to be compared with, got the same twice; name another")
    ours, theirs = (scores_of(one) for one in (run, other))
    values = [_values(one) for one in (run, other)]
    gaps = dict.fromkeys(found for found in values if isinstance(found, str))
    differences = (_difference(ours[name], theirs[name], values, seed) for name in ours if name in theirs)
    return Comparison(tuple(differences), tuple(gaps))


def compared_by(seed: int) -> dict[str, Any]:
    """Return the settings of `compare_runs`."""
    return {
        "interval": "95%, bootstrap percentiles moved outwards as Student's distribution is wider than the normal",
        "resamples": RESAMPLES,
        "seed": seed,
        "paired": "metrics of held-out scans: scan by scan, whole people resampled",
        "unpaired": "metrics of samples: the samples of each run resampled by themselves, given the scans",
        "caution": "each interval holds for its metric alone, and for these two trained networks",
    }


def _values(run: Run) -> EvaluationValues | str:
    try:
        return read_values(run)
    except InputError as error:
        return str(error)


def _difference(one: Score, other: Score, values: list[EvaluationValues | str], seed: int) -> Difference:
    # A flow's error has no direction, and so none beside that of a run that loses something.
    better = one.better if one.better == other.better else "none"
    base = Difference(metric=one.metric, value=one.value, other=other.value, better=better)

    def because(reason: str | None, **changes: Any) -> Difference:
        return replace(base, reason=reason, **changes)

    if one.value is None or other.value is None:
        undefined = dict.fromkeys(score.undefined for score in (one, other) if score.value is None)
        return because(UNDEFINED + "; ".join(undefined))
    if one.alike != other.alike:
        return because(_apart(one, other))
    if one.metric.endswith("_real"):
        return because(SHARED)
    plain = {"difference": one.value - other.value, "n": one.n}
    ours, theirs = values
    if isinstance(ours, str) or isinstance(theirs, str):
        return because(NO_VALUES, **plain)
    first, second = ours.parts.get(one.metric), theirs.parts.get(one.metric)
    if first is None or second is None:
        return because(NO_MEAN, **plain)
    if first.of == "real" and not _same_scans(ours, theirs, first, second):
        return because("measured on other scans of the same data")
    found = _estimate(ours, first, second, seed)
    people = found.n if first.of == "real" else None
    interval = {"low": found.low, "high": found.high, "people": people}
    return because(found.reason, difference=found.value, n=one.n, **interval)


def _estimate(values: EvaluationValues, first: Parts, second: Parts, seed: int) -> Estimate:
    if first.of == "generated":
        return unpaired_difference(first.values, second.values, seed=seed)
    people = values.people if first.rows is None else values.people[first.rows]
    return paired_difference(first.values, second.values, people, seed=seed)


def _same_scans(ours: EvaluationValues, theirs: EvaluationValues, first: Parts, second: Parts) -> bool:
    """Whether the values of two runs are of the same scans in the same order."""
    one, other = (
        values.rows if parts.rows is None else values.rows[parts.rows]
        for values, parts in ((ours, first), (theirs, second))
    )
    return np.array_equal(one, other)


def _apart(one: Score, other: Score) -> str:
    """Say in what two scores were measured otherwise."""
    ours, theirs = one.conditions, other.conditions
    if ours.data_sha256 != theirs.data_sha256:
        return f"measured on other data: {ours.data} and {theirs.data}"
    if ours != theirs:
        return f"measured on other images: {ours}, and {theirs}"
    if one.n != other.n:
        return f"measured on other numbers of images: {one.n} and {other.n}"
    return "measured with other settings of the metric"
