"""Are the two diseases told apart by place and shape of their lesions, and not by a signal threshold?

Simulates people with multiple sclerosis and with leukoencephalopathy (grades as in the FLAIR paper's table 1) and
prints two cross-validated balanced accuracies, both grouped by participant:
  threshold   the share of bright voxels, at every threshold and normalisation; the best of all of them
  truth       linear discriminant analysis on place and shape of the true lesions, whatever their amount
Run: python -m benchmarks.cohort.simulated_lesions --people 60 --jobs 1
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from brainlab.simulation.participant import CohortSettings, simulate_participant
from brainlab.simulation.published import PUBLISHED_PARTICIPANTS
from brainlab.simulation.scanning.imaging import SimulatedImage

THRESHOLDS = np.linspace(0.1, 0.98, 45)
RELATIVE_THRESHOLDS = np.linspace(0.5, 2.2, 60)
LEUKO = tuple((name, weight) for name, weight in PUBLISHED_PARTICIPANTS.items() if name.startswith("leuko"))

Array = npt.NDArray[Any]


def measure(job: tuple[int, int, str]) -> list[dict[str, Any]]:
    """Simulate one participant and return a record a scan."""
    seed, number, disease = job
    classes = (("ms", 1.0),) if disease == "ms" else LEUKO
    person = simulate_participant(CohortSettings(seed=seed, classes=classes), number)
    return [
        {
            "person": f"{disease}{number}",
            "ms": disease == "ms",
            "bright": bright_shares(visit.images[0]),
            "lesion": place_and_shape(visit.images[0]),
            "load_ml": visit.row["lesion_volume_ml"],
        }
        for visit in person.visits
    ]


def bright_shares(scan: SimulatedImage) -> Array:
    """Shares of bright voxels: of the paper's 4 mm image in [0, 1], and at 2 mm relative to the brain's median."""
    x, y, z = scan.image.shape
    image = scan.image[5 : x - 6, 6 : y - 7, : z - 11].reshape(40, 2, 48, 2, 40, 2).mean(axis=(1, 3, 5))
    bounded = np.minimum(image, np.percentile(image, 99.5))
    small = (bounded - bounded.min()) / (bounded.max() - bounded.min())
    brain = scan.image[scan.truth.brain > 0]
    relative = np.sort(brain / np.median(brain))
    above = 1 - np.searchsorted(relative, RELATIVE_THRESHOLDS) / len(relative)
    return np.concatenate([[(small > t).mean() for t in THRESHOLDS], above, [small.mean(), small.std()]])


def place_and_shape(scan: SimulatedImage) -> Array:
    """Where the lesions lie and how they look, from the true labels; no amount of anything is among them."""
    labels, lesion = scan.truth.labels, scan.truth.lesion > 0
    if not lesion.any():
        return np.zeros(11)
    ventricle = ndimage.distance_transform_edt(labels != 5, sampling=2)
    cortex = ndimage.distance_transform_edt(~np.isin(labels, (1, 2)), sampling=2)
    below = ndimage.binary_dilation(np.isin(labels, (8, 9)), iterations=2)
    parts, count = ndimage.label(lesion)
    sizes = np.bincount(parts.ravel())[1:]
    elongation = [_elongation(np.argwhere(parts == i + 1)) for i in np.flatnonzero(sizes >= 8)[:40]]
    mirror = lesion[::-1]
    middle = abs(np.arange(lesion.shape[0]) - (lesion.shape[0] - 1) / 2)[:, None, None] <= 5
    to_ventricle, to_cortex = ventricle[lesion], cortex[lesion]
    return np.array(
        [
            to_ventricle.mean(),
            (to_ventricle <= 4).mean(),
            to_cortex.mean(),
            (to_cortex <= 3).mean(),
            (lesion & below).sum() / lesion.sum(),
            (lesion & middle).sum() / lesion.sum(),
            (lesion & ndimage.binary_dilation(mirror, iterations=1)).sum() / lesion.sum(),
            np.mean(elongation) if elongation else 0,
            np.log(np.median(sizes)),
            sizes.max() / sizes.sum(),
            count / sizes.sum() ** 0.5,
        ]
    )


def _elongation(voxels: Array) -> float:
    """Ratio of the longest to the shortest principal axis of a part."""
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(voxels.T)) + 0.1)
    return float(spread[-1] / spread[0])


def best_cut(value: Array, ms: Array, people: Array) -> float:
    """Cross-validated balanced accuracy of the best cut through one number, in either direction."""
    predicted = np.zeros(len(ms), bool)
    for train, test in GroupKFold(5).split(value, ms, people):
        cuts = np.unique(np.quantile(value[train], np.linspace(0.02, 0.98, 49)))
        scores = [
            [balanced_accuracy_score(ms[train], (value[train] > cut) == up) for cut in cuts] for up in (True, False)
        ]
        up, cut = np.unravel_index(int(np.argmax(scores)), (2, len(cuts)))
        predicted[test] = (value[test] > cuts[cut]) == (up == 0)
    return float(balanced_accuracy_score(ms, predicted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=60, help="of each disease")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    work = [(args.seed + (kind == "ms"), n, kind) for kind in ("ms", "leuko") for n in range(1, args.people + 1)]
    with ProcessPoolExecutor(args.jobs) as pool:
        records = [record for records in pool.map(measure, work, chunksize=4) for record in records]
    ms, people = np.array([r["ms"] for r in records]), np.array([r["person"] for r in records])
    bright, features = np.stack([r["bright"] for r in records]), np.stack([r["lesion"] for r in records])
    scores = [best_cut(bright[:, i], ms, people) for i in range(bright.shape[1])]
    model = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(priors=[0.5, 0.5]))
    predicted = cross_val_predict(model, features, ms, groups=people, cv=GroupKFold(5))
    names = [f"paper {t:.2f}" for t in THRESHOLDS] + [f"median x {t:.2f}" for t in RELATIVE_THRESHOLDS] + ["mean", "sd"]
    load = np.array([r["load_ml"] for r in records])
    print(
        json.dumps(
            {
                "scans": len(ms),
                "threshold_balanced_accuracy": round(max(scores), 3),
                "threshold": names[int(np.argmax(scores))],
                "bright_threshold_balanced_accuracy": round(max(scores[i] for i in _bright(names)), 3),
                "true_load_balanced_accuracy": round(best_cut(load, ms, people), 3),
                "truth_balanced_accuracy": round(float(balanced_accuracy_score(ms, predicted)), 3),
                "load_ml_quartiles": {
                    name: np.percentile(load[which], (25, 50, 75)).round(1).tolist()
                    for name, which in (("ms", ms), ("leuko", ~ms))
                },
                "by_threshold": dict(zip(names, np.round(scores, 3).tolist(), strict=True)),
            }
        )
    )


def _bright(names: list[str]) -> list[int]:
    """Thresholds that look for bright tissue: above the median, or in the upper half of the paper's range."""
    return [
        i
        for i, name in enumerate(names)
        if (name.startswith("paper") and float(name.split()[-1]) >= 0.5)
        or (name.startswith("median") and float(name.split()[-1]) >= 1.05)
    ]


if __name__ == "__main__":
    main()
