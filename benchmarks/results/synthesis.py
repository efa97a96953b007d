"""Cross-validate the translators of Wei's thesis on simulated people, for its tables and figures.

    python -m benchmarks.results.synthesis --flair PREPARED --out FOLDER [--only NAME ...]
    python -m benchmarks.results.synthesis --pet PREPARED --out FOLDER [--only NAME ...]

Each entry of the study becomes a folder with `cross-validation.json` (`brainlab cross-validate`), and is gone on with
where an earlier call ended. `brainlab tables wei-2.1 --records FOLDER` and its likes then rebuild the tables. The
networks are the thesis', what they learn from is thinned for two CPU cores: patches without overlap, an epoch or two,
Adam. Of what is only compared with itself, such as depths, some folds are done.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.cross_validation.baselines import BASELINES, BaselineConfig
from brainlab.experiments.cross_validation.folds import cross_validate
from brainlab.experiments.cross_validation.record import CrossValidation
from brainlab.runs.methods import find_preset

FIVE = ("T1w", "T2w", "PDw", "T1SE", "DIR")
QUICK: dict[str, Any] = {"patch": (32, 32, 20), "overlap": 0.0, "within": "brain"}
"""Of all networks of FLAIR: 20,000 voxels a step."""
ADAM: dict[str, Any] = {"optimiser": "adam", "learning_rate": 1e-3, "cosine": True}
FOUR_EPOCHS = {"epochs": 4, "batch_size": 1, "ema_decay": 0.99, "early_stopping": None}
"""Of what table 2.2 compares."""
ONE_EPOCH = {"epochs": 1, "batch_size": 1, "ema_decay": 0.99, "early_stopping": None}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One cross-validation.

    preset: or a baseline.  config, schedule: what is changed.  only: folds; () is all.
    """

    preset: str
    config: dict[str, Any] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=dict)
    only: tuple[int, ...] = ()


def _fcn(
    inputs: tuple[str, ...] = FIVE, filters: int = 32, depth: int = 3, only: tuple[int, ...] = (1,), epochs: int = 1
) -> Entry:
    config = {"inputs": inputs, "filters": filters, "depth": depth, **QUICK, **ADAM}
    return Entry(preset="flair-fcn", config=config, schedule={**ONE_EPOCH, "epochs": epochs}, only=only)


def _without(*names: str) -> tuple[str, ...]:
    return tuple(name for name in FIVE if name not in names)


HAAR: dict[str, Any] = {"overlap": 0.0, "within": "brain"}
"""Of our flow, whose patches are 16 voxels high and which has a schedule of rates of its own."""
NO_DIR = {"inputs": _without("DIR")}
FLAIR: dict[str, Entry] = {
    "linear": Entry(preset="flair-linear", config=QUICK),
    "forest": Entry(preset="random-forest"),
    "propagation": Entry(preset="modality-propagation"),
    "fcn": _fcn(filters=64, only=(), epochs=4),
    "unet": Entry(preset="flair-unet", config=QUICK | ADAM, schedule=FOUR_EPOCHS),
    "mlp": Entry(preset="flair-mlp", config=QUICK | ADAM, schedule=FOUR_EPOCHS),
    "flow": Entry(preset="flair-flow-small", config=HAAR, schedule=FOUR_EPOCHS),
    "fcn-32": _fcn(),
    "fcn-64": _fcn(filters=64),
    **{f"fcn-32-without-{name}": _fcn(_without(name)) for name in FIVE},
    **{
        f"fcn-32-of-{'-'.join(names)}": _fcn(names)
        for names in (("T1w", "DIR"), ("T2w", "DIR"), ("T1w", "T2w"), ("T1w", "T2w", "DIR"), ("T1w", "T2w", "PDw"))
    },
    "fcn-96": _fcn(filters=96),
    "linear-without-DIR": Entry(preset="flair-linear", config=QUICK | NO_DIR, only=(1,)),
    "mlp-without-DIR": Entry(preset="flair-mlp", config=QUICK | ADAM | NO_DIR, schedule=ONE_EPOCH, only=(1,)),
    "unet-without-DIR": Entry(preset="flair-unet", config=QUICK | ADAM | NO_DIR, schedule=ONE_EPOCH, only=(1,)),
    "fcn-without-DIR": _fcn(_without("DIR"), 64),
    "forest-without-DIR": Entry(preset="random-forest", config=NO_DIR, only=(1,)),
    "flow-without-DIR": Entry(preset="flair-flow-small", config=HAAR | NO_DIR, schedule=ONE_EPOCH, only=(1,)),
    **{f"depth-{depth}": _fcn(depth=depth, epochs=4) for depth in (2, 3, 4, 6)},
}
"""Chapter 2, in the order in which they are done."""

PATCH: dict[str, Any] = {"overlap": 0.0, "within": "brain"}
"""Of all networks of PET, whose patches are 32 voxels a side."""
TWO_EPOCHS = {**ONE_EPOCH, "epochs": 2}
TWO_STAGES = {**ONE_EPOCH, "epochs": 4}
"""Each of a Sketcher and a Refiner learns as long as a network alone."""

PAIRS = {"batch_size": 2}


def _gan(preset: str, schedule: dict[str, Any], only: tuple[int, ...] = (), **config: Any) -> Entry:
    if "sagan" in preset:  # what it makes after single patches is off in brightness as a whole
        schedule = schedule | PAIRS
    return Entry(preset=preset, config=PATCH | config, schedule=schedule, only=only)


PET: dict[str, Entry] = {
    "linear": Entry(preset="pet-linear", config={"within": "brain"}),
    "unet": Entry(preset="pet-unet-small", config=PATCH, schedule=TWO_EPOCHS),
    "refiner-cf-sagan": _gan("pet-refiner-cf-sagan-small", TWO_STAGES),
    "refiner": _gan("pet-sketcher-refiner-small", TWO_STAGES),
    "cgan": _gan("pet-cgan-small", TWO_EPOCHS),
    "cf-sagan": _gan("pet-cf-sagan-small", TWO_EPOCHS),
    "two-layer": Entry(preset="pet-two-layer-small", config=PATCH, schedule=TWO_EPOCHS),
    "flow": Entry(preset="pet-flow-small", config=PATCH, schedule=TWO_EPOCHS),
    **{
        f"{name}-{error}": _gan(preset, TWO_EPOCHS, (1,), error=error)
        for error in ("weighted-l1", "nwl1")
        for name, preset in (("unet", "pet-unet-small"), ("cgan", "pet-cgan-small"), ("cf-sagan", "pet-cf-sagan-small"))
    },
    **{
        f"refiner-of-{'-'.join(names)}": _gan("pet-sketcher-refiner-small", TWO_STAGES, (1,), inputs=names)
        for names in (("MTRmap",), ("MTRmap", "RD"))
    },
    **{
        f"refiners-{count}": _gan(
            "pet-sketcher-refiner-small", {**ONE_EPOCH, "epochs": 2 * (count + 1)}, (1,), refiners=count
        )
        for count in (2, 3)
    },
}
"""Chapters 3 and 4, likewise."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Cross-validate the thesis' translators.")
    parser.add_argument("--flair", type=Path, metavar="PREPARED")
    parser.add_argument("--pet", type=Path, metavar="PREPARED")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="entries, in this order")
    parser.add_argument("--folds", type=int, nargs="+", default=[], metavar="K", help="folds, in this order")
    args = parser.parse_args()
    for place, entries, of in ((args.flair, FLAIR, 5), (args.pet, PET, 3)):
        if place is not None:
            data = PreparedDataset.open(place)
            for fold in args.folds or range(1, of + 1):
                for name in args.only or entries:
                    if fold in (entries[name].only or range(1, of + 1)):
                        print(f"{name}: {told(measured(entries[name], data, args.out / name, fold, of))}", flush=True)


def measured(entry: Entry, data: PreparedDataset, folder: Path, fold: int, of: int) -> CrossValidation:
    """Return the record of an entry once one of its folds is done."""
    if entry.preset in BASELINES:
        config, schedule = BaselineConfig(**entry.config), None
    else:
        _, preset = find_preset(entry.preset)
        config, schedule = replace(preset.config, **entry.config), replace(preset.schedule, **entry.schedule)
    return cross_validate(entry.preset, data, folder, folds=of, only=[fold], config=config, schedule=schedule)


def told(record: CrossValidation) -> str:
    """Return a line of figures."""
    means = {
        name: record.values(name) for name in ("mse", "mse_of_mean", "ssim", "psnr", "blur_ratio", "lesion_contrast")
    }
    figures = ", ".join(f"{name} {values.mean():.4g}" for name, values in means.items() if len(values))
    seconds = sum(one.seconds for one in record.measured)
    return f"{len(record.scans())} scans, {seconds:.0f} s of training: {figures}"


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
