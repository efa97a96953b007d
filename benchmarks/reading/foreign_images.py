"""Does the way in which other people's images were saved give them away, before and after they are made alike?

    python -m benchmarks.reading.foreign_images [--cohort FOLDER] [--run FOLDER] [--n 200] [--size 80] [--out FOLDER]

Slices of half of a cohort's people are the real images. Beside them are, as foreign files of ten kinds and four sizes
(`foreign_files`), slices of the other half (`same`: nothing but the files can tell them from the first) and samples of
a run (`run`); also all of them as JPEG. Each set is read as a study reads it and goes to the screen in four ways:

- `as they came`: each image as it is, if need be stretched to [0, 1] from its lowest to its highest value;
- `by hand`: the same, resized to the real images' size by a linear filter, as anybody would do it;
- `alike`: by a harmonisation; `alike, JPEG`: by one that saves all as JPEG first.

Printed is what the lock's probe finds, the area under its ROC curve and the features that it names, and what a forest
finds that sees nothing but the power spectrum of the final pixels, as blur would show: of `same`, .5 is blind. Of `run`
the spectrum is the model's own doing. `--out` writes sheets of images before and after.

Of 128 pixels a side, `--size 96` is too fine for the smallest brains: what others lost by enlarging shows in the
spectrum (.80 of `same`). At 80 it does not (.54).
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from benchmarks.reading.foreign_files import KINDS, write_foreign
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.studies.folder_supply import FolderSupply
from brainlab.experiments.studies.lock_checks import power_of
from brainlab.experiments.studies.ready_images import final_pixels, probed, ready_image
from brainlab.experiments.studies.stimuli import Stimulus, sample_noise
from brainlab.reading.images.blinding_check import probe
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.harmonisation import Harmonisation
from brainlab.runs.run import load_run
from brainlab.types import Float32Array, UInt8Array
from brainlab.workspace import PROJECT

SALT = b"foreign images, measured again.."
JPEG_QUALITY = 75
TILES = 10
"""Images a row of a sheet."""


def slices_of_halves(data: PreparedDataset, n: int) -> tuple[Float32Array, Float32Array]:
    """Return up to `n` axial slices each of one half of a cohort's people and of the other: [n, rows, columns]."""
    people = data.scans["participant"].to_numpy(dtype=str)
    drawn = np.random.default_rng(0).permutation(np.unique(people))
    found = []
    for half in (drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]):
        rows = np.random.default_rng(1).permutation(np.flatnonzero(np.isin(people, half)))[:n]
        found.append(np.stack([data.grid.view(image, "axial") for image in data.batch(rows)[:, 0]]))
    return found[0], found[1]


def samples_of(folder: Path, n: int) -> Float32Array:
    """Return `n` axial slices that a run draws: [n, rows, columns]."""
    run = load_run(folder)
    codes = np.stack([run.draw_code(sample_noise(number, SALT)) for number in range(n)])
    return np.stack([run.grid.view(image, "axial") for image in run.decode(codes)])


def protocol_of(policy: Harmonisation | None) -> tuple[Protocol, Source]:
    """Return a study's protocol, and a source in it."""
    source = Source(kind="folder", name=".", n=1, label="fake")
    values = {"title": "Foreign", "sources": (source,), "readers": (Reader(code="A"),), "seed": 0}
    return Protocol(harmonisation=policy, **values), source


def read(folder: Path, n: int) -> list[Stimulus]:
    """Read a folder's images as a study does."""
    protocol, source = protocol_of(Harmonisation())
    return FolderSupply(dataclasses.replace(source, name=str(folder)), protocol).draw(n, SALT)


def resized(stimulus: Stimulus, side: int) -> Stimulus:
    """Return an image with sides of `side` pixels, as a linear filter of a picture editor makes it."""
    picture = Image.fromarray(stimulus.image).resize((side, side), Image.Resampling.BILINEAR)
    return dataclasses.replace(stimulus, image=np.clip(np.asarray(picture), 0, 1), voxel_size_mm=None)


def on_screen(stimuli: list[Stimulus], policy: Harmonisation | None) -> tuple[list[UInt8Array], np.ndarray, np.ndarray]:
    """Return the final pixels of images, the probe's features [n, features], and their power spectra [n, bins]."""
    protocol, source = protocol_of(policy)
    ready = [ready_image(stimulus, protocol, source) for stimulus in stimuli]
    pixels = [final_pixels(one, protocol, source, None)[0] for one in ready]
    features = [
        probed(stimulus, one, shown, protocol)[0] for stimulus, one, shown in zip(stimuli, ready, pixels, strict=True)
    ]
    # Of pictures of several sizes the bins differ in number; each is judged by as many as the fewest have.
    power = [np.log(power_of(np.rint(one.image * 255).astype(np.uint8)) + 1e-9) for one in ready]
    fewest = min(map(len, power))
    return pixels, np.array(features), np.array([each[:fewest] for each in power])


def area(real: np.ndarray, fake: np.ndarray) -> float:
    """Return how well a forest tells spectra apart: the area under the ROC curve, cross-validated."""
    bins = min(real.shape[1], fake.shape[1])
    labels = np.repeat([0, 1], [len(real), len(fake)])
    forest = RandomForestClassifier(200, min_samples_leaf=5, random_state=0)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    both = np.concatenate([real[:, :bins], fake[:, :bins]])
    return float(roc_auc_score(labels, cross_val_predict(forest, both, labels, cv=folds, method="predict_proba")[:, 1]))


def sheet(*rows: list[UInt8Array]) -> Image.Image:
    """Return a sheet of images, TILES a row, all at one size."""
    tile = 160
    lines = []
    for images in rows:
        tiles = [np.asarray(Image.fromarray(image).resize((tile, tile))) for image in images[: 2 * TILES]]
        lines += [np.concatenate(tiles[first : first + TILES], axis=1) for first in range(0, len(tiles), TILES)]
    return Image.fromarray(np.concatenate(lines))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, default=PROJECT / "data" / "default" / "cohorts" / "simulated-dwi")
    parser.add_argument("--run", type=Path, default=PROJECT / "models" / "dwi-stylegan-small")
    parser.add_argument("--n", type=int, default=200, help="images of each kind, at most")
    parser.add_argument("--size", type=int, default=80, help="pixels a side where all are made alike")
    parser.add_argument("--out", type=Path, help="folder for sheets of images")
    args = parser.parse_args()
    ours, others = slices_of_halves(PreparedDataset.open(args.cohort), args.n)
    n = len(ours)
    sets = {"same": others[:n], "run": samples_of(args.run, n)}
    real = [Stimulus(image, None) for image in ours]
    alike = Harmonisation(size=args.size)
    ways: dict[str, Harmonisation | None] = {
        "as they came": None,
        "by hand": None,
        "alike": alike,
        "alike, JPEG": dataclasses.replace(alike, reencode_jpeg=JPEG_QUALITY),
    }
    print(f"{n} real slices of {ours.shape[1]} x {ours.shape[2]}; made alike at {args.size} pixels")
    print(f"{'images':<8}{'files':<12}{'way':<15}{'probe':>6}{'spectrum':>10}  named")
    with tempfile.TemporaryDirectory() as scratch:
        for name, images in sets.items():
            for files, kinds in (("ten kinds", KINDS), ("JPEG", ("jpg",)), ("PNG", ("png",))):
                folder = Path(scratch) / name / files
                write_foreign(folder, images, kinds, quality=JPEG_QUALITY)
                theirs = read(folder, len(images))
                shown = {}
                for way, policy in ways.items():
                    fit = (lambda one: resized(one, ours.shape[1])) if way == "by hand" else (lambda one: one)
                    mine, other = on_screen(list(map(fit, real)), policy), on_screen(list(map(fit, theirs)), policy)
                    found = probe(mine[1], other[1])
                    spectrum = area(mine[2], other[2])
                    named = ", ".join(found.suspects) or "-"
                    print(f"{name:<8}{files:<12}{way:<15}{found.auc:>6.2f}{spectrum:>10.2f}  {named}", flush=True)
                    shown[way] = (mine[0], other[0])
                if args.out:
                    args.out.mkdir(parents=True, exist_ok=True)
                    for way in ("as they came", "alike"):
                        sheet(*shown[way]).save(args.out / f"{name}-{files}-{way}.png".replace(" ", "-"))


if __name__ == "__main__":
    main()
