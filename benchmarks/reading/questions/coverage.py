"""Simulate answers to every kind of question, and count how often the report's 95% intervals contain the truth.

    python -m benchmarks.reading.questions.coverage [--kinds KIND ...] [--repetitions N] [--seed S] [--json]

Forced choices among 2 to 8 images, rankings of 2 to 5, scales, choices and places (see `choices`, `rankings` and
`ratings` beside this file), of 20, 50 and 100 cases from one source or three. Every interval comes from the function
that the report calls; the first study of each scenario is also put through `further_statistics`, which must give the
same. Shares whose counts are binomial have their exact coverage printed beside, by going through all counts: exact
intervals cover 95% or more, and no interval of so few counts covers 95% throughout.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.reading.coverage_tally import NARROW, Rows, Tally
from benchmarks.reading.questions import choices, rankings, ratings
from benchmarks.reading.questions.choices import Found, Key, exact, plain
from brainlab.measures.estimate import Estimate
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import GROUP_KINDS, VERDICT, Question
from brainlab.reading.statistics.questions.further import further_statistics

KINDS = ("choices", "rankings", "ratings")

SLACK = 1e-9
"""Rounding that is forgiven where a bound is the truth, as at ranks of which all are alike."""

Table = Callable[[], tuple[Question, pd.DataFrame]]


@dataclass(frozen=True)
class Trial:
    """One scenario: its name, how many readers it has, and one study after another."""

    title: str
    readers: int
    study: Callable[[np.random.Generator], tuple[Found, Table]]


def trials(kinds: tuple[str, ...]) -> Iterator[Trial]:
    """All scenarios of some kinds."""
    if "choices" in kinds:
        yield from map(choice_trial, choices.scenarios())
    if "rankings" in kinds:
        yield from map(ranking_trial, rankings.scenarios())
    if "ratings" in kinds:
        yield from map(rating_trial, ratings.scenarios())


def choice_trial(scenario: choices.Choices) -> Trial:
    """Forced choices of five readers, of whom the first, the first three and all are looked at."""

    def study(random: np.random.Generator) -> tuple[Found, Table]:
        drawn = choices.draw(scenario, max(choices.READERS), random)
        return choices.figures(scenario, drawn), lambda: choices.as_table(scenario, drawn)

    return Trial(scenario.title, max(choices.READERS), study)


def ranking_trial(scenario: rankings.Rankings) -> Trial:
    """Rankings of two readers."""
    known = rankings.truths(scenario)

    def study(random: np.random.Generator) -> tuple[Found, Table]:
        ranks = rankings.draw(scenario, 2, random)
        return rankings.figures(ranks, known), lambda: rankings.as_table(ranks, random)

    return Trial(scenario.title, 2, study)


def rating_trial(scenario: ratings.Ratings) -> Trial:
    """Scales, choices or places of two readers."""
    known = ratings.truths(scenario)

    def study(random: np.random.Generator) -> tuple[Found, Table]:
        answers = ratings.draw(scenario, random)
        return ratings.figures(scenario, answers, known), lambda: ratings.as_table(scenario, answers)

    return Trial(scenario.title, 2, study)


def same_as_the_report(found: Found, readers: int, table: Table) -> None:
    """Raise unless `further_statistics` gives the intervals in `found` for the same answers."""
    question, frame = table()
    (entry,) = further_statistics(frame, protocol_of(question, frame))["questions"]
    theirs = {(row["figure"], row["reader"], row["source"]): row for row in entry["rows"]}
    for (figure, whom, source), (ours, _) in found.items():
        if whom.endswith("readers"):
            if whom != f"{readers} readers":
                continue
            whom = "all readers"
        row = theirs[figure, whom, source]
        for name in ("value", "low", "high", "n"):
            if not _same(row[name], getattr(ours, name)):
                raise SystemExit(f"{figure}, {whom}, {source}: the report says {row}, this benchmark {ours}")


def protocol_of(question: Question, frame: pd.DataFrame) -> Protocol:
    """Return a protocol that asks the question; the report takes of it nothing else."""
    fakes = max(question.images - 1, 1) if question.kind == "alternatives" else 1
    names = [f"source {number}" for number in range(max(question.images, 3))]
    return Protocol(
        title="Coverage",
        sources=(
            Source(kind="cohort", name=names[0], n=20),
            *(Source(kind="run", name=name, n=20 * fakes) for name in names[1 : question.images if fakes == 1 else 2]),
        ),
        readers=tuple(Reader(code=reader) for reader in dict.fromkeys(frame["reader"])),
        questions=(question,) if question.kind in GROUP_KINDS else (VERDICT, question),
    )


def _same(first: float | None, second: float | None) -> bool:
    return first is second or (first is not None and second is not None and abs(first - second) < 1e-9)


def coverage(trial: Trial, repetitions: int, seed: int) -> Rows:
    """Coverage of every interval of one scenario."""
    random = np.random.default_rng(seed)
    tallies: dict[Key, Tally] = {}
    for repetition in range(repetitions):
        found, table = trial.study(random)
        if repetition == 0:
            same_as_the_report(found, trial.readers, table)
        for key, (estimate, truth) in found.items():
            tally = tallies.setdefault(key, Tally(truth))
            low, high = estimate.low, estimate.high
            tally.add(None if low is None else low - SLACK, None if high is None else high + SLACK, truth)
    return {", ".join(key): tally.row(NARROW) for key, tally in tallies.items() if tally.given}


def figure_of(key: str) -> str:
    """Name under which intervals of a kind are put together: readers in means, one source or all of them."""
    figure, whom, source = key.rsplit(", ", 2)
    figure = "chose an image" if figure.startswith("chose image") else figure
    figure = "ranked above another" if figure.startswith("ranked above") else figure
    figure = "answered an option" if figure.startswith("answered") else figure
    if whom.endswith("readers"):
        return f"{figure} ({whom})"
    return f"{figure}, of a source" if source != "all" else figure


def exact_coverage(interval: Callable[[int, int], Estimate], share: float, n: int) -> float:
    """Coverage of an interval of a binomial share, by going through all counts."""
    found = [interval(count, n) for count in range(n + 1)]
    inside = [(each.low or 0.0) <= share <= (1.0 if each.high is None else each.high) for each in found]
    return float(stats.binom.pmf(np.arange(n + 1), n, share)[inside].sum())


def exactly() -> dict[str, dict[str, float]]:
    """Exact coverage of Clopper and Pearson's and of Wilson's interval of one source, over what readers may achieve."""
    shares = np.linspace(0.02, 0.98, 97)
    rows = {}
    for name, interval in (("exact interval (Clopper and Pearson)", exact), ("Wilson's interval", plain)):
        for n in (*choices.CASES, 400):
            found = [exact_coverage(interval, float(share), n) for share in shares]
            rows[f"{name}, {n} cases"] = {"mean": float(np.mean(found)), "least": min(found), "most": max(found)}
    return rows


def together(tables: dict[str, Rows]) -> dict[str, dict[str, float]]:
    """Mean, least and most coverage of each kind of interval, and how many scenarios lie outside 93 to 97%."""
    hits, given = defaultdict(list), defaultdict(list)
    for rows in tables.values():
        for key, row in rows.items():
            hits[figure_of(key)].append(float(row["coverage"] or 0))
            given[figure_of(key)].append(float(row["given"] or 0))
    return {
        name: {
            "mean": float(np.mean(each)),
            "least": min(each),
            "most": max(each),
            "below": sum(hit < NARROW[0] for hit in each),
            "above": sum(hit > NARROW[1] for hit in each),
            "intervals": len(each),
            "given": float(np.mean(given[name])),
        }
        for name, each in hits.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    args = parser.parse_args()
    start = time.perf_counter()
    tables = {
        trial.title: coverage(trial, args.repetitions, args.seed + number)
        for number, trial in enumerate(trials(tuple(args.kinds)))
    }
    found, shares, seconds = together(tables), exactly(), time.perf_counter() - start
    if args.json:
        print(json.dumps({"figures": found, "exact": shares, "coverage": tables, "seconds": seconds}))
        return
    print(f"{'coverage of 95% intervals':62} mean  least   most  below  above     of  given")
    for name, row in found.items():
        print(
            f"{name:60} {row['mean']:.3f}  {row['least']:.3f}  {row['most']:.3f}  {row['below']:5.0f}  "
            f"{row['above']:5.0f}  {row['intervals']:5.0f}  {row['given']:.3f}"
        )
    print("\nBy going through all counts, shares from .02 to .98")
    for name, row in shares.items():
        print(f"{name:60} {row['mean']:.3f}  {row['least']:.3f}  {row['most']:.3f}")
    print(f"\n{args.repetitions} repetitions, {seconds:.0f} s; below and above are {NARROW[0]:.0%} to {NARROW[1]:.0%}")


if __name__ == "__main__":
    main()
