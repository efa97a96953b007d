"""Does a conditional run draw what it is asked for? Ventricles by age, lesions by class, against unseen people.

    python -m benchmarks.models.asked_for RUN PREPARED [PREPARED ...] [--n 40] [--guidance 1]

RUN learned class and age (`flow-40`), each PREPARED holds people whom it never saw, and a tissue network that labels
such volumes is at hand (`brainlab train-tissue`). The network measures people and samples alike, so that its own faults
count on both sides; the truth of simulated people, where the cohort has it, stands beside. It also says how long a
sample takes, and how near held-out scans come back from their codes.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import evenly
from brainlab.evaluation.region_volumes import region_volumes
from brainlab.experiments.figures.sources import unseen_tests
from brainlab.networks.perceptual.find import find_segmenter
from brainlab.networks.perceptual.volume_segmenter import VolumeSegmenter
from brainlab.runs.run import Run, load_run
from brainlab.types import Float32Array, IntArray

AGES = (30, 40, 50, 60, 70, 80)
HEALTHY = "healthy"
VENTRICLES, LESIONS = "ventricles", "lesion"
PEOPLE = 300
"""Scans of the cohort whose regions are measured, at most, evenly taken."""
INVERTED = 64
"""Held-out scans that are encoded and decoded."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure whether a conditional run draws what it is asked for.")
    parser.add_argument("run", type=Path)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--n", type=int, default=40, help="samples of each decade of age, at most, and of each class")
    parser.add_argument("--guidance", type=float, default=1.0)
    parser.add_argument("--out", type=Path, help="also write all numbers as JSON")
    args = parser.parse_args()
    run, cohorts = load_run(args.run), [PreparedDataset.open(folder) for folder in args.data]
    segmenter = find_segmenter(run.shape, cohorts[0].recipe)
    print(f"{run.name} against {', '.join(cohort.name for cohort in cohorts)}, regions by {segmenter.name}")
    people = pd.concat([of_people(run, cohort, segmenter) for cohort in cohorts], ignore_index=True)
    start = time.perf_counter()
    own = healthy(people)["age_years"].to_numpy()
    asked = [{"class": HEALTHY, "age_years": float(age)} for age in own[evenly(len(own), len(AGES) * args.n)]]
    by_age = drawn(run, segmenter, args.guidance, asked)
    classes = sorted(people["class"].unique())
    by_class = drawn(run, segmenter, args.guidance, [{"class": name} for name in classes for _ in range(args.n)])
    seconds = (time.perf_counter() - start) / (len(by_age) + len(by_class))
    found = {
        "ventricles_ml_a_year": ages(people, by_age),
        "lesions_ml": lesions(people, by_class),
        "inversion_mse": inversion(run, cohorts[0]),
        "seconds_a_sample_and_its_labels": seconds,
        "seconds_a_sample": sampling_seconds(run),
    }
    print(json.dumps(found, indent=1))
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def of_people(run: Run, dataset: PreparedDataset, segmenter: VolumeSegmenter) -> pd.DataFrame:
    """Return class, age, and regional volumes by the network of scans of unseen people, and what is true of them."""
    rows = spread(unseen_tests(dataset, [run], None), PEOPLE)
    table = measured(dataset.batch(rows)[:, 0], segmenter)
    known = dataset.scans.iloc[rows].reset_index(drop=True)
    truth = {
        f"true_{name}": known[f"{column}_volume_ml"] for name, column in TRUE.items() if f"{column}_volume_ml" in known
    }
    return table.assign(**{"class": known["class"], "age_years": known["age_years"], **truth})


TRUE = {VENTRICLES: "ventricle", LESIONS: "lesion"}


def spread(rows: IntArray, most: int) -> IntArray:
    """Return at most so many of the rows, evenly taken."""
    return rows[evenly(len(rows), most)]


def measured(images: Float32Array, segmenter: VolumeSegmenter) -> pd.DataFrame:
    """Return the volume of each region in ml, a row an image."""
    return pd.DataFrame(region_volumes(images, segmenter), columns=list(segmenter.regions))


def drawn(run: Run, segmenter: VolumeSegmenter, guidance: float, asked: list[dict[str, str | float]]) -> pd.DataFrame:
    """Return the regions of samples, a row for each that is asked for, with what was asked."""
    _, images = run.sample(len(asked), 0, condition=asked, guidance=guidance)
    return measured(images, segmenter).join(pd.DataFrame(asked))


def healthy(people: pd.DataFrame) -> pd.DataFrame:
    """Return the healthy people of the ages that samples are asked for."""
    chosen = people[people["class"] == HEALTHY]
    return chosen[chosen["age_years"].between(min(AGES), max(AGES))]


def ages(people: pd.DataFrame, samples: pd.DataFrame) -> dict[str, float | dict[str, float]]:
    """Return how fast ventricles grow with age, in people and in samples of the same ages, by a straight line.

    Growth is faster late in life, so that a slope depends on whose ages are asked for.
    """
    known = healthy(people)

    def slope(table: pd.DataFrame, column: str = VENTRICLES) -> float:
        return float(np.polyfit(table["age_years"], table[column], 1)[0])

    found: dict[str, float | dict[str, float]] = {"people": slope(known), "samples": slope(samples)}
    if f"true_{VENTRICLES}" in people:
        found["truth"] = slope(known, f"true_{VENTRICLES}")
    found["ratio"] = slope(samples) / slope(known)
    found["n_people"] = float(len(known))
    for name, table in (("means", samples), ("means_of_people", known)):
        decades = pd.cut(table["age_years"], [age - 5 for age in (*AGES, AGES[-1] + 10)], labels=[*map(str, AGES)])
        found[name] = table.groupby(decades, observed=True)[VENTRICLES].mean().to_dict()
    return found


def lesions(people: pd.DataFrame, samples: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the mean volume of lesions of each class, in people and samples."""
    columns = {"people": people.groupby("class")[LESIONS].mean(), "samples": samples.groupby("class")[LESIONS].mean()}
    if f"true_{LESIONS}" in people:
        columns["truth"] = people.groupby("class")[f"true_{LESIONS}"].mean()
    return pd.DataFrame(columns).round(2).to_dict("index")


def inversion(run: Run, dataset: PreparedDataset) -> dict[str, float]:
    """Return the mean squared error of scans that come back from their codes, told what they show and told nothing."""
    rows = spread(unseen_tests(dataset, [run], None), INVERTED)
    x = dataset.batch(rows)
    known = dataset.scans.iloc[rows]
    told = [
        {each.name: row[each.name] for each in run.conditions if each.name in row and pd.notna(row[each.name])}
        for row in known.to_dict("records")
    ]
    return {
        name: float(np.square(run.decode(run.encode(x, condition=asked)[0], condition=asked) - x[:, 0]).mean())
        for name, asked in (("told", told), ("untold", None))
    }


def sampling_seconds(run: Run, n: int = 16) -> float:
    """Return the seconds that a sample takes, in a batch, by as many threads as torch has."""
    run.sample(1, 0)
    start = time.perf_counter()
    run.sample(n, 0)
    return (time.perf_counter() - start) / n


if __name__ == "__main__":
    main()
