"""Simulate reading studies whose truth is known, and count how often the report's 95% intervals contain it.

    python -m benchmarks.reading.coverage [--repetitions N] [--json]

Every interval comes from the function that the report calls; the first study of each scenario is also put through
`study_statistics`, which must give the same numbers.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import brentq

from benchmarks.reading.coverage_tally import NARROW, WILSON, Rows, Tally, show, target_of
from benchmarks.reading.simulated_answers import (
    CUTS,
    PAIRS,
    PLAIN,
    REAL,
    REPEATS,
    SCENARIOS,
    SOURCES,
    STRATA,
    N,
    Scenario,
    area_of,
    as_table,
    joint_table,
    kappa_of,
    look_again,
    read,
    truths,
)
from brainlab.measures.accuracy import roc_area, stratified_share
from brainlab.measures.agreement import (
    category_counts,
    cohens_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac1,
    pabak,
    sampled_kappa,
)
from brainlab.measures.estimate import Estimate
from brainlab.measures.krippendorff import krippendorff_alpha
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import mean_accuracy, mean_roc_area
from brainlab.reading.statistics.planner import plan
from brainlab.reading.statistics.rounds import between_rounds
from brainlab.reading.statistics.study_statistics import study_statistics


def figures(scenario: Scenario, random: np.random.Generator) -> tuple[dict[str, Estimate], Callable[[], pd.DataFrame]]:
    """All intervals of one simulated study, and the study as a table of answers, made when asked for."""
    theta = special.ndtri(np.array(scenario.called))
    answers, scores, sense = read(theta, scenario.rho, random)
    right = answers == REAL[:, None]
    counts = category_counts(answers, 2)
    found = {f"kappa {a + 1}-{b + 1}": sampled_kappa(answers[:, a], answers[:, b], 2, STRATA) for a, b in PAIRS}
    found[PLAIN] = cohens_kappa(contingency(answers[:, 0], answers[:, 1], 2))
    shown = random.permutation(len(STRATA))[:REPEATS]
    second = look_again(sense[shown, 0], theta[0, STRATA[shown]], scenario.again, random)
    found["kappa, 25 repeats"] = sampled_kappa(answers[shown, 0], second, 2)
    for reader in range(3):
        correct = np.bincount(STRATA, right[:, reader]).astype(int)
        called = np.bincount(STRATA, answers[:, reader]).astype(int)
        found[f"accuracy {reader + 1}"] = stratified_share((int(x), N) for x in correct)
        found |= {f"called real {reader + 1}, source {s}": WILSON[x] for s, x in enumerate(called)}
        column = scores[:, reader]
        found[f"auc {reader + 1}"] = roc_area(column[REAL], column[~REAL], STRATA[REAL], STRATA[~REAL])
    found |= {"fleiss": fleiss_kappa(counts, STRATA), "ac1": gwet_ac1(counts, STRATA)}
    found |= {"alpha": krippendorff_alpha(counts, strata=STRATA)}
    found |= {"pabak (pair)": pabak(category_counts(answers[:, :2], 2), STRATA)}
    found["mean accuracy, these readers"] = mean_accuracy(right.astype(float), STRATA).these_readers
    found["mean auc, these readers"] = mean_roc_area(scores.astype(float), REAL, STRATA).these_readers
    return found, as_table(answers, scores)


def same_as_the_report(found: dict[str, Estimate], frame: pd.DataFrame) -> None:
    """Raise unless `study_statistics` gives the intervals in `found` for the same answers."""
    report = study_statistics(frame)
    readers = report["readers"]
    theirs = {f"kappa {a + 1}-{b + 1}": entry for (a, b), entry in zip(PAIRS, report["cohens_kappa"], strict=True)}
    for number, reader in enumerate(readers, start=1):
        theirs[f"accuracy {number}"] = report["per_reader"][reader]["accuracy"]
        theirs[f"auc {number}"] = report["per_reader"][reader]["auc"]
        for s in range(SOURCES):
            theirs[f"called real {number}, source {s}"] = report["per_source"][reader][f"source {s}"]
    theirs |= {"fleiss": report["fleiss_kappa"], "ac1": report["gwet_ac1"], "alpha": report["krippendorff_alpha"]}
    for name in ("accuracy", "auc"):
        theirs[f"mean {name}, these readers"] = report["all_readers"][name]["these_readers"]
    for name, entry in theirs.items():
        ours = found[name]
        if not np.allclose([entry[k] for k in ("value", "low", "high")], [ours.value, ours.low, ours.high], atol=1e-12):
            raise SystemExit(f"{name}: the report says {entry}, this benchmark {ours}")


def coverage(scenario: Scenario, repetitions: int, seed: int) -> Rows:
    """Coverage of every interval of one scenario."""
    random = np.random.default_rng(seed)
    tallies = {name: Tally(truth) for name, truth in truths(scenario).items()}
    for repetition in range(repetitions):
        found, frame = figures(scenario, random)
        if repetition == 0:
            same_as_the_report(found, frame())
        for name, estimate in found.items():
            tallies[name].add(estimate.low, estimate.high, tallies[name].truth)
    return {name: tally.row(target_of(name)) for name, tally in tallies.items()}


def other_readers(readers: int, repetitions: int, seed: int) -> Rows:
    """Coverage of the mean over readers for readers at large, readers drawn anew for each study.

    Thresholds differ by a reader's bias and by their ability, standard deviation 0.3 each. The mean accuracy of all
    such readers follows from the normal distribution, their mean ROC area is that of 200,000 of them.
    """
    called, spread, rho = np.array([0.8, 0.4, 0.5, 0.3, 0.6]), 0.3, 0.5
    random = np.random.default_rng(seed)
    way = np.where(np.arange(SOURCES) == 0, 1.0, -1.0)

    def draw(count: int) -> np.ndarray:
        bias, ability = spread * random.standard_normal((2, count, 1))
        return special.ndtri(called) + bias + ability * way

    rates = special.ndtr(special.ndtri(called) / np.sqrt(1 + 2 * spread**2))
    accuracy = float(np.where(way > 0, rates, 1 - rates).mean())
    area = float(np.mean([area_of(draw(20_000)).mean() for _ in range(10)]))
    tallies = {
        f"mean accuracy, other readers ({readers})": Tally(accuracy),
        f"mean auc, other readers ({readers})": Tally(area),
        f"mean accuracy, bootstrap of readers and cases ({readers}) (not used)": Tally(accuracy),
    }
    chosen = random.multinomial(readers, np.full(readers, 1 / readers), 1000) / readers
    cases = np.hstack([random.multinomial(N, np.full(N, 1 / N), 1000) for _ in range(SOURCES)]) / len(STRATA)
    for _ in range(repetitions):
        answers, scores, _ = read(draw(readers), rho, random)
        right = (answers == REAL[:, None]).astype(float)
        resampled = ((cases @ right) * chosen).sum(axis=1)
        bounds = [
            mean_accuracy(right, STRATA).other_readers,
            mean_roc_area(scores.astype(float), REAL, STRATA).other_readers,
            Estimate(None, *np.quantile(resampled, [0.025, 0.975])),
        ]
        for tally, estimate in zip(tallies.values(), bounds, strict=True):
            tally.add(estimate.low, estimate.high, tally.truth)
    return {name: tally.row(target_of(name)) for name, tally in tallies.items()}


def second_reading(repetitions: int, seed: int) -> Rows:
    """Coverage of the change between two readings of the same cases, by readers who have learnt a little."""
    scenario = SCENARIOS[3]
    theta = special.ndtri(np.array(scenario.called))
    later = theta + 0.2 * np.where(np.arange(SOURCES) == 0, 1.0, -1.0)
    right = [np.where(np.arange(SOURCES) == 0, special.ndtr(t), 1 - special.ndtr(t)) for t in (theta, later)]
    gain = (right[1] - right[0]).mean(axis=1)
    area_gain = area_of(later) - area_of(theta)
    tallies = {f"gain in accuracy, reader {r + 1}": Tally(float(gain[r])) for r in range(3)}
    tallies |= {f"gain in auc, reader {r + 1}": Tally(float(area_gain[r])) for r in range(3)}
    tallies["gain in mean accuracy"] = Tally(float(gain.mean()))
    tallies["gain in mean auc"] = Tally(float(area_gain.mean()))
    random = np.random.default_rng(seed)
    for _ in range(repetitions):
        answers, scores, sense = read(theta, scenario.rho, random)
        noise = random.standard_normal(sense.shape)
        again = later[:, STRATA].T + 0.8 * (sense - theta[:, STRATA].T) + 0.6 * noise
        confidence = np.digitize(np.abs(again), CUTS) + 1
        second = as_table((again > 0).astype(int), np.where(again > 0, confidence, -confidence), 2)()
        first = as_table(answers, scores)()
        (result,) = between_rounds({1: Answers.from_frame(first), 2: Answers.from_frame(second)})
        parts = [*result["per_reader"], result["all_readers"]]
        changes = [part["accuracy"]["difference"] for part in parts[:3]]
        changes += [part["auc"]["difference"] for part in parts[:3]]
        changes += [parts[3]["accuracy"]["difference"], parts[3]["auc"]["difference"]]
        for tally, change in zip(tallies.values(), changes, strict=True):
            tally.add(change["low"], change["high"], tally.truth)
    return {name: tally.row(target_of(name)) for name, tally in tallies.items()}


def planned_widths(sensitivity: float, specificity: float, kappa: float, repetitions: int, seed: int) -> Rows:
    """Widths that the planner foretells, beside the mean widths of simulated studies under the same assumptions.

    The planner's readers copy a common draw, those of this benchmark share a normal deviate: they have the readers'
    rates and kappa in common and nothing else.
    """
    called = (sensitivity, *(1 - specificity,) * (SOURCES - 1))
    theta = special.ndtri(np.array(called))

    def solve(wanted: float) -> float:
        def excess(rho: float) -> float:
            return kappa_of(joint_table(theta, theta, rho)) - wanted

        return 0.0 if excess(0.0) >= 0 else float(brentq(excess, 0.0, 0.999))

    scenario = Scenario("plan", (called,) * 3, solve(kappa), solve(0.7))
    protocol = Protocol(
        title="Coverage",
        sources=(Source(kind="cohort", name="real", n=N), *(Source(kind="run", name=f"{s}", n=N) for s in range(4))),
        readers=tuple(Reader(code=f"R{r}") for r in range(3)),
        repeats_share=REPEATS / len(STRATA),
    )
    foretold = plan(protocol, sensitivity=sensitivity, specificity=specificity, kappa=kappa, self_kappa=0.7)
    widths: dict[str, list[float]] = defaultdict(list)
    random = np.random.default_rng(seed)
    for _ in range(repetitions):
        for name, estimate in figures(scenario, random)[0].items():
            if estimate.low is not None and estimate.high is not None:
                widths[name].append(estimate.high - estimate.low)
    pairs = {
        "kappa": ("kappa 1-2", foretold.kappa_width),
        "accuracy": ("accuracy 1", foretold.accuracy_width),
        "fleiss": ("fleiss", foretold.fleiss_width),
        "mean accuracy": ("mean accuracy, these readers", foretold.mean_accuracy_width),
        "kappa, 25 repeats": ("kappa, 25 repeats", foretold.repeat_kappa_width),
    }
    rows: Rows = {}
    for name, (figure, planned) in pairs.items():
        seen = float(np.mean(widths[figure]))
        ratio = float(planned or 0) / seen
        rows[name] = {"planned": planned, "simulated": seen, "ratio": ratio, "on_target": 0.9 <= ratio <= 1.1}
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    args = parser.parse_args()
    start, repetitions = time.perf_counter(), args.repetitions
    tables = {scenario.name: coverage(scenario, repetitions, args.seed + n) for n, scenario in enumerate(SCENARIOS)}
    tables["readers drawn from a population"] = {
        name: row for readers in (2, 3, 5) for name, row in other_readers(readers, 2 * repetitions, args.seed).items()
    }
    tables["two readings of the same cases"] = second_reading(max(repetitions // 2, 1), args.seed)
    assumed = ((0.8, 0.6, 0.5), (0.9, 0.3, 0.7), (0.95, 0.95, 0.8))
    plans = {
        f"sensitivity {a}, specificity {b}, kappa {k}": planned_widths(a, b, k, max(repetitions // 5, 1), args.seed)
        for a, b, k in assumed
    }
    seconds = time.perf_counter() - start
    if args.json:
        print(json.dumps({"coverage": tables, "planner": plans, "repetitions": repetitions, "seconds": seconds}))
        return
    for title, rows in tables.items():
        print(*show(title, rows), sep="\n")
    print("\nWidths of 95% intervals, foretold by the planner and seen in simulated studies")
    for title, rows in plans.items():
        for name, row in rows.items():
            mark = "" if row["on_target"] else " *"
            print(f"{title}: {name:20} {row['planned']:.3f} {row['simulated']:.3f}  ratio {row['ratio']:.3f}{mark}")
    print(f"\n{repetitions} repetitions, {seconds:.0f} s; * is outside {NARROW[0]:.0%} to {NARROW[1]:.0%} (ratio: 10%)")


if __name__ == "__main__":
    main()
