"""Synthesise the FLAIR of real patients with MS from T1w and T2w, each patient held out once; write table and picture.

    BRAINLAB_REALDATA=FOLDER python -m benchmarks.results.real_synthesis WORK [--epochs 12] [--methods linear fcn ...]
        [--start models/flair-t1-t2]

FOLDER/ms holds open_ms_data (patient*/study*_{FLAIR,T1W,T2W}.nii.gz; CC-BY): visits with all three are prepared by the
recipe flair-synthesis, scaled by each scan's own brain. Every method learns from all other patients' visits, within the
brain (`--within`), the linear model also in the whole image. --start names an FCN that learned from simulated visits:
it is measured as it is, and after it has learned from the real ones too. Measures are over the brain, means over
patients of the means of their visits.

WORK keeps the prepared scans, runs and synthesised volumes, and a second call goes on from there. It gets `table.md`
and a picture for each patient, `patient*.png`: the true FLAIR, then each method above its difference from the truth.
The pictures show people: keep them out of the repository.
"""

import argparse
import csv
import dataclasses
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from brainlab.cohort.intensity import Z_WINDOW
from brainlab.cohort.preparation.batch import prepare_cohort
from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import find_recipe
from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.views import places_of
from brainlab.errors import InputError
from brainlab.evaluation.synthesis.detail import blur_ratio
from brainlab.evaluation.synthesis.similarity import normalised_mutual_information, ssim
from brainlab.evaluation.synthesis.voxel_error import mse
from brainlab.experiments.synthesis.patchwise import translate
from brainlab.experiments.tables.written import markdown_table
from brainlab.experiments.training import resume, train
from brainlab.experiments.training_plan import Machine
from brainlab.runs.methods import find_preset
from brainlab.runs.run import Run, load_run
from brainlab.training.checkpoint import RESUME
from brainlab.translation.baselines.modality_propagation import ModalityPropagation
from brainlab.translation.baselines.random_forest import RandomForestTranslation
from brainlab.types import BoolArray, Float32Array, IntArray

INPUTS, TARGET = ("T1w", "T2w"), "FLAIR"
SEQUENCES = {"FLAIR": "FLAIR", "T1w": "T1W", "T2w": "T2W"}
"""Sequence to its word in the names of the scans' files."""
PRESETS = {"linear": "flair-linear", "mlp": "flair-mlp-small", "fcn": "flair-fcn-small", "unet": "flair-unet-small"}
BASELINES = {"forest": RandomForestTranslation, "propagation": ModalityPropagation}
BOTH = ("image", "brain")
"""Where the linear model counts errors."""
LEARNED: dict[str, Any] = {"patch": (32, 32, 20), "overlap": 0.0, "optimiser": "adam", "cosine": True}
"""Of networks: small patches, to spare time."""
RATE, RATE_OF_TUNING = 1e-3, 3e-4
TUNED = 0.5
"""Epochs of an FCN that knows simulated people, as a share of those of one that knows nobody."""
SHOWN_DIFFERENCE = 3.0
"""Standard deviations of the brain that are red or blue."""

BRIGHT, DEEP, LEAST_VOXELS = 2.0, 6, 20
"""Lesions, as far as nobody outlined them: patches of so many voxels that are this bright in the true FLAIR, so many
voxels below the brain's outline."""


def lesion_brightness(made: Float32Array, truth: Float32Array, brain: BoolArray) -> float | None:
    """Return the mean of what was made where the true FLAIR has a bright patch: z-scores; None where it has none."""
    patches, count = ndimage.label(ndimage.binary_erosion(brain, iterations=DEEP) & (truth > BRIGHT))
    sizes = np.bincount(patches.ravel(), minlength=count + 1)
    sizes[0] = 0
    shown = (sizes >= LEAST_VOXELS)[patches]
    return float(made[shown].mean(dtype=np.float64)) if shown.any() else None


MEASURES: Mapping[str, Callable[[Float32Array, Float32Array, BoolArray], float | None]] = {
    "MSE": mse,
    "SSIM": ssim,
    "NMI": normalised_mutual_information,
    "blur ratio": blur_ratio,
    "lesions": lesion_brightness,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Synthesise real FLAIR from T1w and T2w, each patient held out once.")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--epochs", type=int, default=12, help="of networks (default 12)")
    parser.add_argument("--methods", nargs="+", choices=(*PRESETS, *BASELINES), default=[*PRESETS, *BASELINES])
    parser.add_argument("--start", type=Path, metavar="RUN", help="an FCN of 32 filters that knows simulated visits")
    args = parser.parse_args()
    start = load_run(args.start) if args.start else None
    data = real_visits(args.work)
    people = sorted(set(data.scans["participant"]))
    rows: dict[str, list[dict[str, float]]] = {}
    for person in people:
        made = {"mean of the brain": [np.zeros(data.shape, np.float32) for _ in rows_of(data, person)]}
        for name in args.methods:
            for within in BOTH if name == "linear" else BOTH[1:]:
                made[f"{name}, {within}"] = synthesised(name, within, data, person, args.work, args.epochs)
        if start is not None:
            made |= transferred(start, data, person, args.work, args.epochs)
        for name, volumes in made.items():
            rows.setdefault(name, []).append(measured(data, person, volumes))
            print(person, name, rows[name][-1], file=sys.stderr, flush=True)
        draw(data, person, made, args.work / f"{person}.png")
        (args.work / "table.md").write_text(
            "\n".join(table(rows, people[: people.index(person) + 1])) + "\n", encoding="utf-8"
        )
    print((args.work / "table.md").read_text(encoding="utf-8"))


def real_visits(work: Path) -> PreparedDataset:
    """Return the prepared visits that have all sequences, making them first where they are not there."""
    place = work / "ms"
    if (place / "recipe.json").is_file():
        return PreparedDataset.open(place)
    source = Path(os.environ.get("BRAINLAB_REALDATA", "realdata")) / "ms"
    visits = [
        path.with_name(path.name.replace("FLAIR", "{}")) for path in sorted(source.glob("patient*/study*_FLAIR.nii.gz"))
    ]
    lines = [["file", "participant", "session", "modality"]]
    for visit in visits:
        files = {name: Path(str(visit).format(word)) for name, word in SEQUENCES.items()}
        if all(path.is_file() for path in files.values()):
            person, session = visit.parent.name, visit.name.partition("_")[0]
            lines += [[str(path.relative_to(source)), person, session, name] for name, path in files.items()]
    if len(lines) == 1:
        raise InputError(f"{source}: needs visits with FLAIR, T1W and T2W, found none; set BRAINLAB_REALDATA")
    work.mkdir(parents=True, exist_ok=True)
    with (work / "ms.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    recipe = find_recipe("flair-synthesis").of_sequences(list(SEQUENCES)).scaled_by_brain()
    report = prepare_cohort(find_sources(source, recipe, table=work / "ms.csv"), place, recipe)
    print(f"prepared: {report}", file=sys.stderr)
    return PreparedDataset.open(place)


def rows_of(data: PreparedDataset, person: str) -> IntArray:
    return np.flatnonzero((data.scans["participant"] == person).to_numpy())


def without(data: PreparedDataset, person: str) -> PreparedDataset:
    """Return the data with one person held out, and all others in training."""
    split = np.where(data.scans["participant"] == person, "test", "train")
    return dataclasses.replace(data, scans=data.scans.assign(split=split))


def synthesised(
    name: str, within: str, data: PreparedDataset, person: str, work: Path, epochs: int
) -> list[Float32Array]:
    """Return what a method that learned from the others makes of a person's visits."""
    label = f"{name}-{within}-{epochs}" if name in PRESETS else name
    if name in BASELINES:
        return kept(work / "made" / label / person, lambda: by_baseline(name, data, person))
    run = trained(PRESETS[name], within, without(data, person), work / "runs" / label / person, epochs)
    return kept(work / "made" / label / person, lambda: by_run(run, data, person))


def transferred(
    start: Run, data: PreparedDataset, person: str, work: Path, epochs: int
) -> dict[str, list[Float32Array]]:
    """Return what a network makes that learned from simulated visits alone, and then from the others' real ones."""
    label = f"{start.name}-{epochs}"
    folder = work / "runs" / label / person
    tuned = trained(PRESETS["fcn"], "brain", without(data, person), folder, max(1, round(TUNED * epochs)), start)
    return {
        "fcn, simulated alone": kept(work / "made" / start.name / person, lambda: by_run(start, data, person)),
        "fcn, simulated, then real": kept(work / "made" / label / person, lambda: by_run(tuned, data, person)),
    }


def trained(
    preset: str, within: str, data: PreparedDataset, folder: Path, epochs: int, start: Run | None = None
) -> Run:
    """Return a run of a preset, trained to its end where it is not there or was stopped."""
    machine, began = Machine(device="cpu"), time.monotonic()
    if (folder / RESUME).is_file():
        resume(folder, data, machine=machine)
    else:
        _, chosen = find_preset(preset)
        changes: dict[str, Any] = {"inputs": INPUTS, "target": TARGET, "within": within}
        if preset == PRESETS["linear"]:
            changes["overlap"], epochs = 0.0, 1
        else:
            changes |= LEARNED | {"learning_rate": RATE_OF_TUNING if start else RATE}
        config = dataclasses.replace(chosen.config, **changes)
        schedule = dataclasses.replace(chosen.schedule, epochs=epochs)
        train(preset, data, folder, config=config, schedule=schedule, start=start, machine=machine)
    print(f"{folder}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return load_run(folder)


def by_run(run: Run, data: PreparedDataset, person: str) -> list[Float32Array]:
    places = places_of(INPUTS, data)
    return [translate(run, data.batch(np.array([row]))[0, places]) for row in rows_of(data, person)]


def by_baseline(name: str, data: PreparedDataset, person: str) -> list[Float32Array]:
    *inputs, target = places_of((*INPUTS, TARGET), data)
    others = without(data, person)
    images = [data.batch(np.array([row]))[0] for row in others.indices("train")]
    model = BASELINES[name]().fit(
        [image[inputs] for image in images],
        [image[target] for image in images],
        [brain_of(data, int(row)) for row in others.indices("train")],
    )
    return [
        model.predict(data.batch(np.array([row]))[0, inputs], brain_of(data, int(row))) for row in rows_of(data, person)
    ]


def kept(folder: Path, make: Callable[[], list[Float32Array]]) -> list[Float32Array]:
    """Return volumes that lie in a folder, making and writing them first where they do not."""
    if not folder.is_dir():
        volumes = make()
        folder.mkdir(parents=True)
        for number, volume in enumerate(volumes):
            np.save(folder / f"{number}.npy", volume.astype(np.float16))
    return [np.load(path).astype(np.float32) for path in sorted(folder.glob("*.npy"))]


def brain_of(data: PreparedDataset, row: int) -> BoolArray:
    return np.asarray(data.segmentations[row]) > 0  # type: ignore[index]


def measured(data: PreparedDataset, person: str, volumes: Sequence[Float32Array]) -> dict[str, float]:
    """Return the mean of each measure over a person's visits."""
    (target,) = places_of([TARGET], data)
    found: dict[str, list[float]] = {name: [] for name in MEASURES}
    for row, made in zip(rows_of(data, person), volumes, strict=True):
        brain, truth = brain_of(data, int(row)), data.batch(np.array([row]))[0, target]
        # What lies outside the brain is the truth's in both, so that SSIM's windows at its border judge the brain.
        inside = np.where(brain, made, truth)
        for name, measure in MEASURES.items():
            found[name].append(float(measure(inside, truth, brain) or 0.0))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def table(rows: Mapping[str, Sequence[Mapping[str, float]]], people: Sequence[str]) -> list[str]:
    """Return a Markdown table: means over people of each measure, and each person's MSE."""
    head = ["method, learned within", *MEASURES, *(f"MSE, {person}" for person in people)]
    lines = [
        [
            name,
            *(f"{np.mean([each[measure] for each in found]):.3f}" for measure in MEASURES),
            *(f"{each['MSE']:.3f}" for each in found),
        ]
        for name, found in rows.items()
    ]
    return markdown_table(head, lines)


def draw(data: PreparedDataset, person: str, made: Mapping[str, Sequence[Float32Array]], path: Path) -> None:
    """Write the axial slice of a person's first visit with most brain above its middle: truth, inputs, methods."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    row = int(rows_of(data, person)[0])
    image, brain = data.batch(np.array([row]))[0], brain_of(data, row)
    level = round(float(np.average(np.arange(brain.shape[2]), weights=brain.sum(axis=(0, 1))))) + 1
    first, *inputs = places_of((TARGET, *INPUTS), data)
    truth = np.where(brain, image[first], Z_WINDOW[0])
    shown = {f"true {TARGET}": truth, **{data.channels[place]: image[place] for place in inputs}}
    shown |= {name: np.where(brain, volumes[0], Z_WINDOW[0]) for name, volumes in made.items()}
    figure, axes = plt.subplots(2, len(shown), figsize=(2.2 * len(shown), 5.4), squeeze=False)
    for (name, volume), (above, below) in zip(shown.items(), axes.T, strict=True):
        above.imshow(data.grid.view(volume, "axial", level), **_look(Z_WINDOW, "gray"))
        above.set_title(name, fontsize=7)
        if name in made:
            limits = (-SHOWN_DIFFERENCE, SHOWN_DIFFERENCE)
            below.imshow(data.grid.view(volume - truth, "axial", level), **_look(limits, "RdBu_r"))
        above.axis("off")
        below.axis("off")
    figure.tight_layout(pad=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _look(limits: tuple[float, float], colours: str) -> dict[str, Any]:
    return {"vmin": limits[0], "vmax": limits[1], "cmap": colours, "interpolation": "nearest"}


if __name__ == "__main__":
    main()
