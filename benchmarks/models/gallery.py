"""Draw the first samples of each run, none left out, beside as many held-out scans: 24 volumes, or 64 slices.

    python -m benchmarks.models.gallery PREPARED_UNSEEN [--runs RUN ...] [--out FOLDER]

Each picture has samples on the left and scans on the right of a white line, volumes in three planes. Prints, for 200
samples and at most 200 scans, what a glance at 24 may miss: the median and the 5th to 95th percentile of each image's
sharpness, and the share of voxels at full scale (prepared scans are cut at their 99.5th percentile, which becomes 1).
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import evenly
from brainlab.images.grid import Grid
from brainlab.images.laplacian import laplacian_variance
from brainlab.images.pictures import enlarged, mosaic, to_bytes
from brainlab.runs.run import load_run
from brainlab.types import Float32Array, UInt8Array
from brainlab.workspace import MODELS, PROJECT

MEASURED, SEED = 200, 0
SHOWN, COLUMNS = {3: 24, 2: 64}, {3: 4, 2: 8}
"""By the sides of an image; a column holds the three planes of a volume."""
COARSE, ZOOM = 48, 2
"""Images of at most so many voxels a side are enlarged so many times, and kept without loss."""
QUALITY = 80
"""Of pictures of finer images, which are many times as large."""
FULL_SCALE = 0.995


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the first samples of each run beside held-out scans.")
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--runs", type=Path, nargs="+", help="run folders; all of models/ by default")
    parser.add_argument("--out", type=Path, help="default: docs/figures/flair, or slices")
    args = parser.parse_args()
    unseen = PreparedDataset.open(args.unseen)
    sides = len(unseen.shape)
    zoom = ZOOM if max(unseen.shape) <= COARSE else 1
    out = args.out or PROJECT / "docs" / "figures" / ("flair" if sides == 3 else "slices")
    rows = evenly(len(unseen), MEASURED)
    scans = unseen.batch(rows)[:, 0]
    describe("scans", scans)
    # Evenly among the measured ones, so that all classes are shown.
    beside = block(scans[evenly(len(scans), SHOWN[sides])], unseen.grid)
    for folder in args.runs or sorted(path.parent for path in MODELS.glob("*/weights.safetensors")):
        run = load_run(folder)
        if not run.fits(unseen):
            continue
        _, images = run.sample(MEASURED, SEED)
        describe(run.name, images)
        ours = block(images[: SHOWN[sides]], run.grid)
        between = np.full((len(ours), 4), 255, np.uint8)
        picture = enlarged(np.hstack([ours, between, beside]), zoom, Image.Resampling.BICUBIC)
        out.mkdir(parents=True, exist_ok=True)
        if zoom > 1:
            picture.save(out / f"gallery-{run.name}.png", optimize=True)
        else:
            picture.save(out / f"gallery-{run.name}.webp", quality=QUALITY, method=6)


def block(images: Float32Array, grid: Grid) -> UInt8Array:
    """Return images in rows, volumes in three planes: [rows, columns]."""
    tiles = [mosaic([to_bytes(image)], grid, stacked=False) for image in images]
    columns = COLUMNS[len(grid.shape)]
    lines = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(lines)


def describe(name: str, images: Float32Array) -> None:
    """Print how sharpness spreads over images, and how much of each is at full scale."""
    low, middle, high = np.percentile(laplacian_variance(images), [5, 50, 95])
    full = (images > FULL_SCALE).reshape(len(images), -1).mean(axis=1)
    print(
        f"{name}: sharpness {middle:.4g} ({low:.4g} to {high:.4g}); at full scale {np.median(full):.1%}, "
        f"at most {full.max():.1%}"
    )


if __name__ == "__main__":
    main()
