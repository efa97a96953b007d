"""Measure the memory that `brainlab evaluate` takes, for images of any side and any number of samples.

    python -m benchmarks.models.evaluation_memory [--side 64] [--n 1000] [--scans 60] [--dims 3]

A VAE is trained for one epoch on images of noise in a scratch folder, and then measured by the command itself, whose
peak resident set is printed beside the target of 2 GiB and beside the images that a plain array would hold.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from brainlab.cohort.prepared import PreparedDataset, write_prepared
from brainlab.experiments.training import train
from brainlab.experiments.training_plan import Machine
from brainlab.generators.vae import VAEConfig
from brainlab.methods.method import Schedule
from brainlab.types import Float32Array

TARGET_GIB = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of an evaluation.")
    parser.add_argument("--side", type=int, default=64, help="voxels along each side (default 64)")
    parser.add_argument("--n", type=int, default=1000, help="samples (default 1000)")
    parser.add_argument("--scans", type=int, default=60, help="scans of the cohort, 24 of them to train on")
    parser.add_argument("--dims", type=int, choices=(2, 3), default=3, help="slices or volumes (default 3)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shape = (args.side,) * args.dims
        data = cohort(folder / "cohort", shape, args.scans)
        config = VAEConfig(sample_shape=(1, *shape), dense_width=64)
        schedule = Schedule(epochs=1, batch_size=4)
        preset = "vae-8"
        train(preset, data, folder / "run", config=config, schedule=schedule, machine=Machine(device="cpu"))
        seconds, gib = measured(folder, ["--n", str(args.n), "--seed", "0", "--device", "cpu"])
    images = 4 * args.n * args.side**args.dims / 2**30
    print(f"{args.n} images of {'x'.join(map(str, shape))}, {args.scans} scans: {gib:.2f} GiB resident at the most,")
    print(f"{seconds:.0f} s; target {TARGET_GIB} GiB; the images alone are {images:.2f} GiB in float32")


def cohort(folder: Path, shape: tuple[int, ...], scans: int) -> PreparedDataset:
    """Write blocks of noise of 4 voxels a side, one a person."""
    people = [f"p{number:05d}" for number in range(scans)]
    split = ["train" if number < 24 else "test" for number in range(scans)]
    table = pd.DataFrame({"participant": people, "class": "healthy", "split": split})
    recipe = {"name": "noise", "shape": list(shape), "affine": np.eye(4).tolist(), "simulated": True}
    return write_prepared(folder, noise(shape, scans), table, recipe)


def noise(shape: tuple[int, ...], count: int) -> Iterator[Float32Array]:
    random = np.random.default_rng(0)
    for _ in range(count):
        coarse = random.random([side // 4 for side in shape], dtype=np.float32)
        fine = np.kron(coarse, np.ones((4,) * len(shape), np.float32))
        yield np.clip(fine + random.normal(0, 0.05, shape), 0, 1).astype(np.float32)


def measured(folder: Path, flags: list[str]) -> tuple[float, float]:
    """Run the command; return its seconds and its peak resident set in GiB."""
    words = [sys.executable, "-m", "brainlab", "evaluate", str(folder / "run"), "--data", str(folder / "cohort")]
    start = time.monotonic()
    with (folder / "said.txt").open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [*words, *flags], stdout=said, env={**os.environ, "BRAINLAB_WORKSPACE": str(folder / "workspace")}
        )
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"brainlab evaluate ended with status {status}")
    print((folder / "said.txt").read_text(encoding="utf-8"))
    return time.monotonic() - start, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
