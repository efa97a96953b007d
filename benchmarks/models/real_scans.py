"""Do runs trained on simulated people reconstruct real scans, and are lesions kept?

    python -m benchmarks.models.real_scans PREPARED_REAL PREPARED_UNSEEN [--runs RUN ...] [--out PNG]

Both cohorts by recipe flair-40. Prints for each run, of the real and of the simulated scans: the squared error, and how
much of the lesions the reconstructions keep: voxels of the template's white matter that are brighter than its median by
over a quarter, and by how much they still are, as a share. The picture has the real scans above what each run makes of
them.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.cohort.checks.realism import regions
from brainlab.cohort.prepared import PreparedDataset
from brainlab.images.pictures import enlarged, mosaic, to_bytes
from brainlab.runs.encodings import encode_dataset
from brainlab.runs.run import load_run
from brainlab.types import Float32Array
from brainlab.workspace import MODELS

BRIGHT = 1.25
ZOOM = 3


def main() -> None:
    parser = argparse.ArgumentParser(description="Reconstruct real scans by runs trained on simulated ones.")
    parser.add_argument("real", type=Path)
    parser.add_argument("unseen", type=Path)
    parser.add_argument("--runs", type=Path, nargs="+", help="run folders; all of models/ by default")
    parser.add_argument("--out", type=Path, help="also draw the real scans and their reconstructions")
    args = parser.parse_args()
    cohorts = {"real": PreparedDataset.open(args.real), "simulated": PreparedDataset.open(args.unseen)}
    real = cohorts["real"]
    rows = [real.batch(real.indices())[:, 0]]
    for folder in args.runs or sorted(path.parent for path in MODELS.glob("*/weights.safetensors")):
        run = load_run(folder)
        for name, data in cohorts.items():
            scans = data.batch(data.indices())[:, 0]
            made = run.decode(encode_dataset(run, data).mean)
            if name == "real":
                rows.append(made)
            error = float(np.mean((made - scans) ** 2))
            print(
                f"{run.name}, {len(scans)} {name} scans: squared error {error:.5f}, {kept(scans, made):.0%} of lesions"
            )
    if args.out:
        pictures = [mosaic([to_bytes(image) for image in images], real.grid, stacked=True) for images in rows]
        enlarged(np.vstack(pictures), ZOOM, Image.Resampling.BICUBIC).save(args.out)


def kept(scans: Float32Array, made: Float32Array) -> float:
    """Return how much of the brightness of bright white-matter voxels above its median is left: [n, *shape] twice."""
    white = regions().white
    above = [images[:, white] - np.median(images[:, white], axis=1, keepdims=True) for images in (scans, made)]
    bright = scans[:, white] > BRIGHT * np.median(scans[:, white], axis=1, keepdims=True)
    return float(above[1][bright].sum() / above[0][bright].sum())


if __name__ == "__main__":
    main()
