"""Compare runs that were trained on fewer and more people: images, copies, and what their codes know of a disease.

    python -m benchmarks.models.fewer_people PREPARED_UNSEEN --run RUN PREPARED_TRAINING [--run ...]
        [--codes PREPARED_TRAINING ...] [--picture docs/figures/fewer-people.png]

Each run is measured on the same unseen people, and an LDA of its codes is fitted on the people that it was trained on.
With --codes, the last run's codes serve LDAs that are fitted on each of these cohorts instead: few labelled people,
encoded by a run that was trained on many others. Prints two tables in Markdown. The picture has 8 first samples of each
run, and at the bottom 8 of the unseen scans, each in three planes. Figures that an earlier call left in a run's folder
are taken from there.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.models.gallery import block
from benchmarks.results.shipped_runs import white_neighbours
from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import evenly
from brainlab.experiments.analysis.discrimination import LdaResult, lda_analysis
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.images.pictures import enlarged
from brainlab.runs.run import Run, load_run
from brainlab.workspace import PROJECT

SHOWN, TEXTURED, SEED = 8, 100, 0
DISEASE = "ms"
ZOOM = 2


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare runs that were trained on fewer and more people.")
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--run", nargs=2, type=Path, action="append", required=True, metavar=("RUN", "TRAINING"))
    parser.add_argument("--codes", nargs="*", type=Path, default=[], metavar="TRAINING")
    parser.add_argument("--n", type=int, default=1000, help="samples drawn from each run")
    parser.add_argument("--picture", type=Path, default=PROJECT / "docs" / "figures" / "fewer-people.png")
    args = parser.parse_args()
    unseen = PreparedDataset.open(args.unseen)
    runs = [(load_run(folder), PreparedDataset.open(data)) for folder, data in args.run]
    print("| people | training scans | error | sharpness | neighbours | coverage | copies (held out) |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for run, data in runs:
        print(images_row(run, data, unseen, args.n), flush=True)
    print(
        f"\n| codes from | LDA fitted on | {DISEASE} precision | {DISEASE} recall | balanced accuracy | more than 64 |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    for run, data in runs:
        print(classes_row(people(run, data), data, lda_analysis(run, data, unseen)), flush=True)
    best, trained_on = runs[-1]
    for folder in args.codes:
        fewer = PreparedDataset.open(folder)
        print(classes_row(people(best, trained_on), fewer, lda_analysis(best, fewer, unseen)), flush=True)
    draw([run for run, _ in runs], unseen, args.picture)


def people(run: Run, data: PreparedDataset) -> int:
    """Return how many people a run was trained on."""
    return int(run.see(data).scans["participant"].iloc[data.indices("train")].nunique())


def images_row(run: Run, data: PreparedDataset, unseen: PreparedDataset, n: int) -> str:
    """Measure a run's images; one row."""
    m: dict[str, Any] = run.evaluation() or evaluate_run(run, unseen, n, training=data)
    near = m["nearest_training_distance"]["settings"]
    cells = [
        f"{people(run, data):,}",
        f"{len(data.indices('train')):,}",
        f"{m['mse']['value']:.4f}",
        f"{m['sharpness_generated']['settings']['relative_to_real']:.2f}",
        f"{white_neighbours(run.sample(TEXTURED, SEED)[1]):.2f}",
        f"{m['coverage']['value']:.2f}",
        f"{near['share_copies']:.3f} ({near['share_copies_held_out']:.3f})",
    ]
    return f"| {' | '.join(cells)} |"


def classes_row(trained: int, fitted: PreparedDataset, found: LdaResult) -> str:
    """Sum up an LDA; one row. trained: people that the codes' run was trained on."""
    disease = found.scores.per_class()[DISEASE]
    low, high = found.scores.intervals()["balanced_accuracy"]
    more = found.to_json()["latents_minus_pca_64"]
    cells = [
        f"{trained:,} people",
        f"{found.train.dataset.scans['participant'].iloc[fitted.indices('train')].nunique():,} people",
        f"{disease['precision']:.2f}",
        f"{disease['recall']:.2f}",
        f"{found.scores.balanced_accuracy:.3f} ({low:.3f} to {high:.3f})",
        f"{more['balanced_accuracy']:+.3f} ({more['interval'][0]:+.3f} to {more['interval'][1]:+.3f})",
    ]
    return f"| {' | '.join(cells)} |"


def draw(runs: list[Run], unseen: PreparedDataset, path: Path) -> None:
    """Save the first samples of each run above scans of unseen people, a white line between."""
    parts = [block(run.sample(SHOWN, SEED)[1], run.grid) for run in runs]
    parts.append(block(unseen.batch(evenly(len(unseen), SHOWN))[:, 0], unseen.grid))
    line = np.full((3, parts[0].shape[1]), 255, np.uint8)
    stack = [row for part in parts for row in (part, line)][:-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    enlarged(np.vstack(stack), ZOOM, Image.Resampling.BICUBIC).save(path, optimize=True)


if __name__ == "__main__":
    main()
