"""Simulate studies of known truth, and count how often paired tests err and their intervals contain the truth.

    python -m benchmarks.reading.paired_tests [--repetitions N] [--readers R ...] [--seed S] [--json]

Fifty real cases, fifty of each of two generators; readers drawn anew for each study give signed confidence, 1 to 5.
Compared are the two generators, the same cases in two conditions, and a machine with the readers: under equal truth
(type I error of the test at 5%) and under unequal truth, for other readers (both readers and cases new), for these
readers, and for one of them (cases new). Population values follow from the normal distribution by quadrature. Every
interval comes from the function that the report calls; the first study of each scenario is also put through
`study_statistics`, which must give the same numbers.
"""

import argparse
import json
import time
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from benchmarks.reading.coverage_tally import NARROW, Rows, Tally
from benchmarks.reading.simulated_answers import CUTS
from brainlab.measures.accuracy import placements
from brainlab.measures.obuchowski_rockette import reader_test
from brainlab.measures.reader_difference import (
    ReaderDifference,
    placement_difference,
    placement_difference_of_groups,
    share_difference,
    share_difference_of_groups,
)
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.reading.statistics.study_statistics import study_statistics

N = 50
REAL = slice(0, N)
GROUPS = (slice(N, 2 * N), slice(2 * N, 3 * N))
SOURCE = np.repeat(["people", "a", "b"], N)
STRATA = np.repeat([0, 1, 2], N)
LEVEL, ERRORS = 0.05, (0.04, 0.06)
EDGES = np.concatenate([[-np.inf], -CUTS[::-1], [0.0], CUTS, [np.inf]])
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(9)


@dataclass(frozen=True)
class Scenario:
    """How far real cases and those of either generator lie from the threshold for an average reader.

    second: the same in the second condition. Readers' scores of a case correlate by rho, a reader's scores of one case
    in both conditions by .8. bias: standard deviation of readers' thresholds. spread: of a reader's level of each
    source and condition.
    """

    name: str
    first: tuple[float, float, float]
    second: tuple[float, float, float]
    rho: float = 0.5
    bias: float = 0.3
    spread: float = 0.1

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.first == self.second and self.first[1] == self.first[2]


def scenarios() -> list[Scenario]:
    """Equal and unequal truth, hard to easy, readers alike and apart."""
    found = []
    for (name, real, fake), spread in product(
        (("hard", 0.2, -0.2), ("moderate", 0.6, -0.6), ("easy", 1.4, -1.4)), (0.0, 0.1, 0.25)
    ):
        level = (real, fake, fake)
        found.append(Scenario(f"equal, {name}, spread {spread}", level, level, spread=spread))
    for (name, real, a, b), spread in product(
        (("moderate", 0.6, -0.6, -0.1), ("easy", 1.4, -1.4, -0.9)), (0.0, 0.1, 0.25)
    ):
        level, other = (real, a, b), (real + 0.25, a - 0.25, b - 0.25)
        found.append(Scenario(f"unequal, {name}, spread {spread}", level, other, spread=spread))
    return found


def area_of(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Population ROC area of signed confidence from readers' levels of real and of fake cases."""
    masses = [np.diff(special.ndtr(EDGES - level[..., None]), axis=-1) for level in (real, fake)]
    return (masses[0] * (np.cumsum(masses[1], axis=-1) - masses[1] / 2)).sum(axis=-1)


def mean_area(real: float, fake: float, scenario: Scenario) -> float:
    """Mean of `area_of` over all readers."""
    b, x, y = np.meshgrid(NODES, NODES, NODES, indexing="ij")
    weight = np.einsum("i,j,k->ijk", WEIGHTS, WEIGHTS, WEIGHTS)
    levels = [level + scenario.bias * b + scenario.spread * own for level, own in ((real, x), (fake, y))]
    return float((weight * area_of(*levels)).sum() / weight.sum())


def called(level: float, scenario: Scenario) -> float:
    """Share of a source that all readers together call real."""
    return float(special.ndtr(level / np.sqrt(1 + scenario.bias**2 + scenario.spread**2)))


@dataclass(frozen=True)
class Study:
    """One study: readers' scores in both conditions [cases, readers], the machine's [cases], readers' levels."""

    first: np.ndarray
    second: np.ndarray
    machine: np.ndarray
    levels: tuple[np.ndarray, np.ndarray]


def draw(scenario: Scenario, readers: int, apart: float, random: np.random.Generator) -> Study:
    """Draw readers and cases. apart: distance of the machine's means of real and fake scores."""
    bias = scenario.bias * random.standard_normal((readers, 1))
    levels = tuple(
        np.array(level) + bias + scenario.spread * random.standard_normal((readers, 3))
        for level in (scenario.first, scenario.second)
    )
    case = random.standard_normal(3 * N)[:, None]
    own = random.standard_normal((3 * N, readers))
    rest = 1 - scenario.rho
    kept = max(0.8 - scenario.rho, 0.0)
    sensed = [
        level[:, STRATA].T
        + np.sqrt(scenario.rho) * case
        + np.sqrt(kept) * own
        + np.sqrt(rest - kept) * random.standard_normal((3 * N, readers))
        for level in levels
    ]
    scores = [np.where(s > 0, 1.0, -1.0) * (np.digitize(np.abs(s), CUTS) + 1) for s in sensed]
    machine = apart * (STRATA == 0) + np.sqrt(scenario.rho) * case[:, 0] + np.sqrt(rest) * random.standard_normal(3 * N)
    return Study(scores[0], scores[1], machine, (levels[0], levels[1]))


def differences(study: Study, who: np.ndarray) -> dict[str, ReaderDifference]:
    """All comparisons of some readers, as the report makes them."""
    first, second = study.first[:, who], study.second[:, who]
    real, fakes = np.zeros(N, dtype=int), np.repeat([0, 1], N)
    groups = [placements(first[REAL], first[group]) for group in GROUPS]
    every = [placements(scores[REAL], scores[N:]) for scores in (first, second)]
    machine = placements(study.machine[REAL], study.machine[N:])[..., None]
    says = [np.where(np.isnan(scores), np.nan, scores > 0) for scores in (first, second)]
    right = [np.where(STRATA[:, None] == 0, said, 1 - said) for said in says]
    return {
        "generators, ROC area": placement_difference_of_groups(*groups, real),
        "generators, called real": share_difference_of_groups(*(says[0][group] for group in GROUPS)),
        "conditions, ROC area": placement_difference(every[0] - every[1], real, fakes),
        "conditions, accuracy": share_difference(right[0] - right[1], STRATA),
        "machine, ROC area": placement_difference(machine - every[0], real, fakes),
    }


def truths(scenario: Scenario) -> tuple[dict[str, float], float]:
    """Population value of every difference for all readers, and the distance of the machine's means."""
    areas = [[mean_area(level[0], fake, scenario) for fake in level[1:]] for level in (scenario.first, scenario.second)]
    shares = [[called(level, scenario) for level in levels] for levels in (scenario.first, scenario.second)]
    right = [np.mean([share[0], 1 - share[1], 1 - share[2]]) for share in shares]
    goal = float(np.mean(areas[0]))
    own = goal if scenario.equal else min(goal + 0.08, 0.995)
    values = {
        "generators, ROC area": areas[0][0] - areas[0][1],
        "generators, called real": shares[0][1] - shares[0][2],
        "conditions, ROC area": goal - float(np.mean(areas[1])),
        "conditions, accuracy": float(right[0] - right[1]),
        "machine, ROC area": own - goal,
    }
    return values, float(np.sqrt(2) * special.ndtri(own))


def truths_of_readers(study: Study, apart: float) -> dict[str, np.ndarray]:
    """What `truths` gives for each of the readers that were drawn: [readers]."""
    areas = [np.stack([area_of(level[:, 0], level[:, s]) for s in (1, 2)]) for level in study.levels]
    shares = [special.ndtr(level).T for level in study.levels]
    right = [(share[0] + 1 - share[1] + 1 - share[2]) / 3 for share in shares]
    return {
        "generators, ROC area": areas[0][0] - areas[0][1],
        "generators, called real": shares[0][1] - shares[0][2],
        "conditions, ROC area": areas[0].mean(axis=0) - areas[1].mean(axis=0),
        "conditions, accuracy": right[0] - right[1],
        "machine, ROC area": special.ndtr(apart / np.sqrt(2)) - areas[0].mean(axis=0),
    }


def as_table(study: Study) -> tuple[pd.DataFrame, MachineReader]:
    """Lay a study out as the report takes it."""
    parts = []
    for condition, scores in (("first", study.first), ("second", study.second)):
        case, reader = np.indices(scores.shape).reshape(2, -1)
        parts.append(
            pd.DataFrame(
                {
                    "reader": [f"R{number}" for number in reader],
                    "case": [f"{number:03d}" for number in case],
                    "condition": condition,
                    "answer": np.where(np.isnan(scores.ravel()), "", np.where(scores.ravel() > 0, "real", "fake")),
                    "confidence": np.abs(scores.ravel()),
                    "truth": np.where(case < N, "real", "fake"),
                    "source": SOURCE[case],
                }
            )
        )
    machine = MachineReader("machine", {f"{case:03d}": float(score) for case, score in enumerate(study.machine)})
    return pd.concat(parts, ignore_index=True), machine


def same_as_the_report(study: Study, readers: int) -> None:
    """Raise unless `study_statistics` gives the tests and intervals that this benchmark counts."""
    frame, machine = as_table(study)
    paired = study_statistics(frame, machines=[machine])["paired"]
    kinds = [("generators", "sources"), ("conditions", "conditions"), ("machine", "machines")]
    figures = {"auc": "ROC area", "called_real": "called real", "accuracy": "accuracy"}
    theirs = {
        f"{ours}, {figures[entry['figure']]}": entry
        for ours, kind in kinds
        for entry in paired[kind]
        if entry.get("source", "all") == "all"
    }
    for name, found in differences(study, np.arange(readers)).items():
        pairs = (
            (reader_test(found.values, found.covariance, found.n), theirs[name]["other_readers"]),
            (found.for_these_readers(), theirs[name]["these_readers"]),
        )
        for ours, report in pairs:
            if any(
                (report[key] is None) != (value is None) or (value is not None and abs(report[key] - value) > 1e-9)
                for key, value in ours.as_dict().items()
                if key != "reason"
            ):
                raise SystemExit(f"{name}: the report says {report}, this benchmark {ours}")


def judge(scenario: Scenario, readers: int, repetitions: int, seed: int) -> tuple[Rows, dict[str, float]]:
    """Coverage of every interval, and under equal truth the share of tests with p below 5%."""
    random = np.random.default_rng(seed)
    values, apart = truths(scenario)
    tallies = {(name, whom): Tally(value) for name, value in values.items() for whom in ("other", "these", "one")}
    errors = dict.fromkeys(values, 0)
    for repetition in range(repetitions):
        study = draw(scenario, readers, apart, random)
        if repetition == 0:
            same_as_the_report(study, readers)
        of_readers = truths_of_readers(study, apart)
        for name, found in differences(study, np.arange(readers)).items():
            test, here = reader_test(found.values, found.covariance, found.n), found.for_these_readers()
            errors[name] += test.p is not None and test.p < LEVEL
            tallies[name, "other"].add(test.low, test.high, values[name])
            tallies[name, "these"].add(here.low, here.high, float(of_readers[name].mean()))
        for name, found in differences(study, np.array([0])).items():
            one = found.for_these_readers()
            tallies[name, "one"].add(one.low, one.high, float(of_readers[name][0]))
    rows = {f"{name}, {whom}": tally.row(NARROW) for (name, whom), tally in tallies.items()}
    return rows, {name: count / repetitions for name, count in errors.items()} if scenario.equal else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--readers", type=int, nargs="+", default=[2, 3, 5, 10])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    args = parser.parse_args()
    start = time.perf_counter()
    found = {
        readers: {s.name: judge(s, readers, args.repetitions, args.seed + n) for n, s in enumerate(scenarios())}
        for readers in args.readers
    }
    seconds = time.perf_counter() - start
    if args.json:
        print(json.dumps({"found": found, "repetitions": args.repetitions, "seconds": seconds}))
        return
    for readers, tables in found.items():
        names = list(next(iter(tables.values()))[0])
        print(f"\n{readers} readers: coverage of 95% intervals over {len(tables)} scenarios")
        for name in names:
            hits = [float(rows[name]["coverage"] or 0) for rows, _ in tables.values()]
            off = sum(not NARROW[0] <= hit <= NARROW[1] for hit in hits)
            print(f"{name:34} mean {np.mean(hits):.3f}  least {min(hits):.3f}  most {max(hits):.3f}  outside {off}")
        print(f"{readers} readers: type I error at 5%")
        for name in next(errors for _, errors in tables.values() if errors):
            rates = [errors[name] for _, errors in tables.values() if errors]
            off = sum(not ERRORS[0] <= rate <= ERRORS[1] for rate in rates)
            print(f"{name:34} mean {np.mean(rates):.3f}  least {min(rates):.3f}  most {max(rates):.3f}  outside {off}")
    print(f"\n{args.repetitions} repetitions, {seconds:.0f} s; targets {NARROW[0]:.0%} to {NARROW[1]:.0%}, and 4 to 6%")


if __name__ == "__main__":
    main()
