"""How well real and simulated scans are told apart, how well age is read, and what a network could know of the class.

    brainlab simulate /tmp/c --participants 1000 --seed 1 --space mni --voxel-size-mm 2 --truth table
    brainlab prepare /tmp/c /tmp/simulated --recipe flair-40
    python -m benchmarks.cohort.realism_limits /tmp/simulated [--real PREPARED] [--unseen PREPARED] [--epochs 40]

Prints one JSON object:
  real_or_simulated  with --real: AUC of a random forest on radial spectrum and tissue medians, one scan a person, each
                     left out once; real people against as many simulated ones with multiple sclerosis, drawn ten times;
                     and the three features that told most
  age                correlation and mean error in years among the healthy of 20-80, by ridge regression on 200 voxel
                     components, fitted on three quarters of the people and read from the others
  class              with --unseen: balanced accuracy, and precision and recall of multiple sclerosis, of a small 3D
                     network trained on the labels: what a code could at best know
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import RidgeCV
from sklearn.metrics import balanced_accuracy_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from torch import nn

from brainlab.cohort.checks.realism import BANDS, contrast, realism
from brainlab.cohort.prepared import PreparedDataset
from brainlab.images.voxel_components import VoxelComponents

COMPONENTS = 200
MEDIANS = ("grey_to_white", "deep_grey_to_white", "fluid_to_white")
AGES = (20, 80)

Array = npt.NDArray[Any]


def first_scans(dataset: PreparedDataset, class_name: str | None = None) -> Array:
    """Row numbers of the first scan of each person, of a class if one is named."""
    scans = dataset.scans.drop_duplicates("participant")
    chosen = scans[scans["class"] == class_name] if class_name else scans
    return np.flatnonzero(dataset.scans.index.isin(chosen.index))


def features(volume: Array) -> dict[str, float]:
    """Radial spectrum and tissue medians of one scan [40, 48, 40]."""
    alone = realism(volume[None])
    spectrum = {f"power {low:.2f}": value for low, value in zip(BANDS, alone.log_power, strict=False)}
    medians = contrast(volume[None])
    return spectrum | {name: getattr(medians, name) for name in MEDIANS}


def real_or_simulated(real: PreparedDataset, simulated: PreparedDataset) -> dict[str, Any]:
    """Tell the two apart, ten times with other simulated people."""
    of_real = [features(volume) for volume in real.batch(first_scans(real))[:, 0]]
    pool = first_scans(simulated, "ms")
    rng = np.random.default_rng(0)
    aucs, importance = [], np.zeros(len(of_real[0]))
    for _ in range(10):
        drawn = rng.choice(pool, len(of_real), replace=False)
        rows = of_real + [features(volume) for volume in simulated.batch(np.sort(drawn))[:, 0]]
        table = np.array([list(row.values()) for row in rows])
        truth = np.repeat([1, 0], len(of_real))
        forest = RandomForestClassifier(n_estimators=300, random_state=0)
        told = cross_val_predict(forest, table, truth, cv=StratifiedKFold(len(of_real)), method="predict_proba")[:, 1]
        aucs.append(roc_auc_score(truth, told))
        importance += forest.fit(table, truth).feature_importances_ / 10
    best = np.argsort(-importance)[:3]
    return {
        "people": [len(of_real), len(pool)],
        "auc": round(float(np.mean(aucs)), 3),
        "auc_sd": round(float(np.std(aucs)), 3),
        "most_telling": [list(of_real[0])[place] for place in best],
    }


def age(dataset: PreparedDataset) -> dict[str, Any]:
    """Read the age of healthy people from their scan."""
    rows = first_scans(dataset, "healthy")
    years = dataset.scans["age_years"].to_numpy(float)[rows]
    chosen = (years >= AGES[0]) & (years <= AGES[1])
    rows, years = rows[chosen], years[chosen]
    known = int(0.75 * len(rows))
    components = VoxelComponents(COMPONENTS).fit(dataset.volumes, rows[:known])
    scores = components.transform(dataset.volumes, rows)
    fitted = RidgeCV(np.logspace(-2, 5, 30)).fit(scores[:known], years[:known])
    read = fitted.predict(scores[known:])
    return {
        "people": [known, len(rows) - known],
        "r": round(float(np.corrcoef(read, years[known:])[0, 1]), 3),
        "mean_error_years": round(float(np.abs(read - years[known:]).mean()), 2),
    }


def network(classes: int) -> nn.Module:
    """Return a small network of four strided convolutions."""
    layers: list[nn.Module] = []
    channels = 1
    for width in (16, 32, 64, 96):
        layers += [nn.Conv3d(channels, width, 3, stride=2, padding=1), nn.BatchNorm3d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(channels, classes))


def what_a_network_knows(known: PreparedDataset, unseen: PreparedDataset, epochs: int) -> dict[str, Any]:
    """Train on the labels of one cohort, mirrored at random and shifted by a voxel, and predict another."""
    torch.manual_seed(0)
    names = sorted(set(known.scans["class"]))
    labels, truth = (np.array([names.index(name) for name in data.scans["class"]]) for data in (known, unseen))
    images = torch.from_numpy(known.batch(known.indices()))
    model = network(len(names))
    weight = torch.tensor(len(labels) / np.maximum(np.bincount(labels, minlength=len(names)), 1) ** 0.5).float()
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.02)
    steps = epochs * max(1, len(labels) // 32)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for _ in range(epochs):
        for rows in torch.randperm(len(labels))[: len(labels) // 32 * 32].split(32):
            batch = images[rows]
            batch = batch.flip(2) if torch.rand(()) < 0.5 else batch
            batch = batch.roll(tuple(torch.randint(-1, 2, (3,)).tolist()), (2, 3, 4))
            loss = nn.functional.cross_entropy(model(batch), torch.from_numpy(labels)[rows], weight / weight.mean())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        parts = np.array_split(unseen.indices(), max(1, len(unseen) // 64))
        told = np.concatenate([model(torch.from_numpy(unseen.batch(part))).argmax(1).numpy() for part in parts])
    ms = names.index("ms")
    return {
        "scans": [len(known), len(unseen)],
        "balanced_accuracy": round(float(balanced_accuracy_score(truth, told)), 3),
        "ms_precision": round(float(precision_score(truth == ms, told == ms)), 3),
        "ms_recall": round(float(recall_score(truth == ms, told == ms)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("simulated", type=Path, help="a simulated cohort, prepared")
    parser.add_argument("--real", type=Path, help="real scans, prepared")
    parser.add_argument("--unseen", type=Path, help="another simulated cohort, prepared")
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args()
    simulated = PreparedDataset.open(args.simulated)
    found = {"age": age(simulated)}
    if args.real:
        found["real_or_simulated"] = real_or_simulated(PreparedDataset.open(args.real), simulated)
    if args.unseen:
        found["class"] = what_a_network_knows(simulated, PreparedDataset.open(args.unseen), args.epochs)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
