"""Draw the first 24 samples of each run, none left out, beside 24 held-out scans.

    python -m benchmarks.models.gallery PREPARED_UNSEEN [--runs RUN ...] [--out FOLDER]

Each picture has samples on the left and scans on the right of a white line, in three planes. Prints, for 200 samples
and 200 scans, what a glance at 24 may miss: the median and the 5th to 95th percentile of each image's sharpness, and
the volume at full scale (prepared scans are cut at their 99.5th percentile, which becomes 1).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.cohort.prepared import PreparedDataset
from brainlab.grid import Grid
from brainlab.laplacian import laplacian_variance
from brainlab.pictures import enlarged, mosaic, to_bytes
from brainlab.runs.run import load_run
from brainlab.types import Float32Array, UInt8Array
from brainlab.workspace import MODELS, PROJECT

SHOWN, MEASURED, SEED = 24, 200, 0
COLUMNS = 4
"""Of three planes each."""
ZOOM = 2
FULL_SCALE = 0.995


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the first samples of each run beside held-out scans.")
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--runs", type=Path, nargs="+", help="run folders; all of models/ by default")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "figures" / "flair")
    args = parser.parse_args()
    unseen = PreparedDataset.open(args.unseen)
    rows = np.linspace(0, len(unseen) - 1, MEASURED).astype(int)
    scans = unseen.batch(rows)[:, 0]
    describe("scans", scans, unseen.grid)
    # Evenly among the measured ones, so that all classes are shown.
    beside = block(scans[np.linspace(0, MEASURED - 1, SHOWN).astype(int)], unseen.grid)
    for folder in args.runs or sorted(path.parent for path in MODELS.glob("*/weights.safetensors")):
        run = load_run(folder)
        _, images = run.sample(MEASURED, SEED)
        describe(run.name, images, run.grid)
        ours = block(images[:SHOWN], run.grid)
        between = np.full((len(ours), 4), 255, np.uint8)
        picture = enlarged(np.hstack([ours, between, beside]), ZOOM, Image.Resampling.BICUBIC)
        args.out.mkdir(parents=True, exist_ok=True)
        picture.save(args.out / f"gallery-{run.name}.png", optimize=True)


def block(images: Float32Array, grid: Grid) -> UInt8Array:
    """Return images as rows of COLUMNS, each in three planes: [rows, columns]."""
    tiles = [mosaic([to_bytes(image)], grid, stacked=False) for image in images]
    lines = [np.hstack(tiles[start : start + COLUMNS]) for start in range(0, len(tiles), COLUMNS)]
    return np.vstack(lines)


def describe(name: str, images: Float32Array, grid: Grid) -> None:
    """Print how sharpness spreads over images, and how much of each is at full scale."""
    low, middle, high = np.percentile(laplacian_variance(images), [5, 50, 95])
    full = (images > FULL_SCALE).reshape(len(images), -1).sum(axis=1) * np.prod(grid.spacing_mm) / 1000
    print(
        f"{name}: sharpness {middle:.4g} ({low:.4g} to {high:.4g}); at full scale {np.median(full):.1f} ml, "
        f"at most {full.max():.1f}"
    )


if __name__ == "__main__":
    main()
