"""What eight bits for each weight of a large dense layer, and sixteen for any other, save a run and cost it.

    python -m benchmarks.models.pack_weights RUN OUT

Writes a copy of the run with packed weights to OUT and tells the room it takes, and how far 64 samples of the same
codes, and their reconstructions where it makes any, move from those of the original.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from brainlab.runs.files import WEIGHTS
from brainlab.runs.packed_weights import pack
from brainlab.runs.run import load_run
from brainlab.types import Float32Array

SAMPLES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description="Copy a run with the weights of its large dense layers packed.")
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path, help="folder of the copy, which must not exist yet")
    args = parser.parse_args()
    source, packed = args.run, args.out
    shutil.copytree(source, packed)
    state = load_file(source / WEIGHTS)
    halves = {name: value.half() if value.dtype == torch.float32 else value for name, value in state.items()}
    save_file(pack(halves), packed / WEIGHTS)
    before, after = ((folder / WEIGHTS).stat().st_size / 1e6 for folder in (source, packed))
    print(f"{source.name}: {before:.1f} MB of weights, packed {after:.1f} MB")
    runs = load_run(source), load_run(packed)
    samples, others = (run.sample(SAMPLES, seed=1)[1] for run in runs)
    tell("samples", samples, others)
    if runs[0].can("reconstruct"):
        images = samples.reshape(-1, *runs[0].outline.sample_shape)
        tell("reconstructions", *(run.decode(run.encode(images)[0]) for run in runs))


def tell(what: str, before: Float32Array, after: Float32Array) -> None:
    moved, spread, most = np.square(before - after).mean(), before.var(0).mean(), np.abs(before - after).max()
    print(f"{what}: squared difference {moved:.1e} of a variance of {spread:.1e}, at most {most:.3f}")


if __name__ == "__main__":
    main()
