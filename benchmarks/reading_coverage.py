"""Simulate reading studies whose truth is known, and count how often the report's 95% intervals contain it.

    python benchmarks/reading_coverage.py [--repetitions N] [--json]

Three readers judge 250 cases: 50 real and 50 of each of four generators. Reader r calls case i of source s real when
theta_rs + sqrt(rho) d_i + sqrt(1 - rho) e_ri > 0, with d_i (how real the case looks to everyone) and e_ri standard
normal; so the share called real is Phi(theta_rs), two readers are correlated by rho, and the distance from 0 gives the
confidence. All population values follow exactly, from the bivariate normal distribution; nothing is itself simulated.
Every interval comes from the function that the report calls; the first study of each scenario is also put through
`study_statistics`, which must give the same numbers.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import special, stats
from scipy.optimize import brentq

from brainlab.reading.measures.accuracy import roc_area, stratified_share, wilson
from brainlab.reading.measures.agreement import (
    category_counts,
    cohens_kappa,
    contingency,
    fleiss_kappa,
    gwet_ac1,
    pabak,
    sampled_kappa,
)
from brainlab.reading.measures.estimate import Estimate
from brainlab.reading.measures.krippendorff import krippendorff_alpha
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.statistics.answers import Answers
from brainlab.reading.statistics.mrmc import mean_accuracy, mean_roc_area
from brainlab.reading.statistics.planner import plan
from brainlab.reading.statistics.rounds import between_rounds
from brainlab.reading.statistics.study_statistics import study_statistics

N, SOURCES = 50, 5
STRATA = np.repeat(np.arange(SOURCES), N)
REAL = STRATA == 0
REPEATS = 25
CUTS = np.array([0.25, 0.6, 1.0, 1.6])  # of confidence 1 to 5
PAIRS = list(combinations(range(3), 2))
NARROW, WIDE = (0.93, 0.97), (0.93, 0.99)
PLAIN = "kappa 1-2, asymptotic as published (used without sources)"
WILSON = [wilson(called, N) for called in range(N + 1)]


@dataclass(frozen=True)
class Scenario:
    """Shares called real, [readers, sources], real cases first; rho couples two readers, again two looks of one."""

    name: str
    called: tuple[tuple[float, ...], ...]
    rho: float
    again: float = 0.9


SCENARIOS = (
    Scenario("DWI paper, kappa near .84", ((0.94, 0.04, 0.02, 0.84, 0.92), (0.98, 0.02, 0.04, 0.98, 0.97),
                                           (0.90, 0.10, 0.10, 0.80, 0.90)), 0.8),
    Scenario("guessing, rates near .5", ((0.60, 0.50, 0.55, 0.45, 0.50), (0.50,) * 5,
                                         (0.55, 0.45, 0.50, 0.50, 0.60)), 0.5),
    Scenario("easy, rates near .95 and .05", ((0.95, 0.05, 0.05, 0.04, 0.06), (0.95, 0.05, 0.05, 0.05, 0.05),
                                              (0.93, 0.07, 0.05, 0.05, 0.05)), 0.4),
    Scenario("unequal readers", ((0.95, 0.10, 0.05, 0.20, 0.40), (0.50,) * 5, (0.90, 0.70, 0.60, 0.80, 0.90)), 0.5),
    Scenario("nearly all called real", ((0.96, 0.90, 0.92, 0.94, 0.93), (0.95, 0.95, 0.95, 0.90, 0.95),
                                        (0.97, 0.93, 0.90, 0.92, 0.90)), 0.4),
)  # fmt: skip


def both_real(a: float, b: float, rho: float) -> float:
    """Chance that two readers with thresholds `a` and `b` both call a case real."""
    return float(stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([a, b]))


def joint_table(first: np.ndarray, second: np.ndarray, rho: float) -> np.ndarray:
    """Population table [2, 2] of two readers' answers over sources of equal size, from thresholds [s] each."""
    total = np.zeros((2, 2))
    for a, b in zip(first, second, strict=True):
        yes, p, q = both_real(a, b, rho), special.ndtr(a), special.ndtr(b)
        total += np.array([[1 - p - q + yes, q - yes], [p - yes, yes]]) / len(first)
    return total


def kappa_of(table: np.ndarray) -> float:
    """Cohen's kappa of a population table."""
    agree, chance = np.trace(table), table.sum(axis=1) @ table.sum(axis=0)
    return float((agree - chance) / (1 - chance))


def area_of(theta: np.ndarray) -> np.ndarray:
    """Population ROC area of signed confidence, from thresholds [..., sources]."""
    edges = np.concatenate([[-np.inf], -CUTS[::-1], [0.0], CUTS, [np.inf]])
    masses = np.diff(special.ndtr(edges - theta[..., None]), axis=-1)
    real, fake = masses[..., 0, :], masses[..., 1:, :].mean(axis=-2)
    return (real * (np.cumsum(fake, axis=-1) - fake / 2)).sum(axis=-1)


def truths(scenario: Scenario) -> dict[str, float]:
    """Population value of every figure."""
    theta = special.ndtri(np.array(scenario.called))
    right = np.where(np.arange(SOURCES) == 0, scenario.called, 1 - np.array(scenario.called))
    tables = [joint_table(theta[a], theta[b], scenario.rho) for a, b in PAIRS]
    agree, real = np.mean([np.trace(table) for table in tables]), np.mean(scenario.called)
    values = {f"kappa {a + 1}-{b + 1}": kappa_of(table) for (a, b), table in zip(PAIRS, tables, strict=True)}
    values[PLAIN] = kappa_of(tables[0])
    values["kappa, 25 repeats"] = kappa_of(joint_table(theta[0], theta[0], scenario.again))
    for reader in range(3):
        values[f"accuracy {reader + 1}"] = right[reader].mean()
        values[f"auc {reader + 1}"] = float(area_of(theta)[reader])
        values |= {f"called real {reader + 1}, source {s}": scenario.called[reader][s] for s in range(SOURCES)}
    chance = real**2 + (1 - real) ** 2
    values |= {"fleiss": (agree - chance) / (1 - chance), "ac1": (agree - 1 + chance) / chance}
    values |= {"alpha": values["fleiss"], "pabak (pair)": 2 * float(np.trace(tables[0])) - 1}
    values |= {"mean accuracy, these readers": right.mean(), "mean auc, these readers": float(area_of(theta).mean())}
    return {name: float(value) for name, value in values.items()}


def wilson_coverage(share: float) -> float:
    """Exact coverage of Wilson's interval for a share of N cases, by going through all counts."""
    chances = stats.binom.pmf(np.arange(N + 1), N, share)
    inside = [(found.low or 0.0) <= share <= (found.high or 0.0) for found in WILSON]
    return float(chances[inside].sum())


def read(theta: np.ndarray, rho: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw one study from thresholds [readers, sources]: answers (1 real), signed confidence and what was sensed.

    Each is [cases, readers].
    """
    case = random.standard_normal((len(STRATA), 1))
    own = random.standard_normal((len(STRATA), len(theta)))
    sense = theta[:, STRATA].T + np.sqrt(rho) * case + np.sqrt(1 - rho) * own
    confidence = np.digitize(np.abs(sense), CUTS) + 1
    return (sense > 0).astype(int), np.where(sense > 0, confidence, -confidence), sense


def look_again(sense: np.ndarray, theta: np.ndarray, again: float, random: np.random.Generator) -> np.ndarray:
    """Answers of a reader to repeats of the cases `sense` [n] was formed of; the two looks correlate by `again`."""
    return (theta + again * (sense - theta) + np.sqrt(1 - again**2) * random.standard_normal(len(sense)) > 0).astype(
        int
    )


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


def as_table(answers: np.ndarray, scores: np.ndarray, round_: int = 1) -> Callable[[], pd.DataFrame]:
    """Return a function that lays out a study as the report takes it: one row an answer."""

    def table() -> pd.DataFrame:
        cases, readers = np.indices(answers.shape).reshape(2, -1)
        return pd.DataFrame(
            {
                "reader": [f"reader {reader + 1}" for reader in readers],
                "case": [f"{case:03d}" for case in cases],
                "answer": np.where(answers.ravel() == 1, "real", "fake"),
                "confidence": np.abs(scores.ravel()),
                "truth": np.where(REAL[cases], "real", "fake"),
                "source": [f"source {stratum}" for stratum in STRATA[cases]],
                "round": round_,
            }
        )

    return table


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


@dataclass
class Tally:
    """How often intervals were given, and contained the truth, and how wide they were."""

    truth: float
    inside: int = 0
    given: int = 0
    asked: int = 0
    width: float = 0.0

    def add(self, low: float | None, high: float | None, truth: float) -> None:
        """Count one interval."""
        self.asked += 1
        if low is not None and high is not None:
            self.given += 1
            self.inside += low <= truth <= high
            self.width += high - low

    def row(self, target: tuple[float, float] | None) -> dict[str, float | bool | None]:
        """Return coverage, its Monte-Carlo standard error, mean width and whether coverage is on target."""
        coverage = self.inside / self.given
        return {
            "truth": self.truth,
            "coverage": coverage,
            "se": (coverage * (1 - coverage) / self.given) ** 0.5,
            "width": self.width / self.given,
            "given": self.given / self.asked,
            "on_target": None if target is None else bool(target[0] <= coverage <= target[1]),
        }


Rows = dict[str, dict[str, float | bool | None]]


def target_of(figure: str) -> tuple[float, float] | None:
    """Coverage that a figure must have: none is set for what the report does not use, or only without sources.

    Counts below fifty come in steps, so that no interval can cover exactly 95% of the time.
    """
    if "(not used)" in figure or figure == PLAIN:
        return None
    return WIDE if figure.startswith("called real") or "repeats" in figure else NARROW


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


def show(title: str, rows: Rows) -> Iterator[str]:
    """Lay out coverage as text; the fifteen shares called real become their mean and extremes."""
    yield f"\n{title}\n{'figure':68} truth  coverage (se)    width  given"
    shares = [row for name, row in rows.items() if name.startswith("called real")]
    for name, row in rows.items():
        if not name.startswith("called real"):
            mark = " *" if row["on_target"] is False else ""
            yield (
                f"{name:68} {row['truth']:5.3f}  {row['coverage']:5.3f} ({row['se']:.3f})  "
                f"{row['width']:6.3f}  {row['given']:5.3f}{mark}"
            )
    if shares:
        simulated = [float(row["coverage"] or 0) for row in shares]
        exact = [wilson_coverage(float(row["truth"] or 0)) for row in shares]
        for how, hits in (("simulated", simulated), ("exact", exact)):
            off = sum(not WIDE[0] <= hit <= WIDE[1] for hit in hits)
            yield (
                f"called real per reader and source (Wilson, {len(hits)} cells), {how}: mean {np.mean(hits):.3f}, "
                f"least {min(hits):.3f}, most {max(hits):.3f}; {off} outside {WIDE[0]:.0%} to {WIDE[1]:.0%}"
            )


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
