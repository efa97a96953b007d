"""Time and memory of the DWI paper's diversity figures at its size: 1,000 samples beside 52,754 slices of 128x128.

    python -m benchmarks.models.diversity_of_slices [--samples 1000] [--slices 52754] [--data PREPARED]

Dataset similarity, intra-sample diversity, its minimum and the nearest training slice of each sample (equations 11 to
13) are computed on slices of smooth noise, or of a prepared dataset, that lie on disk. Beside each stands what two
plain loops over a few images give: they agree to 1e-6. The targets are 5 minutes and 4 GiB.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import Images
from brainlab.evaluation.metrics.diversity import dataset_similarity, intra_sample_diversity, minimum_diversity
from brainlab.evaluation.neighbours import nearest
from brainlab.experiments.evaluation.images_on_disk import MappedImages, scans
from brainlab.types import FloatArray

SIDE = 128
MADE_AT_ONCE = 512
TARGET_S, TARGET_GIB = 300.0, 4.0


def noise_on_disk(path: Path, count: int, seed: int) -> Images:
    """Write slices of smooth noise as bytes, and return them as float32 in [0, 1]."""
    random = np.random.default_rng(seed)
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE))
    for start in range(0, count, MADE_AT_ONCE):
        part = array[start : start + MADE_AT_ONCE]
        rough = random.standard_normal(part.shape, dtype=np.float32)
        part[:] = np.clip(128 + 400 * gaussian_filter(rough, (0, 3, 3)), 0, 255).astype(np.uint8)
    array.flush()
    return MappedImages(array, lambda rows: np.asarray(array[rows], dtype=np.float32) / np.float32(255))


def oracle(name: str, images: FloatArray, others: FloatArray) -> list[float]:
    """Return the figure of each image by two loops over single images."""

    def difference(a: FloatArray, b: FloatArray) -> float:
        return float(((a - b) ** 2).mean())

    if name == "dataset similarity":
        return [float(np.mean([difference(a, b) for b in others])) for a in images]
    if name == "nearest training slice":
        return [min(difference(a, b) for b in others) for a in images]
    pairs = [[difference(a, b) for j, b in enumerate(images) if j != i] for i, a in enumerate(images)]
    return [float(np.mean(row)) if name == "diversity" else min(row) for row in pairs]


FIGURES: dict[str, Callable[[Images, Images], FloatArray]] = {
    "dataset similarity": dataset_similarity,
    "diversity": lambda images, _: intra_sample_diversity(images),
    "minimum diversity": lambda images, _: minimum_diversity(images),
    "nearest training slice": lambda images, others: nearest(images, others).distances[:, 0],
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the diversity figures of slices.")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--slices", type=int, default=52_754)
    parser.add_argument("--data", type=Path, help="a prepared dataset of slices to compare with, in place of noise")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        samples = noise_on_disk(Path(scratch) / "samples.npy", args.samples, 0)
        if args.data:
            dataset = PreparedDataset.open(args.data)
            others: Images = scans(dataset, np.arange(min(args.slices, len(dataset))))
        else:
            others = noise_on_disk(Path(scratch) / "slices.npy", args.slices, 1)
        few, some = samples[np.arange(12)].astype(np.float64), others[np.arange(30)].astype(np.float64)
        total = 0.0
        for name, figure in FIGURES.items():
            gap = np.abs(figure(few.astype(np.float32), some.astype(np.float32)) - oracle(name, few, some)).max()
            started = time.perf_counter()
            value = float(figure(samples, others).mean())
            total += (seconds := time.perf_counter() - started)
            print(f"{name:24} {value:.6f}  {seconds:6.1f} s  from two loops at most {gap:.1e}", flush=True)
            if gap > 1e-6:
                raise SystemExit(f"{name}: differs from two plain loops by {gap:.1e}")
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(samples)} samples, {len(others)} slices: {total:.0f} s of {TARGET_S:.0f}, {gib:.2f} of {TARGET_GIB} GiB"
    )


if __name__ == "__main__":
    main()
