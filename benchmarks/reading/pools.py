"""Simulate studies of large pools, of which no reader reads all, and count how often intervals contain the truth.

    python -m benchmarks.reading.pools [--repetitions N] [--seed S] [--json]

Fifty real cases and fifty of each of two generators are shared out anew for each study, by anchors and rotating blocks;
readers are those of `benchmarks.reading.paired_tests`. Every interval comes from the function that the report calls, of
the first study of each design from `study_statistics` too. Printed beside: how wide intervals are, and how wide they
would be if as many readings had been spent on cases that everybody reads.
"""

import argparse
import json
import time
from dataclasses import replace

import numpy as np
from scipy import special

from benchmarks.reading.coverage_tally import NARROW, Rows, Tally, show
from benchmarks.reading.paired_tests import (
    ERRORS,
    LEVEL,
    SOURCE,
    STRATA,
    Scenario,
    Study,
    as_table,
    called,
    differences,
    draw,
    same_as_the_report,
    truths,
    truths_of_readers,
)
from benchmarks.reading.paired_tests import area_of as area_of_readers
from benchmarks.reading.paired_tests import mean_area as mean_area_of
from benchmarks.reading.simulated_answers import joint_table, kappa_of
from brainlab.measures.agreement import MISSING, category_counts, fleiss_kappa, gwet_ac1, pabak, sampled_kappa
from brainlab.measures.krippendorff import krippendorff_alpha
from brainlab.measures.obuchowski_rockette import reader_test
from brainlab.reading.protocol.allocation import Allocation, most_cases
from brainlab.reading.protocol.allotment import allot
from brainlab.reading.statistics.mrmc import mean_accuracy, mean_roc_area
from brainlab.reading.statistics.study_statistics import study_statistics

REAL = STRATA == 0
DESIGNS = (
    (3, Allocation(anchors=30, readings=1)),
    (5, Allocation(anchors=30, readings=1)),
    (5, Allocation(anchors=25, readings=2)),
    (5, Allocation(anchors=0, readings=2)),
    (10, Allocation(anchors=20, readings=3)),
)
SCENARIOS = (
    Scenario("alike", (0.6, -0.6, -0.6), (0.6, -0.6, -0.6), bias=0.0, spread=0.0),
    Scenario("moderate", (0.6, -0.6, -0.6), (0.6, -0.6, -0.6)),
    Scenario("unequal", (1.0, -1.0, -0.5), (1.2, -1.2, -0.7)),
)


def shared_out(study: Study, reads: np.ndarray) -> Study:
    """Return what readers say of their own cases alone: `reads` [cases, readers]."""
    first, second = (np.where(reads, scores, np.nan) for scores in (study.first, study.second))
    return replace(study, first=first, second=second)


def means(study: Study) -> dict[str, tuple[object, object]]:
    """Accuracy and ROC area over readers, in the first condition."""
    scores = study.first
    correct = np.where(np.isnan(scores), np.nan, (scores > 0) == REAL[:, None])
    return {"accuracy": mean_accuracy(correct, STRATA), "auc": mean_roc_area(scores, REAL, STRATA)}


def agreement(study: Study) -> dict[str, object]:
    """Agreement of all readers, and of two neighbours and of two others."""
    codes = np.where(np.isnan(study.first), MISSING, study.first > 0).astype(int)
    counts, full = category_counts(codes, 2), (codes >= 0).all(axis=1)
    found: dict[str, object] = {
        "kappa of two readers": sampled_kappa(codes[:, 0], codes[:, 1], 2, STRATA),
        "Gwet's AC1": gwet_ac1(counts, STRATA),
        "PABAK": pabak(counts, STRATA),
        "Krippendorff's alpha": krippendorff_alpha(counts, strata=STRATA),
    }
    if full.any():
        found["Fleiss' kappa, of anchors"] = fleiss_kappa(counts[full], STRATA[full])
    return found


def agreement_of_readers(scenario: Scenario) -> dict[str, float]:
    """What `agreement` finds in the population, for readers who are all alike."""
    theta = np.array(scenario.first)
    table = joint_table(theta, theta, scenario.rho)
    kappa, agree = kappa_of(table), float(np.trace(table))
    real = float(table.sum(axis=1)[1])
    chance = 2 * real * (1 - real)
    return {
        "kappa of two readers": kappa,
        "Gwet's AC1": (agree - chance) / (1 - chance),
        "PABAK": 2 * agree - 1,
        "Krippendorff's alpha": kappa,
        "Fleiss' kappa, of anchors": kappa,
    }


def truths_of_means(scenario: Scenario) -> dict[str, float]:
    """Accuracy and ROC area in the mean over all readers."""
    shares = [called(level, scenario) for level in scenario.first]
    area = np.mean([mean_area_of(scenario.first[0], fake, scenario) for fake in scenario.first[1:]])
    return {"accuracy": float(np.mean([shares[0], 1 - shares[1], 1 - shares[2]])), "auc": float(area)}


def means_of_readers(study: Study) -> dict[str, float]:
    """Accuracy and ROC area in the mean over the readers that were drawn."""
    level = study.levels[0]
    share = special.ndtr(level)
    area = np.mean([area_of_readers(level[:, 0], level[:, s]).mean() for s in (1, 2)])
    return {
        "accuracy": float(np.mean([share[:, 0], 1 - share[:, 1], 1 - share[:, 2]])),
        "auc": float(area),
    }


def means_as_the_report(study: Study) -> None:
    """Raise unless `study_statistics` gives the means over readers that this benchmark counts."""
    frame = as_table(study)[0]
    report = study_statistics(frame)["all_readers"]
    for name, ours in means(study).items():
        for whom in ("these_readers", "other_readers"):
            theirs, own = report[name][whom], getattr(ours, whom)
            if not np.allclose([theirs[k] for k in ("value", "low", "high")], [own.value, own.low, own.high]):
                raise SystemExit(f"{name}, {whom}: the report says {theirs}, this benchmark {own}")


def as_many_readings(chosen: Allocation, readers: int, random: np.random.Generator) -> np.ndarray:
    """Let every reader read the same cases, as many as the pool gives each: [cases, readers]."""
    each = most_cases(chosen, len(STRATA), readers)
    rows = np.concatenate([random.permutation(np.flatnonzero(s == STRATA))[: round(each / 3)] for s in range(3)])
    reads = np.zeros((len(STRATA), readers), dtype=bool)
    reads[rows] = True
    return reads


def judge(scenario: Scenario, readers: int, chosen: Allocation, repetitions: int, seed: int) -> tuple[Rows, dict]:
    """Coverage of every interval, type I errors under equal truth, and widths beside those of a common set of cases."""
    random = np.random.default_rng(seed)
    values, apart = truths(scenario)
    overall = truths_of_means(scenario)
    tallies: dict[str, Tally] = {}
    errors = dict.fromkeys(values, 0)
    widths = {name: [0.0, 0.0] for name in overall}

    def add(name: str, interval: object, truth: float) -> None:
        tallies.setdefault(name, Tally(truth)).add(interval.low, interval.high, truth)  # type: ignore[attr-defined]

    alike = agreement_of_readers(scenario) if scenario.bias == scenario.spread == 0 else {}
    for repetition in range(repetitions):
        whole = draw(scenario, readers, apart, random)
        study = shared_out(whole, allot(SOURCE.tolist(), readers, chosen, random))
        if repetition == 0:
            same_as_the_report(study, readers)
            means_as_the_report(study)
        of_readers, of_means = truths_of_readers(study, apart), means_of_readers(study)
        for name, found in differences(study, np.arange(readers)).items():
            test = reader_test(found.values, found.covariance, found.n)
            errors[name] += test.p is not None and test.p < LEVEL
            add(f"{name}, other readers", test, values[name])
            add(f"{name}, these readers", found.for_these_readers(), float(of_readers[name].mean()))
        common = means(shared_out(whole, as_many_readings(chosen, readers, random)))
        for name, found in means(study).items():
            add(f"mean {name}, other readers", found.other_readers, overall[name])  # type: ignore[attr-defined]
            add(f"mean {name}, these readers", found.these_readers, of_means[name])  # type: ignore[attr-defined]
            for place, each in enumerate((found, common[name])):
                interval = each.these_readers  # type: ignore[attr-defined]
                widths[name][place] += (interval.high - interval.low) / repetitions
        for name, estimate in (agreement(study) if alike else {}).items():
            add(name, estimate, alike[name])
    rows = {name: tally.row(NARROW) for name, tally in tallies.items()}
    rates = {name: count / repetitions for name, count in errors.items()} if scenario.equal else {}
    return rows, {"errors": rates, "widths": widths}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    args = parser.parse_args()
    start = time.perf_counter()
    found = {}
    for number, (readers, chosen) in enumerate(DESIGNS):
        for scenario in SCENARIOS:
            title = f"{readers} readers, {chosen.anchors} anchors, {chosen.readings} readings a case: {scenario.name}"
            found[title] = judge(scenario, readers, chosen, args.repetitions, args.seed + number)
    seconds = time.perf_counter() - start
    if args.json:
        print(json.dumps({"found": found, "repetitions": args.repetitions, "seconds": seconds}))
        return
    for title, (rows, more) in found.items():
        print(*show(title, rows), sep="\n")
        for name, rate in more["errors"].items():
            print(f"type I error at 5%, {name:40} {rate:.3f}{'' if ERRORS[0] <= rate <= ERRORS[1] else ' *'}")
        for name, (pool, same) in more["widths"].items():
            print(f"width, mean {name}, these readers: {pool:.3f}, as many readings of the same cases {same:.3f}")
    cells = [row for rows, _ in found.values() for row in rows.values()]
    off = sum(row["on_target"] is False for row in cells)
    print(f"\n{off} of {len(cells)} intervals outside {NARROW[0]:.0%} to {NARROW[1]:.0%}")
    print(f"{args.repetitions} repetitions, {seconds:.0f} s")


if __name__ == "__main__":
    main()
